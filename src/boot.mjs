// Makes node_modules match package-lock.json before anything else runs. Plain JavaScript for Node 20 and
// later, with no import from node_modules: this is the one file that runs before they exist.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';

const root = new URL('..', import.meta.url);
const stamp = new URL('node_modules/.genvoice-lock', root);
const quiet = process.argv.includes('--quiet');

/** @param {string} line */
function say(line) {
  if (!quiet) process.stderr.write(`${line}\n`);
}

const wanted = createHash('sha256')
  .update(readFileSync(new URL('package-lock.json', root)))
  .digest('hex');
const isCurrent = existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;

if (!isCurrent) {
  const startedMs = performance.now();
  const elapsed = () => `${Math.round((performance.now() - startedMs) / 1000)} s`;
  process.stderr.write('Installing the packages in package-lock.json (about 25 s the first time) …\n');
  const beat = setInterval(() => process.stderr.write(`  still installing, ${elapsed()}\n`), 10_000);
  const code = await new Promise((resolve) => {
    const npm = spawn('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] });
    npm.on('error', (error) => {
      process.stderr.write(`npm could not be started: ${error.message}\n`);
      resolve(1);
    });
    npm.on('exit', (exitCode) => resolve(exitCode ?? 1));
  });
  clearInterval(beat);
  if (code !== 0) {
    process.stderr.write('The packages could not be installed. Is the npm registry reachable? Then run the command again.\n');
    process.exit(3);
  }
  writeFileSync(stamp, wanted);
  say(`Packages installed after ${elapsed()}.`);
}
