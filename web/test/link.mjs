// The event link in a real browser, over the made-up server: one connection for ten tabs, a banner while the server cannot
// be heard, and everything back by itself. usage: node test/link.mjs
import { contextOf, launch, startFake } from './browse.mjs';

const TABS = 10;
const fake = await startFake();
const browser = await launch();
const listeners = async () => Number(await (await fetch(`${fake.origin}/fake/listeners`)).text());
const until = async (what, is) => {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await is()) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`waited for ${what}`);
};
let code = 1;
try {
  const context = await contextOf(browser, 'dark', { width: 1280, height: 800 });
  const pages = [];
  for (let tab = 0; tab < TABS; tab += 1) {
    const page = await context.newPage();
    await page.goto(`${fake.origin}/projects/prj_000001`);
    await page.getByRole('switch').first().waitFor();
    pages.push(page);
  }
  await until('one connection', async () => (await listeners()) === 1);
  const [page] = pages;
  const twitch = page.getByRole('switch', { name: 'Twitch: send to it' });
  const figures = page.locator('[data-destination]', { hasText: 'YouTube' }).getByText('Mbit/s');
  const before = await figures.textContent();
  await until('figures that move', async () => (await figures.textContent()) !== before);

  // The server goes: what is shown stays, and says how old it is. One tab asks through the same worker as all.
  await fetch(`${fake.origin}/fake/silence`);
  for (const each of pages) await each.getByText('Connection to the server lost').waitFor();
  if (await twitch.isEnabled()) throw new Error('a switch could be pressed');
  await fetch(`${fake.origin}/fake/silence?over`);
  // It may be back by itself before anybody presses.
  await page.getByRole('button', { name: 'Try now', exact: true }).click({ timeout: 1500 }).catch(() => null);
  for (const each of pages) await each.getByText('Connection to the server lost').waitFor({ state: 'detached' });
  await until('one connection again', async () => (await listeners()) === 1);
  if (!(await twitch.isEnabled())) throw new Error('the switches did not come back');

  // What one tab does is seen in the others, without a reload.
  await twitch.click();
  const row = pages.at(-1).locator('[data-destination]', { hasText: 'Twitch' });
  await row.getByText('Off', { exact: true }).waitFor();

  for (const each of pages) await each.close();
  await until('no connection without tabs', async () => (await listeners()) === 0);
  console.log(`${TABS} tabs, one connection; lost and found again`);
  code = 0;
} catch (error) {
  console.error(String(error));
} finally {
  await browser.close();
  fake.stop();
}
process.exit(code);
