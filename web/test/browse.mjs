// What the scripts that open pages share: the browser, the made-up server, and the list of pages.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));

/** RESOLVE='MAP studio.test 127.0.0.1': names that only this browser knows. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required', ...(process.env.RESOLVE ? [`--host-resolver-rules=${process.env.RESOLVE}`] : []),
    ],
  });
}

export function contextOf(browser, colorScheme, viewport, scale = 1) {
  const phone = viewport.width < 640;
  return browser.newContext({ viewport, colorScheme, deviceScaleFactor: scale, hasTouch: phone, isMobile: phone, reducedMotion: 'reduce' });
}

/** Findings of axe that a person has judged: id and the reason. */
const JUDGED = new Map([
  ['region', 'an open menu stands at the end of the body, as the pattern has it'],
  ['video-caption', 'a live picture has the captions that its encoder sends'],
]);
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds on a page, a line each. */
export async function audit(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  return violations
    .filter((each) => !JUDGED.has(each.id))
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => `${node.target.join(' ')} ${node.failureSummary.replace(/\s+/g, ' ').slice(0, 200)}`).join(' | ')}`);
}

/** Whose page it is: COOKIE=gostream_session=… for a real engine. */
export async function signIn(context, origin) {
  const [name, value] = process.env.COOKIE?.split('=') ?? [];
  if (name) await context.addCookies([{ name, value, url: origin }]);
}

/** Starts fake/server.mjs on a free port. */
export async function startFake() {
  const child = spawn(process.execPath, [join(here, '..', 'fake', 'server.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const origin = await new Promise((done) => child.stdout.once('data', (line) => done(String(line).trim())));
  return { origin, stop: () => child.kill() };
}

const press = (name, role = 'button') => (page) => page.getByRole(role, { name, exact: true }).first().click();
const pressAll = (...steps) => async (page) => {
  for (const step of steps) await step(page);
};
const more = (name, entry) => pressAll(press(`More for ${name}`), press(entry, 'menuitem'));
const dialog = (page) => page.getByRole('dialog').waitFor();

async function lose(page) {
  await fetch(new URL('/fake/silence', page.url()));
  await page.getByText('Connection to the server lost').waitFor();
}

const ROOM = '/projects/prj_000001';

/** Name, address, and what to do there: `full` for a picture of the whole page, `before` for the made-up server. */
export const PAGES = [
  ['overview', '/'],
  ['projects', '/projects'],
  ['project-new', '/projects', { act: pressAll(press('New project'), dialog) }],
  ['room', ROOM, { full: true }],
  ['room-waiting', '/projects/prj_000004', { full: true }],
  ['room-phone-code', '/projects/prj_000004', { act: pressAll(press('Phone', 'tab'), press('Show the code')) }],
  ['room-holding', '/projects/prj_000003'],
  ['room-menu', ROOM, { act: press('More for Twitch') }],
  ['destination-add', ROOM, { act: pressAll(press('Add'), dialog) }],
  ['destination-new', ROOM, { act: pressAll(press('Add'), (page) => page.getByRole('button', { name: /^Kick/ }).click()) }],
  ['destination-edit', ROOM, { act: pressAll(more('Twitch', 'Edit'), dialog) }],
  ['destination-test', ROOM, { act: pressAll(more('Twitch', 'Test'), (page) => page.getByRole('dialog').getByRole('button', { name: 'Test' }).click(), (page) => page.waitForTimeout(1100)) }],
  ['destination-delete', ROOM, { act: more('Twitch', 'Delete') }],
  ['stop-all', ROOM, { act: press('Stop all') }],
  ['lost', ROOM, { act: lose }],
  ['help', '/', { act: pressAll((page) => page.keyboard.press('?'), dialog) }],
  ['shows', `${ROOM}/streams`],
  ['report', '/streams/str_000010', { full: true }],
  ['project-settings', `${ROOM}/settings`, { full: true }],
  ['activity', '/activity'],
  ['system', '/system', { full: true }],
  ['settings', '/settings', { full: true }],
  ['appearance', '/settings/appearance'],
  ['tokens', '/settings/tokens'],
  ['token-new', '/settings/tokens', { act: pressAll(press('New token'), dialog) }],
  ['webhooks', '/settings/webhooks'],
  ['webhook-new', '/settings/webhooks', { act: pressAll(press('Add webhook'), dialog) }],
  ['users', '/settings/users'],
  ['missing', '/projects/prj_999999'],
  ['nowhere', '/nonsense'],
  ['nowhere-stranger', '/nonsense', { before: '/fake/outside' }],
  ['dock', '/dock/prj_000001', { size: { width: 360, height: 560 } }],
  ['watch', '/watch/demo'],
  ['sign-in', '/sign-in', { before: '/fake/outside' }],
  ['setup', '/setup?link=abc', { before: '/fake/outside?setup' }],
  ['setup-used', '/setup?link=setup_abcdefghijklmnopqrstuvwxyz', { before: '/fake/outside' }],
  ['reset', '/setup#reset_abcdefghijklmnopqrstuvwxyz', { before: '/fake/outside' }],
  ['reset-used', '/setup#reset_used_abcdefghijklmnopqrstu', { before: '/fake/outside' }],
  ['setup-no-link', '/setup', { before: '/fake/outside?setup' }],
];
