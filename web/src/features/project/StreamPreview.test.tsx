import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { project, show } from '@/test/make';
import { serve } from '@/test/server';
import { playlist, StreamPreview } from './StreamPreview';

const playback = { playback_id: 'friday', hls_url: '/hls/friday/index.m3u8', watch_url: '', rtmp_url: '', ready: true, token_required: false, token: null, token_expires_at: null };

it('mounts a player only when the server says that it plays', async () => {
  const { asked } = serve({ 'GET /api/v1/projects/prj_1/playback': { ...playback, ready: false } });
  show(<StreamPreview project={project({}, { state: 'starting' })} />);
  expect(await screen.findByText('Waiting for its first keyframe.')).toBeInTheDocument();
  expect(screen.queryByLabelText('Live preview')).not.toBeInTheDocument();
  expect(asked.some(({ path }) => path.startsWith('/hls/'))).toBe(false);
});

it('shows the picture and its figures', async () => {
  serve({ 'GET /api/v1/projects/prj_1/playback': playback, 'GET /hls/friday/index.m3u8': new Response('', { status: 404 }) });
  show(<StreamPreview project={project()} />);
  expect(await screen.findByLabelText('Live preview')).toBeInTheDocument();
  for (const figure of ['Latency', 'Buffer', 'Dropped', 'Level', 'Retries']) expect(screen.getByText(figure)).toBeInTheDocument();
});

it('plays from the host of this page, with its token in the path', () => {
  expect(playlist({ ...playback, hls_url: 'https://cdn.example/hls/friday/index.m3u8' })).toBe('/hls/friday/index.m3u8');
  expect(playlist({ ...playback, token: '1-a' })).toBe('/hls/friday/1-a/index.m3u8');
  expect(playlist({ ...playback, token: '1-a', hls_url: '/hls/friday/1-a/index.m3u8' })).toBe('/hls/friday/1-a/index.m3u8');
});
