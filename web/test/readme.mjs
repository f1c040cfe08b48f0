// The pictures of the README, from a show that is one: an engine, FFmpeg as its encoder, and destinations on this machine, of
// which one refuses its key and one is not there. usage: node test/readme.mjs BINARY [FOLDER]   It takes two minutes.
import { execFile, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { contextOf, launch } from './browse.mjs';
import { startEngine } from './engine.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const [binary = join(root, 'target', 'release', 'gostream'), folder = join(root, 'docs')] = process.argv.slice(2);
/** What a desktop shows, in a picture of 1200 pixels. */
const DESKTOP = { width: 1440, height: 1470 };
const DESKTOP_SCALE = 1200 / 1440;
const SHOW = 'Friday Night Live';
const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

/** An encoder at work: large areas of few colours, so that the pictures stay small files. */
function encode(url, seconds = 600) {
  const title = `drawtext=text='${SHOW}':fontcolor=white:fontsize=76:x=(w-tw)/2:y=(h-th)/2`;
  const beam = "drawbox=x='mod(t*60,1280)':y=0:w=180:h=ih:color=0xffb454@0.85:t=fill";
  const child = spawn(
    'ffmpeg',
    [
      '-hide_banner', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', `color=c=0x2b1b6b:s=1280x720:r=30,${beam},${title}`, '-f', 'lavfi', '-i', 'sine=frequency=220:sample_rate=48000',
      '-t', `${seconds}`, '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '60', '-b:v', '3000k', '-minrate', '3000k', '-maxrate', '3000k', '-bufsize', '1500k',
      '-x264-params', 'nal-hrd=cbr', '-c:a', 'aac', '-b:a', '160k', '-ac', '2', '-f', 'flv', url,
    ],
    { stdio: ['ignore', 'ignore', 'ignore'] },
  );
  const over = new Promise((done) => child.once('exit', done));
  return { over, drop: () => (child.kill('SIGKILL'), over) };
}

/** Two projects of another engine that take what is sent to them. */
async function elsewhere(other) {
  const [{ id }] = (await other.api('GET', '/projects')).items;
  await other.api('DELETE', `/projects/${id}/test-pattern`);
  const more = await other.api('POST', '/projects', { name: 'Recorder' });
  const { key } = await other.api('POST', `/projects/${more.id}/stream-keys`, { name: 'Main' });
  return [other.rtmp.key, key];
}

async function show(engine, other) {
  const [one, two] = await elsewhere(other);
  const { id, playback_id } = await engine.api('POST', '/projects', { name: SHOW });
  const { key } = await engine.api('POST', `/projects/${id}/stream-keys`, { name: 'Main' });
  const to = (name, stream_key, more) => engine.api('POST', `/projects/${id}/destinations`, { name, url: other.rtmp.server, stream_key, ...more });
  await to('Main hall screen', one);
  await to('Recorder', two);
  await to('Partner in Oslo', 'not-yet', { url: 'rtmp://127.0.0.2:9/live' });
  await to('Guest channel', 'the-key-of-last-week');
  await to('Rehearsal room', 'rehearsal', { enabled: false });
  return { id, playback_id, publish: `${engine.rtmp.server}/${key}` };
}

async function picture(browser, engine, name, path, viewport, scale, until) {
  const context = await contextOf(browser, 'dark', viewport, scale);
  const [cookie, value] = engine.cookie.split('=');
  await context.addCookies([{ name: cookie, value, url: engine.origin }]);
  const page = await context.newPage();
  await page.goto(engine.origin + path);
  await until(page);
  const whole = join(tmpdir(), `gostream-${name}-${process.pid}.png`);
  await page.screenshot({ path: whole, clip: { x: 0, y: 0, ...viewport } });
  await context.close();
  // A palette of its own makes a picture of flat colours a third as large.
  const palette = 'split[a][b];[a]palettegen=max_colors=255:stats_mode=single[p];[b][p]paletteuse=dither=none';
  await promisify(execFile)('ffmpeg', ['-y', '-loglevel', 'error', '-i', whole, '-vf', palette, '-pix_fmt', 'pal8', '-compression_level', '9', join(folder, `${name}.png`)]);
  await rm(whole);
}

const plays = async (page) => {
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0 && document.querySelector('video')?.readyState >= 3);
  // The small curves of the destinations begin when the page is opened.
  await wait(25);
};

const engine = await startEngine(binary);
const other = await startEngine(binary);
const browser = await launch();
try {
  const { id, publish } = await show(engine, other);
  // The demo's own pattern has done its part: what is on the air here is the show alone.
  for (const each of (await engine.api('GET', '/projects')).items) if (each.live.test_pattern) await engine.api('DELETE', `/projects/${each.id}/test-pattern`);
  const first = encode(publish);
  await wait(45);
  await first.drop();
  await wait(3);
  const again = encode(publish);
  await wait(30);
  await encode(`${engine.rtmp.server}/last-weeks-key`, 2).over;
  await picture(browser, engine, 'room', `/projects/${id}`, DESKTOP, DESKTOP_SCALE, plays);
  await picture(browser, engine, 'phone', `/projects/${id}`, { width: 390, height: 844 }, 1, (page) => page.getByText('Main hall screen').waitFor());
  const { id: next } = await engine.api('POST', '/projects', { name: 'Sunday service' });
  await picture(browser, engine, 'waiting', `/projects/${next}`, { ...DESKTOP, height: 900 }, DESKTOP_SCALE, (page) => page.getByText('A wrong key was tried').waitFor());
  await again.drop();
} finally {
  await browser.close();
  await Promise.all([engine.stop(), other.stop()]);
}
console.log(folder);
