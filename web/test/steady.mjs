// Whether a room that is left open stays as it is: an engine of its own, FFmpeg as its encoder, a destination that takes what
// is sent, and the room in a browser. Minute by minute it prints heap (after a forced collection), nodes and listeners, and
// looks whether the page is still live. At the end one line of JSON on stdout.
// usage: npm run steady -- [--minutes 30] [--binary PATH]   exit 1: it grows, or what it shows stands still.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { contextOf, launch } from './browse.mjs';
import { startEngine } from './engine.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values: asked } = parseArgs({ options: { minutes: { type: 'string', default: '30' }, binary: { type: 'string', default: join(root, 'target', 'release', 'gostream') } } });
const minutes = Number(asked.minutes);
/** Curves hold five minutes, and caches are full by then: what is there at the end may be no more than this above it. */
const FILLED = 6;
const GROWTH_MAX = { heap: 3e6, nodes: 400, listeners: 100 };

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const faults = [];
const fault = (what) => {
  faults.push(what);
  console.error(what);
};

function encode(url) {
  const source = ['-re', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25', '-f', 'lavfi', '-i', 'sine=frequency=220:sample_rate=48000'];
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '50', '-b:v', '400k', '-c:a', 'aac', '-b:a', '96k'];
  const child = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', ...source, ...codec, '-f', 'flv', url], { stdio: ['ignore', 'ignore', 'inherit'] });
  let over = false;
  child.once('exit', () => (over = true));
  return { isOver: () => over, stop: () => child.kill('SIGKILL') };
}

/** In the page: what runs while it is live. */
function look() {
  const text = (selector) => document.querySelector(selector)?.textContent ?? '';
  return {
    clock: document.querySelector('video')?.currentTime ?? 0,
    since: text('header time'),
    figures: text('[data-destination] [data-tone="ok"]') + text('[data-destination] .figure.font-medium'),
    lit: document.querySelector('.tally')?.dataset.lit === 'true',
    lost: document.body.textContent.includes('Connection to the server lost'),
    trouble: [...document.querySelectorAll('main [role="alert"]')].map((each) => each.textContent).join(' '),
  };
}

function judge(minute, before, now) {
  if (!now.lit) fault(`minute ${minute}: it does not say that the show is on the air`);
  if (now.lost) fault(`minute ${minute}: it does not hear the server`);
  if (now.trouble) fault(`minute ${minute}: ${now.trouble}`);
  // Of the picture at least half of the time: a machine with other work may drop some of it.
  if (now.clock - before.clock < 30) fault(`minute ${minute}: the picture went on by ${(now.clock - before.clock).toFixed(1)} s`);
  for (const what of ['since', 'figures']) if (now[what] === before[what] || !now[what]) fault(`minute ${minute}: ${what} stands still at "${now[what]}"`);
}

const engine = await startEngine(asked.binary);
const browser = await launch();
const samples = [];
let encoder;
try {
  const [{ id }] = (await engine.api('GET', '/projects')).items;
  encoder = encode(`${engine.rtmp.server}/${engine.rtmp.key}`);
  const context = await contextOf(browser, 'dark', { width: 1280, height: 800 });
  const [name, value] = engine.cookie.split('=');
  await context.addCookies([{ name, value, url: engine.origin }]);
  const page = await context.newPage();
  page.on('pageerror', (error) => fault(String(error)));
  page.on('console', (message) => message.type() === 'error' && fault(message.text()));
  await page.goto(`${engine.origin}/projects/${id}`);
  await page.getByText('320 × 180').first().waitFor();
  await page.locator('[data-destination]').getByText('Sending').first().waitFor();
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0);
  const devtools = await context.newCDPSession(page);
  await devtools.send('Performance.enable');
  const began = Date.now();
  let before = await page.evaluate(look);
  for (let minute = 1; minute <= minutes; minute += 1) {
    await new Promise((done) => setTimeout(done, Math.max(0, began + minute * 60_000 - Date.now())));
    if (encoder.isOver()) throw new Error('the encoder ended');
    await devtools.send('HeapProfiler.collectGarbage');
    const { metrics } = await devtools.send('Performance.getMetrics');
    const of = (metric) => metrics.find((each) => each.name === metric)?.value ?? 0;
    samples.push({ minute, heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') });
    console.error(JSON.stringify(samples.at(-1)));
    const now = await page.evaluate(look);
    judge(minute, before, now);
    before = now;
  }
} finally {
  await browser.close();
  encoder?.stop();
  await engine.stop();
}
const full = samples.slice(Math.min(FILLED, Math.floor(samples.length / 3)));
const part = Math.max(1, Math.floor(full.length / 3));
const grown = {};
for (const [what, most] of Object.entries(GROWTH_MAX)) {
  const [first, last] = [full.slice(0, part), full.slice(-part)].map((each) => median(each.map((sample) => sample[what])));
  grown[what] = last - first;
  if (last - first > most) fault(`${what} grew by ${last - first}, more than ${most}`);
}
console.log(JSON.stringify({ minutes, grown, faults, samples }));
process.exit(faults.length ? 1 : 0);
