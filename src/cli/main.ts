// Entry of the `genvoice` command: the real streams, signals and exit code around runCommand. Nothing else.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { runCommand } from './program.ts';
import type { Sink } from './say.ts';

const product = resolve(import.meta.dirname, '..', '..');
const { version } = JSON.parse(readFileSync(resolve(product, 'package.json'), 'utf8')) as { version: string };

// `genvoice calls list | head -1` closes our output: no fault, and nobody is left to tell.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // A second one does not wait for the call to be hung up in order.
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort();
  });
}

const sink = (stream: NodeJS.WriteStream): Sink => ({
  write: (text) => void stream.write(text),
  isTTY: stream.isTTY === true,
  columns: stream.columns,
});
process.exitCode = await runCommand(process.argv.slice(2), {
  stdout: sink(process.stdout),
  stderr: sink(process.stderr),
  env: process.env,
  product,
  workingFolder: process.cwd(),
  version,
  interrupted: interrupted.signal,
  nowMs: () => Date.now(),
});
