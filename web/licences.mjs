// What is shipped, under which licence: every package below `dependencies`, with its text. Any other licence than these
// stops the build, because it has to be read first.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const ALLOWED = new Set(['MIT', 'ISC', '0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'Unlicense', 'OFL-1.1', 'CC0-1.0', 'MIT OR Apache-2.0']);

export async function licences(root) {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  const packages = lock.packages;
  const shipped = new Set();
  const visit = (from, name) => {
    // As Node resolves: the nearest node_modules upward.
    let at = from;
    for (;;) {
      const key = at ? `${at}/node_modules/${name}` : `node_modules/${name}`;
      if (packages[key]) {
        if (shipped.has(key)) return;
        shipped.add(key);
        for (const next of Object.keys(packages[key].dependencies ?? {})) visit(key, next);
        return;
      }
      if (!at) return;
      at = at.includes('/node_modules/') ? at.slice(0, at.lastIndexOf('/node_modules/')) : '';
    }
  };
  for (const name of Object.keys(packages[''].dependencies)) visit('', name);
  const parts = [];
  for (const key of [...shipped].toSorted()) {
    // Types are not shipped.
    if (key.includes('/@types/')) continue;
    const folder = join(root, key);
    const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    if (!ALLOWED.has(license)) throw new Error(`${name} ${version} is under ${license}: read it, then list it in web/licences.mjs`);
    const file = (await readdir(folder)).find((each) => /^(licen[cs]e|copying)/i.test(each));
    const text = file ? (await readFile(join(folder, file), 'utf8')).trim() : '';
    parts.push(`${name} ${version} (${license})\n\n${text}`);
  }
  return `${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
