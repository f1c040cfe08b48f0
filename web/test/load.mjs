// How long a page takes until it is there: from the navigation to its heading, median of some loads without a cache.
// usage: [COOKIE=gostream_session=…] node test/load.mjs [ORIGIN [PATH…]]   A benchmark: it prints, and judges nothing.
import { contextOf, launch, signIn, startFake } from './browse.mjs';

const [given, ...wanted] = process.argv.slice(2);
const LOADS = 9;
const fake = given ? null : await startFake();
const origin = given ?? fake.origin;
const paths = wanted.length ? wanted : ['/', '/projects/prj_000001', '/watch/demo'];
const browser = await launch();
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
try {
  for (const path of paths) {
    const times = { heading: [], kB: [], script: [] };
    for (let load = 0; load < LOADS; load += 1) {
      const context = await contextOf(browser, 'dark', { width: 1280, height: 800 });
      await signIn(context, origin);
      const page = await context.newPage();
      await page.addInitScript(() => {
        new MutationObserver((_, observer) => {
          if (!document.querySelector('main h1')) return;
          globalThis.there = performance.now();
          observer.disconnect();
        }).observe(document, { childList: true, subtree: true });
      });
      await page.goto(origin + path);
      await page.waitForFunction(() => globalThis.there);
      times.heading.push(await page.evaluate(() => globalThis.there));
      times.script.push(await page.evaluate(() => performance.getEntriesByType('resource').filter((each) => each.name.endsWith('.js')).reduce((last, each) => Math.max(last, each.responseEnd), 0)));
      times.kB.push(await page.evaluate(() => performance.getEntriesByType('resource').reduce((sum, each) => sum + each.transferSize, 0) / 1000));
      await context.close();
    }
    console.log(`${path.padEnd(28)} ${median(times.heading).toFixed(0).padStart(5)} ms to its heading, scripts there at ${median(times.script).toFixed(0)} ms, ${median(times.kB).toFixed(0)} kB`);
  }
} finally {
  await browser.close();
  fake?.stop();
}
