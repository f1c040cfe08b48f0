// Whether a page that is left open stays as it is: its heap, its nodes and its listeners, minute by minute, as JSON on
// stdout. usage: COOKIE=gostream_session=… node test/steady.mjs URL MINUTES   exit 1: it grows. COOKIE is whose page it is.
import { contextOf, launch, signIn } from './browse.mjs';

const [url, minutesWanted = '30'] = process.argv.slice(2);
const minutes = Number(minutesWanted);
/** What may come on top of the first third, in the last: caches that fill, and what a collector leaves. */
const GROWTH_MAX = 1.2;
const SLACK = { heap: 3e6, nodes: 400, listeners: 100 };

const browser = await launch();
const samples = [];
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
try {
  const context = await contextOf(browser, 'dark', { width: 1280, height: 800 });
  await signIn(context, new URL(url).origin);
  const page = await context.newPage();
  await page.goto(url);
  await page.locator('main h1').waitFor();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Performance.enable');
  const began = Date.now();
  for (let minute = 1; minute <= minutes; minute += 1) {
    await new Promise((done) => setTimeout(done, Math.max(0, began + minute * 60_000 - Date.now())));
    await devtools.send('HeapProfiler.collectGarbage');
    const { metrics } = await devtools.send('Performance.getMetrics');
    const of = (name) => metrics.find((each) => each.name === name)?.value ?? 0;
    samples.push({ minute, heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') });
    console.error(JSON.stringify(samples.at(-1)));
  }
} finally {
  await browser.close();
}
const third = Math.max(1, Math.floor(samples.length / 3));
// The first minute fills the five-minute window and the caches.
const grown = Object.keys(SLACK).filter((name) => {
  const [first, last] = [samples.slice(0, third), samples.slice(-third)].map((part) => median(part.map((each) => each[name])));
  return last > first * GROWTH_MAX + SLACK[name];
});
console.log(JSON.stringify({ samples, grown }));
process.exit(grown.length ? 1 : 0);
