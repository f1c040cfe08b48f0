// Runs scripts of this folder beside each other, and fails where one of them does. They wait for a browser more than they work.
// usage: node test/beside.mjs NAME…
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** Each line with the name of who says it. */
const run = (name) =>
  new Promise((done) => {
    const child = spawn(process.execPath, [join(here, `${name}.mjs`)], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', (line) => console.log(`${name}: ${line}`));
    child.once('close', (code) => done([name, code]));
  });
const failed = (await Promise.all(process.argv.slice(2).map(run))).filter(([, code]) => code !== 0);
for (const [name, code] of failed) console.error(`${name} ended with ${code}`);
process.exit(failed.length ? 1 : 0);
