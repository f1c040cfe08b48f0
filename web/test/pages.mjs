// Opens every page in a real browser, on a desktop and on the narrowest phone, once in each theme, and fails on
// what axe finds, on a breach of the page's own policy, on an error in the console, on a page that is wider than its
// window, on time that runs where a screen reader reads aloud what changes, and on the phone on what a fingertip would miss.
// usage: node test/pages.mjs [ORIGIN]   Without an ORIGIN it looks at the pages over the made-up server, which has every state;
// what the API really answers is for the tests that start the engine.
import { audit, contextOf, launch, PAGES, startFake } from './browse.mjs';

const only = process.env.ONLY ? new RegExp(process.env.ONLY) : /./;
const WAYS = [
  ['desktop', 'dark', { width: 1440, height: 900 }],
  ['phone', 'light', { width: 360, height: 640 }],
];
/**
 * In the page: what can be pressed and is smaller than a fingertip, 44 px each way, by its box and by what is hit
 * around its middle (where a neighbour's letters may stand out by a pixel or two). */
function small() {
  const [SIZE, REACH] = [43.5, 20];
  const sizes = (element) => {
    const after = getComputedStyle(element, '::after');
    const boxes = [element, ...(element.labels ?? [])].map((each) => each.getBoundingClientRect());
    if (after.content !== 'none' && after.position === 'absolute') boxes.push({ width: parseFloat(after.width), height: parseFloat(after.height) });
    return [Math.max(...boxes.map((box) => box.width)), Math.max(...boxes.map((box) => box.height))];
  };
  const found = [];
  for (const element of document.querySelectorAll('a[href], button, input, select, summary, [role="switch"], [role="tab"], [role="menuitem"]')) {
    if (element.matches(':disabled') || element.closest('[inert], [aria-hidden="true"], .sr-only')) continue;
    // A link in a sentence is as large as its words.
    if (element.matches('p a, li > p a, dd a')) continue;
    element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
    const { left, top, width, height } = element.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    const is = (hit) => hit && (element.contains(hit) || [...(element.labels ?? [])].some((label) => label.contains(hit)));
    // Out of sight, or below something that is open.
    if (!width || !is(document.elementFromPoint(x, y))) continue;
    const missed = [[0, -REACH], [0, REACH], [-REACH, 0], [REACH, 0]].filter(([dx, dy]) => !is(document.elementFromPoint(x + dx, y + dy)));
    if (missed.length || sizes(element).some((each) => each < SIZE)) found.push(`${element.tagName.toLowerCase()} "${(element.getAttribute('aria-label') ?? element.textContent).trim().slice(0, 40)}" ${sizes(element).map((each) => each.toFixed(0)).join(' × ')}, missed at ${missed.join(' and ') || 'nothing'}`);
  }
  return found;
}

/** How long a page is left alone that has words in a live region: a clock ticks twice. */
const TICKS_MS = 2400;

/** In the page, from its beginning: notes the live regions whose text becomes another one in nothing but its figures. */
function listen() {
  const LIVE = '[aria-live], [role="status"], [role="alert"], [role="log"]';
  const known = new WeakMap();
  globalThis.running = {};
  globalThis.speaks = () => [...document.querySelectorAll(LIVE)].some((each) => each.textContent.trim());
  const look = () => {
    for (const region of document.querySelectorAll(LIVE)) {
      if (region.getAttribute('aria-live') === 'off') continue;
      const heard = region.cloneNode(true);
      for (const each of heard.querySelectorAll('[aria-hidden="true"], [aria-live="off"], [role="timer"]')) each.remove();
      const text = heard.textContent.trim();
      const [before, form] = [known.get(region), text.replace(/\d+/g, '0')];
      known.set(region, { text, form });
      if (before && before.text !== text && before.form === form) globalThis.running[form] = (globalThis.running[form] ?? 0) + 1;
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
}

const browser = await launch();
let faults = 0;
const fault = (where, what) => {
  faults += 1;
  console.error(`${where}: ${what}`);
};

/** All pages in one way, over a made-up server of their own: it is told who is signed in. */
async function look([way, theme, size]) {
  const fake = process.argv[2] ? null : await startFake();
  const origin = process.argv[2] ?? fake.origin;
  const context = await contextOf(browser, theme, size);
  await context.addInitScript(() => {
    globalThis.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => globalThis.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
  });
  await context.addInitScript(listen);
  try {
    for (const [label, path, todo = {}] of PAGES) {
      const where = `${label}-${way}`;
      if (!only.test(where)) continue;
      if (fake) await fetch(`${origin}${todo.before ?? '/fake/inside'}`);
      const page = await context.newPage();
      if (todo.size && way === 'desktop') await page.setViewportSize(todo.size);
      await judge(page, where, way, origin + path, todo.act).catch((error) => fault(where, String(error).split('\n')[0]));
      await page.close();
    }
  } finally {
    fake?.stop();
    await context.close();
  }
}

/** One page: opened, brought to where it shall be, and looked over. */
async function judge(page, where, way, url, act) {
  // A refusal that the page expects is in the console as well, and so is a picture that the made-up server has not.
  const refusals = where.startsWith('reset-used') ? /status of 40[134]/ : /status of 40[14]|ERR_(FAILED|EMPTY|ABORTED)/;
  page.on('console', (message) => {
    if (message.type() === 'error' && !refusals.test(message.text())) fault(where, message.text());
  });
  page.on('pageerror', (error) => fault(where, String(error)));
  await page.goto(url);
  await page.locator('main').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'), null, { timeout: 15_000 });
  if (act) await act(page);
  await page.waitForTimeout(250);
  for (const each of await audit(page)) fault(where, each);
  const seen = await page.evaluate(() => ({ violations: globalThis.violations, wide: document.documentElement.scrollWidth - innerWidth }));
  for (const each of seen.violations) fault(where, `policy: ${each}`);
  for (const each of way === 'phone' ? await page.evaluate(small) : []) fault(where, `too small for a finger: ${each}`);
  if (way === 'desktop' && (await page.evaluate(() => globalThis.speaks()))) await page.waitForTimeout(TICKS_MS);
  for (const [text, times] of Object.entries(await page.evaluate(() => globalThis.running))) if (times > 1) fault(where, `runs in a live region, ${times} times: ${text.slice(0, 160)}`);
  if (seen.wide > 0) fault(where, `${seen.wide} px wider than its window`);
}

try {
  // One that breaks leaves the other its browser.
  const broken = (await Promise.allSettled(WAYS.map(look))).find(({ status }) => status === 'rejected');
  if (broken) throw broken.reason;
} finally {
  await browser.close();
}
console.log(faults ? `${faults} faults` : `${PAGES.length} pages in ${WAYS.length} ways: nothing found`);
process.exit(faults ? 1 : 0);
