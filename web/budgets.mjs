// Holds the weight of the pages: what a browser must load, as gzip, before the first page and before a project's.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Most JavaScript in kB of gzip (1 kB is 1000 bytes). */
const FIRST_LOAD_MAX = 110;
const PROJECT_MORE_MAX = 60;
const WATCH_MAX = 12;

const WATCH = 'watch.html';
/** What comes with the room a moment later: the curve of a show on the air, and how to send. It counts for the room. */
const LATER = ['src/features/project/Chart.tsx', 'src/features/project/EncoderSetup.tsx'];

/** The key of a file that was put together under a name (vite.config.ts). */
export function chunk(manifest, name) {
  const key = Object.keys(manifest).find((each) => manifest[each].name === name);
  if (!key) throw new Error(`${name} is no chunk of the build`);
  return key;
}

/** The keys of a file and of all that it cannot be without. */
export function statics(manifest, key, into = new Set()) {
  if (into.has(key)) return into;
  into.add(key);
  for (const each of manifest[key]?.imports ?? []) statics(manifest, each, into);
  return into;
}

export async function checkBudgets(dist) {
  const manifestFile = join(dist, '.vite', 'manifest.json');
  const manifest = JSON.parse(await readFile(manifestFile, 'utf8'));
  const weigh = async (keys) => {
    let total = 0;
    for (const key of keys) total += gzipSync(await readFile(join(dist, manifest[key].file)), { level: 9 }).length;
    return total / 1000;
  };
  const known = (key) => {
    if (!manifest[key]) throw new Error(`${key} is no chunk of the build: the budget has nothing to weigh`);
    return key;
  };
  const first = statics(manifest, chunk(manifest, 'first'));
  const room = [chunk(manifest, 'room'), ...LATER.map(known)].flatMap((key) => [...statics(manifest, key)]);
  const project = new Set(room.filter((key) => !first.has(key)));
  const watch = statics(manifest, known(WATCH));
  const player = Object.keys(manifest).filter((key) => key.endsWith('player/hls.ts'));
  const eager = [...first, ...project, ...watch].filter((key) => player.includes(key));
  if (eager.length) throw new Error('hls.js is loaded before there is a picture');
  const report = [
    ['first load', await weigh(first), FIRST_LOAD_MAX],
    ['project page, more', await weigh(project), PROJECT_MORE_MAX],
    ['viewer page, without player', await weigh(watch), WATCH_MAX],
  ];
  let over = false;
  for (const [what, kB, most] of report) {
    over ||= kB > most;
    console.log(`${what.padEnd(28)} ${kB.toFixed(1).padStart(6)} kB gzip of ${most}${kB > most ? '  OVER' : ''}`);
  }
  for (const { file } of Object.values(manifest).filter(({ file }) => /first-.*\.css$/.test(file))) console.log(`${'style'.padEnd(28)} ${((await stat(join(dist, `${file}.gz`))).size / 1000).toFixed(1).padStart(6)} kB gzip`);
  console.log(`${'player, when played'.padEnd(28)} ${(await weigh(player)).toFixed(1).padStart(6)} kB gzip`);
  if (over) throw new Error('a page is heavier than its budget (web/budgets.mjs)');
}
