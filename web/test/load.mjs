// How long one waits for a page of a real engine that has a show on the air.
// usage: npm run bench [-- BINARY [PATH…]]   A benchmark: it prints what is wanted beside what was measured, and fails nothing.
//
// Each row is a page, by the median and by the worst of LOADS loads, in ms from the navigation:
//   heading  the page's own heading is painted, and with it all that fills a first screen
//   whole    nothing on it is still to come: every panel has its content, those below the first screen too
// `empty` browsers have nothing of us in their cache and a new process for the page; `used` ones have been here before.
// The browser is warm: it and its new window have come to rest before the page is asked for, and no driver looks into it.
// The first row is a page of this server without style or script: what browser and machine take for themselves.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bare } from './bare.mjs';
import { launch } from './browse.mjs';
import { startEngine } from './engine.mjs';

const LOADS = 9;
/** What is wanted of a page of ours, in ms until its heading is painted. */
const WANTED_MS = 200;
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const [binary = join(root, 'target', 'release', 'gostream'), ...wanted] = process.argv.slice(2);
if (!existsSync(binary)) {
  console.error(`${binary} is not there: make build`);
  process.exit(1);
}

/** A new window draws itself for a second, with a page of the browser's own. */
const REST_MS = 1200;
/** How long a page is left alone before it is asked. */
const ALONE_MS = 700;

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
const windows = await bare(browser);
const sorted = (values) => values.toSorted((a, b) => a - b);
const of = (values) => `${sorted(values)[Math.floor(values.length / 2)].toFixed(0).padStart(5)} ${`(${Math.max(...values).toFixed(0)})`.padStart(7)}`;

const rest = (ms) => new Promise((done) => setTimeout(done, ms));

async function open() {
  const page = await windows.open({ cookie: engine.cookie, origin: engine.origin, width: 1280, height: 800, script: `(${watch})()` });
  await rest(REST_MS);
  return page;
}

async function load(page, path) {
  await page.go(engine.origin + path);
  for (let seen; ; ) {
    await rest(ALONE_MS);
    seen = await page.read(`({
      ...seen,
      kB: performance.getEntriesByType('resource').reduce((sum, { transferSize, responseEnd }) => sum + (responseEnd < seen.whole ? transferSize : 0), 0) / 1000,
    })`);
    // What is still to come is no number.
    if (seen.whole) return seen;
  }
}

async function nothing(page) {
  await page.go(`${engine.origin}/api/v1/setup`);
  return page.read('new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))');
}

/** By the median: what one load of many had beside it on this machine says nothing of the page. */
function verdict(loads) {
  const heading = sorted(loads.map((each) => each.heading))[LOADS >> 1];
  return heading <= WANTED_MS ? 'kept' : `${(heading - WANTED_MS).toFixed(0)} ms over`;
}

function row(name, way, loads) {
  const column = (which) => of(loads.map((each) => each[which]));
  console.log(`${name.padEnd(22)} ${way.padEnd(6)} ${column('heading')}  ${column('whole')}  ${sorted(loads.map(({ kB }) => kB))[LOADS >> 1].toFixed(0).padStart(6)}  ${verdict(loads)}`);
}

try {
  const [project] = (await engine.api('GET', '/projects')).items;
  const waiting = await engine.api('POST', '/projects', { name: 'Nobody sends' });
  const pages = [
    ['/', '/'], ['a live room', `/projects/${project.id}`], ['a room that waits', `/projects/${waiting.id}`], ['/system', '/system'],
    ['/settings', '/settings'], ['the page for viewers', `/watch/${project.playback_id}`],
  ];
  const paths = wanted.length ? wanted.map((path) => [path, path]) : pages;
  console.log(`${''.padEnd(30)} ${'heading'.padStart(12)}  ${'whole'.padStart(13)}      kB  wanted: heading in ${WANTED_MS} ms`);
  const floor = [];
  for (let number = 0; number < LOADS; number += 1) {
    const page = await open();
    floor.push(await nothing(page));
    await page.close();
  }
  console.log(`${'(a page of nothing)'.padEnd(22)} empty  ${of(floor)}`);
  for (const [name, path] of paths) {
    const [empty, used] = [[], []];
    for (let number = 0; number < LOADS; number += 1) {
      const page = await open();
      empty.push(await load(page, path));
      await page.close();
    }
    const page = await open();
    // The first fills the cache, and the second lets the browser keep what it has compiled.
    for (let number = -2; number < LOADS; number += 1) {
      const one = await load(page, path);
      if (number >= 0) used.push(one);
    }
    await page.close();
    row(name, 'empty', empty);
    row('', 'used', used);
  }
} finally {
  await browser.close();
  await engine.stop();
}
