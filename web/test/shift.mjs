// What moves while a page comes. Each page is opened over the made-up server, on a desktop and on a phone, with answers that
// take their time, each its own, so that every skeleton is seen and goes alone. Fails where what was drawn already jumps
// (cumulative layout shift). usage: node test/shift.mjs   ONLY=name: pages of that name alone.
import { contextOf, launch, PAGES, startFake } from './browse.mjs';

/** A fifth of what is commonly called good. */
const SHIFT_MAX = 0.02;
/** Of answers: longer than a page waits before it draws skeletons, and each page's first comes before the others. */
const SLOW_MS = 450;
const SPREAD_MS = 500;
const WAYS = [
  ['desktop', { width: 1440, height: 900 }],
  ['phone', { width: 360, height: 640 }],
];
const only = process.env.ONLY ? new RegExp(process.env.ONLY) : /./;

/** The same each time, and another for each address. */
function slow(url) {
  if (/\/(me|setup)$/.test(url)) return 0;
  let hash = 7;
  for (const letter of new URL(url).pathname) hash = (hash * 31 + letter.codePointAt(0)) % 997;
  return SLOW_MS + (hash / 997) * SPREAD_MS;
}

/** In the page: what moved, and by how much; and whether a skeleton was drawn. */
function watch() {
  globalThis.moved = [];
  globalThis.waited = false;
  const look = () => {
    globalThis.waited ||= !!document.querySelector('.skeleton');
    if (!globalThis.waited) requestAnimationFrame(look);
  };
  look();
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) {
      const what = sources.map(({ node, previousRect: from, currentRect: to }) => `${(node?.className || node?.nodeName || '?').toString().slice(0, 60)} ${from.y | 0}→${to.y | 0} h${from.height | 0}→${to.height | 0}`);
      globalThis.moved.push({ value, what });
    }
  }).observe({ type: 'layout-shift', buffered: true });
}

const browser = await launch();
let faults = 0;
let worst = 0;
let opened = 0;
let waited = 0;

/** All pages in one way, over a made-up server of their own: it is told who is signed in. */
async function look([way, size]) {
  const fake = await startFake();
  const context = await contextOf(browser, 'dark', size);
  await context.addInitScript(watch);
  await context.route('**/assets/EncoderSetup-*.js', async (route) => {
    await new Promise((done) => setTimeout(done, SLOW_MS + SPREAD_MS));
    await route.continue().catch(() => {});
  });
  await context.route('**/api/v1/**', async (route) => {
    const url = route.request().url();
    if (!url.includes('/events/stream')) await new Promise((done) => setTimeout(done, slow(url)));
    await route.continue().catch(() => {});
  });
  try {
    for (const [label, path, { act, before, size: own } = {}] of PAGES) {
      if (act || !only.test(`${label}-${way}`)) continue;
      await fetch(`${fake.origin}${before ?? '/fake/inside'}`);
      const page = await context.newPage();
      if (own && way === 'desktop') await page.setViewportSize(own);
      await page.goto(fake.origin + path);
      await page.locator('main h1').first().waitFor();
      await page.waitForFunction(() => !document.querySelector('[aria-busy="true"], .skeleton'));
      await page.waitForTimeout(600);
      opened += 1;
      if (await page.evaluate(() => globalThis.waited)) waited += 1;
      judge(`${label}-${way}`, await page.evaluate(() => globalThis.moved));
      await page.close();
    }
  } finally {
    fake.stop();
    await context.close();
  }
}

function judge(where, moved) {
  const sum = moved.reduce((all, { value }) => all + value, 0);
  worst = Math.max(worst, sum);
  if (sum <= SHIFT_MAX) return;
  faults += 1;
  console.error(`${where}: ${sum.toFixed(3)}`);
  for (const { value, what } of moved.filter((each) => each.value > 0.002)) console.error(`  ${value.toFixed(3)} ${what.join(' | ')}`);
}

try {
  // One that breaks leaves the other its browser.
  const broken = (await Promise.allSettled(WAYS.map(look))).find(({ status }) => status === 'rejected');
  if (broken) throw broken.reason;
} finally {
  await browser.close();
}
// A check of skeletons that sees none is none. Pages without an answer of their own have none.
if (waited < opened / 2 && !process.env.ONLY) {
  faults += 1;
  console.error(`only ${waited} of ${opened} pages showed a skeleton`);
}
console.log(faults ? `${faults} faults` : `no page moves by more than ${worst.toFixed(3)}; ${waited} of ${opened} waited`);
process.exit(faults ? 1 : 0);
