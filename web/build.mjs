// Builds the pages into dist/, the folder that the engine embeds: HTML at its root, all else in assets/ under a name that
// changes with its content. Each file that gets smaller stands there compressed as well, so that nothing is at run time.
import { constants, brotliCompress, gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { checkBudgets, chunk, statics } from './budgets.mjs';
import { licences } from './licences.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');

/** The pages that have files of their own beside the first ones, by the name of their HTML (`src/api/page` knows their addresses). */
const PAGES = {
  projects: ['src/pages/ProjectsPage.tsx'],
  shows: ['src/pages/StreamsPage.tsx'],
  report: ['src/pages/StreamPage.tsx'],
  'project-settings': ['src/pages/ProjectSettingsPage.tsx'],
  activity: ['src/pages/ActivityPage.tsx'],
  system: ['src/pages/SystemPage.tsx'],
  settings: ['src/pages/SettingsPage.tsx'],
  account: ['src/pages/SettingsPage.tsx', 'src/features/settings/Account.tsx'],
  dock: ['src/pages/DockPage.tsx'],
  door: ['src/pages/SignInPage.tsx'],
};

/** Files of which each page calls most, and what tells V8 so. It heeds that where nothing stands above it. */
const CALLED = /^(base|react|first|parts|room)-[^.]+\.js$/;
const ALL_CALLED = '//# allFunctionsCalledOnLoad\n';

await rm(dist, { recursive: true, force: true });
try {
  await build({ root: here, configFile: join(here, 'vite.config.ts'), logLevel: 'warn' });
  await writeFile(join(dist, 'assets', 'LICENSES.txt'), await licences(here));
  await writePages();
  await readAtOnce();
  await compress();
  await checkBudgets(dist);
  // The list of chunks was for the budgets; nobody asks the engine for it.
  await rm(join(dist, '.vite'), { recursive: true });
} catch (error) {
  // Half a build is none: whoever looks for the folder shall not find one.
  await rm(dist, { recursive: true, force: true });
  throw error;
}

/** The pages name the text's font, and their own files. So they come with the first ones. */
async function writePages() {
  const manifest = JSON.parse(await readFile(join(dist, '.vite', 'manifest.json'), 'utf8'));
  const font = (await readdir(join(dist, 'assets'))).find((name) => /-latin-wdth-.*\.woff2$/.test(name));
  if (!font) throw new Error('there is no font to name');
  const first = statics(manifest, chunk(manifest, 'first'));
  const text = `  <link rel="preload" as="font" type="font/woff2" crossorigin href="/assets/${font}">\n`;
  const links = (keys) => {
    const all = new Set(keys.flatMap((key) => {
      if (!manifest[key]) throw new Error(`${key} is no chunk of the build`);
      return [...statics(manifest, key)];
    }));
    const more = [...all].filter((key) => !first.has(key));
    return more.map((key) => `  <link rel="modulepreload" crossorigin href="/${manifest[key].file}">\n`).join('');
  };
  const page = await readFile(join(dist, 'index.html'), 'utf8');
  // What is named first has the connection that is open already: scripts and style, then answers, then the font.
  const early = '  <!-- early -->\n';
  const head = (own) => page.replace(early, '').replace('</head>', `${own}${early}${text}</head>`);
  await writeFile(join(dist, 'index.html'), head(''));
  await writeFile(join(dist, 'room.html'), head(links([chunk(manifest, 'room')])));
  for (const [name, keys] of Object.entries(PAGES)) await writeFile(join(dist, `${name}.html`), head(links(keys)));
}

/**
 * Left alone, V8 reads over a file beside the page's work, and then each function within that work when it is first called:
 * 35 ms of a processor in the first visit to a room.
 */
async function readAtOnce() {
  const folder = join(dist, 'assets');
  const called = (await readdir(folder)).filter((name) => CALLED.test(name));
  if (called.length !== 5) throw new Error(`these are not the files that pages call most of: ${called}`);
  for (const name of called) await writeFile(join(folder, name), ALL_CALLED + (await readFile(join(folder, name), 'utf8')));
}

async function compress() {
  const squeezed = new Set(['.js', '.css', '.svg', '.txt']);
  const folder = join(dist, 'assets');
  for (const name of await readdir(folder)) {
    if (!squeezed.has(extname(name))) continue;
    const bytes = await readFile(join(folder, name));
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
    for (const [suffix, small] of [['br', await promisify(brotliCompress)(bytes, quality)], ['gz', await promisify(gzip)(bytes, { level: 9 })]]) {
      if (small.length < bytes.length) await writeFile(join(folder, `${name}.${suffix}`), small);
    }
  }
}
