// Rules of the house that a compiler does not know.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(process.cwd(), 'src');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(tsx?|css)$/.test(name))
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));
const product = files.filter(({ name }) => !/\.test\.|^test\//.test(name));

it('pages are below 150 lines, and split by feature', () => {
  const long = product.filter(({ name, text }) => name.startsWith('pages/') && text.split('\n').length >= 150).map(({ name }) => name);
  expect(long).toEqual([]);
});

it('no flag that says “loading” is kept by hand', () => {
  const flags = product.filter(({ text }) => /\[\s*\w*(loading|pending|saving|fetching|busy)\w*\s*,\s*set/i.test(text));
  expect(flags.map(({ name }) => name)).toEqual([]);
});

it('no text is faint by opacity', () => {
  const faint = product.filter(({ name, text }) => name.endsWith('.tsx') && /["\s]opacity-\d/.test(text)).map(({ name }) => name);
  expect(faint).toEqual([]);
});

it('nothing is loaded from elsewhere, and nothing is inline', () => {
  const sources = product.filter(({ text }) => /(src|href)=["']https?:|url\(["']?https?:|dangerouslySetInnerHTML|setInterval\([^)]*fetch/.test(text));
  expect(sources.map(({ name }) => name)).toEqual([]);
});

it('every file says first what it is', () => {
  const silent = product.filter(({ name, text }) => /\.tsx?$/.test(name) && !/^\/[/*]/.test(text)).map(({ name }) => name);
  expect(silent).toEqual([]);
});
