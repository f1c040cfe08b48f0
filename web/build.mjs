// Copies the pages and hls.js into dist/, the folder that the engine embeds: HTML at its root, all else in assets/.
// There is nothing to compile; the step exists so that the player's library comes from npm, pinned and checked.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');
const assets = join(dist, 'assets');
const hls = join(here, 'node_modules', 'hls.js');

await rm(dist, { recursive: true, force: true });
await mkdir(assets, { recursive: true });

for (const page of ['index.html', 'watch.html', 'welcome.html']) {
  await cp(join(here, page), join(dist, page));
}
for (const asset of ['app.js', 'player.js', 'style.css']) {
  await cp(join(here, asset), join(assets, asset));
}

// The whole build, since the light one knows no sounds beside the pictures, and its worker as a file: a strict CSP allows no
// inline worker.
// The source map comments go, because the maps are not shipped.
for (const [from, to] of [['hls.min.mjs', 'hls.js'], ['hls.worker.js', 'hls.worker.js']]) {
  const text = await readFile(join(hls, 'dist', from), 'utf8');
  await writeFile(join(assets, to), text.replace(/^\/\/# sourceMappingURL=.*$/gm, ''));
}
await cp(join(hls, 'LICENSE'), join(assets, 'hls.LICENSE.txt'));
