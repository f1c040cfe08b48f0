// The pages as they are written, over the made-up API: `node fake/server.mjs 4310 & npm run dev`.
import { mergeConfig } from 'vite';
import base from '../vite.config';

const origin = process.env.API ?? 'http://127.0.0.1:4310';

export default mergeConfig(base, { server: { proxy: { '/api': origin, '/hls': origin } } });
