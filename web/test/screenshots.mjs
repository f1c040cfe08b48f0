// Pictures of every page in both themes, on a desktop and on a phone. usage: node test/screenshots.mjs [FOLDER [ORIGIN]]
// Without an ORIGIN it starts the made-up server (fake/server.mjs): then every state can be seen, and none of it is real.
// ENGINE=http://… lends a real engine's picture; ONLY=… chooses by name.
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contextOf, launch, PAGES, startFake } from './browse.mjs';

const [folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'target', 'screenshots'), given] = process.argv.slice(2);
const only = process.env.ONLY ? new RegExp(process.env.ONLY) : /./;
const WAYS = [
  ['dark', 'dark', { width: 1440, height: 900 }, 1],
  ['light', 'light', { width: 1440, height: 900 }, 1],
  ['phone', 'dark', { width: 390, height: 844 }, 2],
  ['phone-light', 'light', { width: 390, height: 844 }, 2],
];

const fake = given ? null : await startFake();
const origin = given ?? fake.origin;
await mkdir(folder, { recursive: true });
const browser = await launch();
let faults = 0;
try {
  for (const [way, theme, viewport, scale] of WAYS) {
    const context = await contextOf(browser, theme, viewport, scale);
    for (const [label, path, { full, act, size, before } = {}] of PAGES) {
      if (!only.test(`${label}-${way}`)) continue;
      if (fake) await fetch(`${origin}${before ?? '/fake/inside'}`);
      const page = await context.newPage();
      if (size) await page.setViewportSize(size);
      try {
        await page.goto(origin + path);
        await page.locator('main').first().waitFor();
        await page.waitForTimeout(process.env.ENGINE ? 3500 : 1300);
        if (act) {
          await act(page);
          await page.waitForTimeout(400);
        }
        await page.screenshot({ path: join(folder, `${label}-${way}.png`), fullPage: !!full });
      } catch (error) {
        faults += 1;
        console.error(`${label}-${way}: ${String(error).split('\n')[0]}`);
      }
      await page.close();
    }
    await context.close();
  }
} finally {
  await browser.close();
  fake?.stop();
}
console.log(folder);
process.exit(faults ? 1 : 0);
