// Runs scripts of this folder beside each other, and fails where one of them does. They wait for a browser more than they work.
// usage: node test/beside.mjs NAME…
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const run = (name) =>
  new Promise((done) => {
    spawn(process.execPath, [join(here, `${name}.mjs`)], { stdio: 'inherit' }).once('exit', (code) => done([name, code]));
  });
const failed = (await Promise.all(process.argv.slice(2).map(run))).filter(([, code]) => code !== 0);
for (const [name, code] of failed) console.error(`${name}: ended with ${code}`);
process.exit(failed.length ? 1 : 0);
