// Builds the pages into dist/, the folder that the engine embeds: HTML at its root, all else in assets/ under a name that
// changes with its content. Each file that gets smaller stands there compressed as well, so that nothing is at run time.
import { constants, brotliCompress, gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { CHART, checkBudgets, chunk, statics } from './budgets.mjs';
import { licences } from './licences.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');

await rm(dist, { recursive: true, force: true });
try {
  await build({ root: here, configFile: join(here, 'vite.config.ts'), logLevel: 'warn' });
  await writeFile(join(dist, 'assets', 'LICENSES.txt'), await licences(here));
  await writePages();
  await compress();
  await checkBudgets(dist);
  // The list of chunks was for the budgets; nobody asks the engine for it.
  await rm(join(dist, '.vite'), { recursive: true });
} catch (error) {
  // Half a build is none: whoever looks for the folder shall not find one.
  await rm(dist, { recursive: true, force: true });
  throw error;
}

/** The pages name the text's font; the live room's also its own files. So they come with the first ones. */
async function writePages() {
  const manifest = JSON.parse(await readFile(join(dist, '.vite', 'manifest.json'), 'utf8'));
  const font = (await readdir(join(dist, 'assets'))).find((name) => /-latin-wdth-.*\.woff2$/.test(name));
  if (!font) throw new Error('there is no font to name');
  const first = statics(manifest, chunk(manifest, 'first'));
  const more = [...statics(manifest, chunk(manifest, 'room')), CHART].filter((key) => !first.has(key));
  const text = `  <link rel="preload" as="font" type="font/woff2" crossorigin href="/assets/${font}">\n`;
  const room = more.map((key) => `  <link rel="modulepreload" crossorigin href="/${manifest[key].file}">\n`).join('');
  const page = await readFile(join(dist, 'index.html'), 'utf8');
  // What is named first has the connection that is open already: scripts and style, then answers, then the font.
  const early = '  <!-- early -->\n';
  const head = (links) => page.replace(early, '').replace('</head>', `${links}${early}${text}</head>`);
  await writeFile(join(dist, 'index.html'), head(''));
  await writeFile(join(dist, 'room.html'), head(room));
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
