// A browser that does as it is told, one JSON command a line on stdin, one JSON answer a line on stdout: for tests that act
// on the engine between what they see on a page. A command that does not come true within its time is `{"error": …}`.
//   {"open": URL, "tab": 0, "phone": false}    {"fill": LABEL, "with": TEXT}     {"press": NAME, "role": "button", "within": TEXT}
//   {"see": TEXT, "within": TEXT}              {"gone": TEXT, "within": TEXT}    {"moves": SECONDS}   the <video>'s clock goes on
//   {"runs": SELECTOR}                         what stands there becomes another text
//   {"select": LABEL, "option": VALUE}         {"dead": TEXT}   it cannot be pressed      {"address": true} → {"text": …}
//   {"read": SELECTOR} → {"text": …}           {"reload": true}                  {"picture": FILE}
//   {"links": SELECTOR} → {"links": [PATH…]}  {"audit": true} → {"found": […]}   what axe finds on the page
//   {"decodes": TYPE} → {"yes": …}             whether this browser says that it can
//   {"copied": true} → {"text": …}             what a paste brings
//   {"faults": true} → {"console": […], "violations": […], "reloads": N}
// `within` is a row or a dialog that has this text. `see` and `gone` look at what a person sees.
import { createInterface } from 'node:readline';
import { audit, contextOf, launch } from './browse.mjs';

const GUARD_MS = Number(process.env.GUARD_MS ?? 60_000);
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

const browser = await launch();
const contexts = new Map();
const tabs = [];
const faults = { console: [], violations: [], loads: 0, opened: 0 };
let current = null;

async function contextFor(phone) {
  const known = contexts.get(phone);
  if (known) return known;
  const made = await contextOf(browser, 'dark', phone ? PHONE : DESKTOP);
  await made.exposeFunction('tellViolation', (text) => faults.violations.push(text));
  await made.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => globalThis.tellViolation(`${event.effectiveDirective} ${event.blockedURI}`));
  });
  contexts.set(phone, made);
  return made;
}

async function tab(index, phone) {
  if (tabs[index]) return tabs[index];
  const page = await (await contextFor(phone)).newPage();
  page.setDefaultTimeout(GUARD_MS);
  page.on('load', () => (faults.loads += 1));
  page.on('pageerror', (error) => faults.console.push(String(error)));
  // A refusal that the page expects, and a server that is down because the test took it down, are no faults of the page.
  page.on('console', (message) => message.type() === 'error' && !/status of|ERR_/.test(message.text()) && faults.console.push(message.text()));
  return (tabs[index] = page);
}

function place(within) {
  if (!within) return current;
  // A row that can be acted on, or a dialog; what only tells of one is none.
  return current.locator('[data-destination], ul.rows > li, [role="dialog"], [role="alertdialog"]').filter({ hasText: within }).last();
}

const DO = {
  async open({ open, tab: index = 0, phone = false }) {
    current = await tab(index, phone);
    faults.opened += 1;
    await current.goto(open);
  },
  tab: async ({ tab: index }) => void (current = await tab(index, false)),
  fill: ({ fill, with: text, within }) => place(within).getByLabel(fill, { exact: true }).fill(text),
  press: ({ press, role = 'button', within, exact = true }) => place(within).getByRole(role, { name: press, exact }).first().click(),
  see: ({ see, within }) => place(within).getByText(see).filter({ visible: true }).first().waitFor(),
  async gone({ gone, within }) {
    const shown = place(within).getByText(gone).filter({ visible: true });
    await current.waitForFunction(() => true);
    for (const end = Date.now() + GUARD_MS; (await shown.count()) > 0; ) {
      if (Date.now() > end) throw new Error(`"${gone}" is still there`);
      await new Promise((done) => setTimeout(done, 100));
    }
  },
  async moves({ moves }) {
    const clock = () => document.querySelector('video')?.currentTime ?? 0;
    // It begins with a jump to where live is.
    await current.waitForFunction(() => (document.querySelector('video')?.readyState ?? 0) >= 3);
    const from = await current.evaluate(clock);
    await current.waitForFunction((until) => (document.querySelector('video')?.currentTime ?? 0) >= until, from + moves);
  },
  address: async () => ({ text: current.url() }),
  select: ({ select, option }) => current.getByLabel(select, { exact: true }).selectOption(option),
  dead: ({ dead }) => current.locator(':disabled', { hasText: dead }).first().waitFor(),
  async runs({ runs }) {
    const text = () => current.locator(runs).filter({ visible: true }).first().innerText();
    const before = await text();
    for (const end = Date.now() + GUARD_MS; (await text()) === before; ) {
      if (Date.now() > end) throw new Error(`${before} does not run`);
      await new Promise((done) => setTimeout(done, 100));
    }
  },
  read: async ({ read }) => ({ text: await current.locator(read).first().innerText() }),
  links: async ({ links }) => ({ links: await current.locator(links).evaluateAll((all) => all.map((each) => each.getAttribute('href'))) }),
  async audit() {
    await current.locator('main h1').first().waitFor();
    await current.waitForFunction(() => !document.querySelector('[aria-busy="true"], .skeleton'));
    return { found: await audit(current) };
  },
  decodes: async ({ decodes }) => ({ yes: await current.evaluate((type) => MediaSource.isTypeSupported(type), decodes) }),
  async copied() {
    await current.evaluate(() => document.body.append(Object.assign(document.createElement('textarea'), { id: 'pasted' })));
    await current.locator('#pasted').press('Control+V');
    return { text: await current.locator('#pasted').evaluate((area) => (area.remove(), area.value)) };
  },
  reload: async () => void (await current.reload()),
  picture: async ({ picture }) => void (await current.screenshot({ path: picture })),
  faults: async () => ({ ...faults, reloads: Math.max(0, faults.loads - faults.opened) }),
};

for await (const line of createInterface({ input: process.stdin })) {
  if (!line.trim()) continue;
  const command = JSON.parse(line);
  const name = Object.keys(DO).find((each) => each in command);
  let answer;
  try {
    answer = await DO[name](command);
  } catch (error) {
    const text = current ? await current.locator('body').innerText().catch(() => '') : '';
    answer = { error: String(error).split('\n')[0], page: text.slice(0, 2000) };
  }
  console.log(JSON.stringify({ ...answer, did: name }));
}
await browser.close();
