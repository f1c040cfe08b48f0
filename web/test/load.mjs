// How long one waits for a page of a real engine that has a show on the air.
// usage: npm run bench [-- BINARY [PATH…]]   A benchmark: it prints, and judges nothing.
//
// Each row is a page, by the median and by the worst of LOADS loads, in ms from the navigation:
//   heading  the page's own heading is painted, and with it all that came with the first drawing
//   whole    no skeleton is left on it: every panel has its content (of a viewer's page: its picture is shown)
// `empty` browsers have nothing of us in their cache and a new process for the page; `used` ones have been here before.
// The first row is a page of this server without style or script: what browser and machine take for themselves.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contextOf, launch } from './browse.mjs';
import { startEngine } from './engine.mjs';

const LOADS = 9;
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const [binary = join(root, 'target', 'release', 'gostream'), ...wanted] = process.argv.slice(2);
if (!existsSync(binary)) {
  console.error(`${binary} is not there: make build`);
  process.exit(1);
}

/** In the page: notes when what is looked for has been painted. */
function watch() {
  const main = () => document.querySelector('main h1');
  const whole = () => main() && !document.querySelector('.skeleton') && !document.querySelector('[aria-busy="true"]');
  const seen = (globalThis.seen = {});
  const look = () => {
    for (const [name, is] of [['heading', main], ['whole', whole]]) {
      if (seen[name] || !is()) continue;
      // The frame that has it, and then the one after: by then the first is on the screen.
      seen[name] = Infinity;
      requestAnimationFrame(() => setTimeout(() => (seen[name] = performance.now())));
    }
    if (!seen.whole) requestAnimationFrame(look);
  };
  look();
}

const engine = await startEngine(binary);
const browser = await launch();
const sorted = (values) => values.toSorted((a, b) => a - b);
const of = (values) => `${sorted(values)[Math.floor(values.length / 2)].toFixed(0).padStart(5)} ${`(${Math.max(...values).toFixed(0)})`.padStart(7)}`;

async function context() {
  const made = await contextOf(browser, 'dark', { width: 1280, height: 800 });
  const [name, value] = engine.cookie.split('=');
  await made.addCookies([{ name, value, url: engine.origin }]);
  await made.addInitScript(watch);
  return made;
}

async function load(page, path) {
  await page.goto(engine.origin + path, { waitUntil: 'commit' });
  await page.waitForFunction(() => Number.isFinite(globalThis.seen?.heading) && Number.isFinite(globalThis.seen?.whole));
  return page.evaluate(() => ({
    ...globalThis.seen,
    kB: performance.getEntriesByType('resource').reduce((sum, { transferSize, responseEnd }) => sum + (responseEnd < globalThis.seen.whole ? transferSize : 0), 0) / 1000,
  }));
}

async function nothing(page) {
  await page.goto(`${engine.origin}/api/v1/setup`);
  return page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now())))));
}

function row(path, way, loads) {
  const column = (name) => of(loads.map((each) => each[name]));
  console.log(`${path.padEnd(34)} ${way.padEnd(6)} ${column('heading')}  ${column('whole')}  ${sorted(loads.map(({ kB }) => kB))[LOADS >> 1].toFixed(0).padStart(6)}`);
}

try {
  const [project] = (await engine.api('GET', '/projects')).items;
  const paths = wanted.length ? wanted : ['/', `/projects/${project.id}`, '/system', '/settings', `/watch/${project.playback_id}`];
  console.log(`${''.padEnd(42)} ${'heading'.padStart(12)}  ${'whole'.padStart(13)}      kB`);
  const floor = [];
  for (let number = 0; number < LOADS; number += 1) {
    const made = await context();
    floor.push(await nothing(await made.newPage()));
    await made.close();
  }
  console.log(`${'(a page of nothing)'.padEnd(34)} empty  ${of(floor)}`);
  for (const path of paths) {
    const [empty, used] = [[], []];
    for (let number = 0; number < LOADS; number += 1) {
      const made = await context();
      empty.push(await load(await made.newPage(), path));
      await made.close();
    }
    const made = await context();
    const page = await made.newPage();
    // The first fills the cache, and the second lets the browser keep what it has compiled.
    for (let number = -2; number < LOADS; number += 1) {
      const one = await load(page, path);
      await page.waitForTimeout(300);
      if (number >= 0) used.push(one);
    }
    await made.close();
    row(path, 'empty', empty);
    row('', 'used', used);
  }
} finally {
  await browser.close();
  await engine.stop();
}
