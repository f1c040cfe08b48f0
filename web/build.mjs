// Builds the pages into dist/, the folder that the engine embeds: HTML at its root, all else in assets/ under a name that
// changes with its content. Each file that gets smaller stands there compressed as well, so that nothing is at run time.
import { constants, brotliCompress, gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { checkBudgets } from './budgets.mjs';
import { licences } from './licences.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');

await rm(dist, { recursive: true, force: true });
await build({ root: here, configFile: join(here, 'vite.config.ts'), logLevel: 'warn' });
await writeFile(join(dist, 'assets', 'LICENSES.txt'), await licences(here));
await copyOld();
await compress();
await checkBudgets(dist);

/** The pages from before there was an API: the demo's, and the one that says how to begin. */
async function copyOld() {
  await mkdir(join(dist, 'old'));
  for (const page of ['demo.html', 'welcome.html']) await cp(join(here, 'old', page), join(dist, page));
  for (const asset of ['app.js', 'player.js', 'style.css']) await cp(join(here, 'old', asset), join(dist, 'old', asset));
  // The source map comments go, because the maps are not shipped.
  for (const [from, to] of [['hls.min.mjs', 'hls.js'], ['hls.worker.js', 'hls.worker.js']]) {
    const text = await readFile(join(here, 'node_modules', 'hls.js', 'dist', from), 'utf8');
    await writeFile(join(dist, 'old', to), text.replace(/^\/\/# sourceMappingURL=.*$/gm, ''));
  }
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
