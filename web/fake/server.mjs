// Serves the built pages as the engine does (nonce, policy), over the made-up API. For pictures and for working on the
// pages without an engine: `node fake/server.mjs [PORT]`, or with `vite` in front (`npm run dev`). ENGINE=http://… lends a
// real engine's pictures for /hls.
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answer, onTell, putInside, putOutside, second } from './api.mjs';
import * as world from './world.mjs';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.txt': 'text/plain' };
const listeners = new Set();
const streams = new Set();

function policy(nonce) {
  return `default-src 'self'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; connect-src 'self'; media-src 'self' blob:; worker-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'`;
}

let serial = 1;
onTell((type, project, data) => {
  const event = { id: `evt_live${serial++}`, type, time: new Date().toISOString(), project_id: project?.id ?? null, stream_id: project?.live.broadcast_id ?? null, data };
  if (project) world.events.unshift(event);
  for (const send of listeners) send(event.id, type, event);
});

setInterval(() => {
  for (const one of world.projects.filter((each) => each.live.state === 'live')) {
    const stats = second(one);
    for (const send of listeners) send(null, 'stats', stats);
  }
}, 1000).unref();

function events(request, response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write(`id: evt_live${serial - 1}\nretry: 2000\n: hello\n\n`);
  const send = (id, type, data) => response.write(`${id ? `id: ${id}\n` : ''}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
  listeners.add(send);
  streams.add(response);
  const beat = setInterval(() => response.write(': here\n\n'), 15_000);
  request.on('close', () => {
    clearInterval(beat);
    listeners.delete(send);
    streams.delete(response);
  });
}

let silent = false;

/** Ends every event stream, and refuses new ones until it is over. */
function silence(over, response) {
  silent = !over;
  response.end();
  if (silent) for (const each of streams) each.destroy();
}

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return text ? JSON.parse(text) : null;
}

async function file(path, response) {
  const name = normalize(join(dist, path));
  if (!name.startsWith(dist)) return response.writeHead(404).end();
  try {
    const bytes = await readFile(name);
    response.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream' }).end(bytes);
  } catch {
    response.writeHead(404).end();
  }
}

async function page(name, response) {
  const nonce = randomBytes(16).toString('base64');
  const text = (await readFile(join(dist, name), 'utf8')).replace('__CSP_NONCE__', nonce).replace('<!-- early -->', '');
  response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Security-Policy': policy(nonce) }).end(text);
}

async function lend(url, response) {
  const answered = await fetch(new URL(url.pathname + url.search, process.env.ENGINE)).catch(() => null);
  if (!answered) return response.writeHead(502).end();
  response.writeHead(answered.status, { 'Content-Type': answered.headers.get('content-type') ?? '' });
  response.end(Buffer.from(await answered.arrayBuffer()));
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://fake');
  const { pathname } = url;
  if (pathname === '/fake/outside') return putOutside(url.searchParams.has('setup')), response.end();
  if (pathname === '/fake/inside') return (silent = false), putInside(), response.end();
  if (pathname === '/fake/listeners') return response.end(String(listeners.size));
  if (pathname === '/fake/silence') return silence(url.searchParams.has('over'), response);
  if (pathname === '/api/v1/events/stream') return silent ? response.writeHead(503).end() : events(request, response);
  if (pathname.startsWith('/api/v1/')) {
    const [status, value] = answer(request.method, pathname.slice('/api/v1'.length), url.searchParams, await body(request));
    const type = status < 400 ? 'application/json' : 'application/problem+json';
    return response.writeHead(status, { 'Content-Type': type }).end(value === null ? undefined : JSON.stringify(value));
  }
  if (pathname.startsWith('/hls/')) return process.env.ENGINE ? lend(url, response) : response.writeHead(404).end();
  if (pathname.startsWith('/assets/')) return file(pathname, response);
  return page(pathname.startsWith('/watch/') ? 'watch.html' : 'index.html', response);
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
