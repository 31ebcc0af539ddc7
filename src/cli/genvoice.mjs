#!/usr/bin/env node
// The `genvoice` command as npx and a symlink start it, on Node 20 or later: sees that the packages are installed, then
// runs main.ts on the Node 24 that came with them. Passes on arguments, streams, signals and the exit code.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

// npx starts a symlink in node_modules/.bin: the real file tells where the product lies.
const root = resolve(dirname(realpathSync(fileURLToPath(import.meta.url))), '..', '..');
const boot = spawnSync(process.execPath, [join(root, 'src', 'boot.mjs'), '--quiet'], {
  cwd: root,
  stdio: ['ignore', 2, 2],
});
if (boot.status !== 0) process.exit(boot.status ?? 3);

const own = join(root, 'node_modules', '.bin', 'node');
const node = existsSync(own) ? own : process.execPath;
const child = spawn(node, [join(root, 'src', 'cli', 'main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
// Ctrl+C reaches the child by itself (same terminal); it decides how to end. Other signals are passed on.
process.on('SIGINT', () => {});
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  process.stderr.write(`Node 24 could not be started: ${error.message}\nRun npm ci in ${root}, then try again.\n`);
  process.exit(3);
});
child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
