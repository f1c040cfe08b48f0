// Pictures of every page, in both themes and on a phone. usage: node test/screenshots.mjs FOLDER [ORIGIN]
// Without an ORIGIN it starts the made-up server (fake/server.mjs); then every state can be seen, and none of it is real.
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const [folder = join(here, '..', '..', 'target', 'screenshots'), given] = process.argv.slice(2);
const only = process.env.ONLY ? new RegExp(process.env.ONLY) : /./;

const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };

const fake = given ? null : spawn(process.execPath, [join(here, '..', 'fake', 'server.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
const origin = given ?? (await new Promise((done) => fake.stdout.once('data', (line) => done(String(line).trim()))));

/** What to do on a page before its picture is taken. */
const press = (name, role = 'button') => (page) => page.getByRole(role, { name }).first().click();
const PAGES = [
  ['overview', '/'],
  ['projects', '/projects'],
  ['room', '/projects/prj_000001', { full: true }],
  ['room-waiting', '/projects/prj_000004', { full: true }],
  ['room-holding', '/projects/prj_000003'],
  ['destination-add', '/projects/prj_000001', { act: press('Add') }],
  ['destination-edit', '/projects/prj_000001', { act: async (page) => { await press('More for Twitch')(page); await press('Edit', 'menuitem')(page); } }],
  ['destination-test', '/projects/prj_000001', { act: async (page) => { await press('More for Twitch')(page); await press('Test', 'menuitem')(page); await page.getByRole('dialog').getByRole('button', { name: 'Test' }).click(); await page.waitForTimeout(1100); } }],
  ['stop-all', '/projects/prj_000001', { act: press('Stop all') }],
  ['lost', '/projects/prj_000001', { act: async (page) => { await page.route('**/events/stream', (route) => route.abort()); await fetch(`${origin}/fake/drop`).catch(() => null); await page.getByText('Connection to the server lost').waitFor(); } }],
  ['shows', '/projects/prj_000001/streams'],
  ['report', '/streams/str_000010', { full: true }],
  ['project-settings', '/projects/prj_000001/settings', { full: true }],
  ['activity', '/activity'],
  ['system', '/system', { full: true }],
  ['settings', '/settings', { full: true }],
  ['appearance', '/settings/appearance'],
  ['tokens', '/settings/tokens'],
  ['webhooks', '/settings/webhooks'],
  ['users', '/settings/users'],
  ['dock', '/dock/prj_000001', { size: { width: 360, height: 560 } }],
  ['watch', '/watch/demo'],
  ['sign-in', '/sign-in', { before: '/fake/outside' }],
  ['setup', '/setup?link=abc', { before: '/fake/outside?setup' }],
];

await mkdir(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required'],
});
let faults = 0;
try {
  for (const [theme, size, name] of [['dark', DESKTOP, 'dark'], ['light', DESKTOP, 'light'], ['dark', PHONE, 'phone']]) {
    const context = await browser.newContext({ viewport: size, colorScheme: theme, deviceScaleFactor: name === 'phone' ? 2 : 1, hasTouch: name === 'phone', isMobile: name === 'phone', reducedMotion: 'reduce' });
    for (const [label, path, { full, act, size: own, before } = {}] of PAGES) {
      if (!only.test(`${label}-${name}`)) continue;
      if (!given) await fetch(`${origin}${before ?? '/fake/inside'}`);
      const page = await context.newPage();
      if (own) await page.setViewportSize(own);
      page.on('console', (message) => {
        if (message.type() !== 'error' || /404|ERR_|401/.test(message.text())) return;
        faults += 1;
        console.error(`${label}-${name}: ${message.text()}`);
      });
      page.on('pageerror', (error) => { faults += 1; console.error(`${label}-${name}: ${error}`); });
      await page.goto(origin + path);
      await page.locator('main').first().waitFor();
      await page.waitForTimeout(process.env.ENGINE ? 3500 : 1300);
      try {
        if (act) { await act(page); await page.waitForTimeout(500); }
        await page.screenshot({ path: join(folder, `${label}-${name}.png`), fullPage: !!full });
      } catch (error) {
        faults += 1;
        console.error(`${label}-${name}: ${String(error).split('\n')[0]}`);
      }
      await page.close();
    }
    await context.close();
  }
} finally {
  await browser.close();
  fake?.kill();
}
console.log(folder);
process.exit(faults ? 1 : 0);
