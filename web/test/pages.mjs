// Opens every page in a real browser, on a desktop and on the narrowest phone, once in each theme, and fails on
// what axe finds, on a breach of the page's own policy, on an error in the console, and on a page that is wider than its
// window. usage: node test/pages.mjs [ORIGIN]   Without an ORIGIN it looks at the pages over the made-up server, which has
// every state; what the API really answers is for the tests that start the engine.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { contextOf, launch, PAGES, startFake } from './browse.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const only = process.env.ONLY ? new RegExp(process.env.ONLY) : /./;
const WAYS = [
  ['desktop', 'dark', { width: 1440, height: 900 }],
  ['phone', 'light', { width: 360, height: 640 }],
];
/** Findings that a person has judged: id and the reason. */
const JUDGED = new Map([
  ['region', 'an open menu stands at the end of the body, as the pattern has it'],
  ['video-caption', 'a live picture has the captions that its encoder sends'],
]);

const fake = process.argv[2] ? null : await startFake();
const origin = process.argv[2] ?? fake.origin;
const browser = await launch();
let faults = 0;
const fault = (where, what) => {
  faults += 1;
  console.error(`${where}: ${what}`);
};
try {
  for (const [way, theme, size] of WAYS) {
    const context = await contextOf(browser, theme, size);
    await context.addInitScript(() => {
      globalThis.violations = [];
      document.addEventListener('securitypolicyviolation', (event) => globalThis.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
    });
    for (const [label, path, { act, before, size: own } = {}] of PAGES) {
      const where = `${label}-${way}`;
      if (!only.test(where)) continue;
      if (fake) await fetch(`${origin}${before ?? '/fake/inside'}`);
      const page = await context.newPage();
      if (own && way === 'desktop') await page.setViewportSize(own);
      page.on('console', (message) => {
        // A refusal that the page expects is in the console as well, and so is a picture that the made-up server has not.
        if (message.type() === 'error' && !/status of 40[14]|ERR_(FAILED|EMPTY|ABORTED)/.test(message.text())) fault(where, message.text());
      });
      page.on('pageerror', (error) => fault(where, String(error)));
      try {
        await page.goto(origin + path);
        await page.locator('main').first().waitFor();
        await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'), null, { timeout: 15_000 });
        if (act) await act(page);
        await page.waitForTimeout(250);
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
        for (const { id, help, nodes } of violations.filter((each) => !JUDGED.has(each.id))) {
          fault(where, `${id}: ${help}: ${nodes.slice(0, 3).map((node) => `${node.target.join(' ')} ${node.failureSummary.replace(/\s+/g, ' ').slice(0, 200)}`).join(' | ')}`);
        }
        const seen = await page.evaluate(() => ({ violations: globalThis.violations, wide: document.documentElement.scrollWidth - innerWidth }));
        for (const each of seen.violations) fault(where, `policy: ${each}`);
        if (seen.wide > 0) fault(where, `${seen.wide} px wider than its window`);
      } catch (error) {
        fault(where, String(error).split('\n')[0]);
      }
      await page.close();
    }
    await context.close();
  }
} finally {
  await browser.close();
  fake?.stop();
}
console.log(faults ? `${faults} faults` : `${PAGES.length} pages in ${WAYS.length} ways: nothing found`);
process.exit(faults ? 1 : 0);
