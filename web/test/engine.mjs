// A real engine for the scripts that drive a browser: the demo, on free ports, in a folder that is gone at the end.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const EMAIL = 'ada@example.com';
const PASSWORD = 'a password for one show';
const START_MS = 30_000;

/** Starts `binary demo` and signs in. `api(method, path, body)` asks its API. */
export async function startEngine(binary, environment = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'gostream-pages-'));
  const listen = Object.fromEntries(['HTTP', 'RTMP', 'METRICS', 'PRACTICE'].map((name) => [`GOSTREAM_${name}__LISTEN`, '127.0.0.1:0']));
  const child = spawn(resolve(binary), ['demo'], {
    env: {
      ...process.env, ...listen, GOSTREAM_DATA_DIR: join(folder, 'data'), GOSTREAM_LOG__LEVEL: 'warn', GOSTREAM_ADMIN_EMAIL: EMAIL, GOSTREAM_ADMIN_PASSWORD: PASSWORD,
      ...environment,
    },
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const over = new Promise((done) => child.once('exit', done));
  const stop = async () => {
    child.kill();
    await over;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const told = await banner(child);
    const origin = new URL(told('Web')).origin;
    const rtmp = { server: told('Server'), key: told('Stream key') };
    const cookie = await signIn(origin);
    const api = async (method, path, body) => {
      const headers = { Cookie: cookie, Origin: origin, ...(body && { 'Content-Type': 'application/json' }) };
      const answer = await fetch(`${origin}/api/v1${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return text ? JSON.parse(text) : null;
    };
    return { origin, rtmp, cookie, api, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What it prints when it is up: a word, and what stands behind it. */
async function banner(child) {
  let text = '';
  const find = (label) => new RegExp(`^ *${label} +(\\S+)`, 'm').exec(text)?.[1];
  await new Promise((done, fail) => {
    setTimeout(() => fail(new Error(`the engine did not start: ${text}`)), START_MS).unref();
    child.once('exit', (code) => fail(new Error(`the engine ended with ${code}: ${text}`)));
    child.stdout.on('data', (more) => {
      text += more;
      if (find('Stream key')) done();
    });
  });
  return (label) => find(label) ?? '';
}

async function signIn(origin) {
  const headers = { 'Content-Type': 'application/json', Origin: origin };
  const answer = await fetch(`${origin}/api/v1/session`, { method: 'POST', headers, body: JSON.stringify({ email: EMAIL, password: PASSWORD }) });
  if (answer.status !== 201) throw new Error(`signing in: ${answer.status}`);
  return answer.headers.getSetCookie()[0].split(';')[0];
}
