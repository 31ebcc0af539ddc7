// Stands in for the compile thread: hangs or dies where the text says so, else answers at once.
import { parentPort } from 'node:worker_threads';
import type { FromWorker, ToWorker } from '../../../src/plans/compile-protocol.ts';

parentPort?.on('message', (message: ToWorker) => {
  if ('next' in message || !('job' in message) || message.job.kind !== 'compile' || message.job.input.kind !== 'text') return;
  const { text } = message.job.input;
  if (text === 'hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  if (text === 'die') process.exit(1);
  const reply: FromWorker = { id: message.id, answer: { kind: 'compiled', outcome: 'refused', hash: text, text: null, problems: [], plan: null }, parts: [], more: 0 };
  parentPort?.postMessage(reply);
});
