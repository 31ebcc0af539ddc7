// Start here: settings, then the service, then words for the person who started it; on SIGTERM or Ctrl+C it drains.
// The parts are put together in app/service.ts; one call is followed in the README.
import { dirname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { readyText } from './app/ready-text.ts';
import { startService } from './app/service.ts';
import { explainProblems, readSettings } from './settings.ts';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const loaded = readSettings(projectFolder, process.env);
if (loaded.settings === null) {
  say(explainProblems(loaded.problems));
  process.exit(2);
}
const { settings } = loaded;
for (const warning of loaded.warnings) say(explainProblems([warning]));

const starting = startService(loaded, settings, projectFolder, say);
/** Shells and npm send the same signal twice; a person who is in a hurry takes longer. */
const SECOND_SIGNAL_MS = 1_000;
let stoppingSinceMs: number | null = null;
const hurry = new AbortController();
const stop = async (signal: string): Promise<void> => {
  const nowMs = performance.now();
  if (stoppingSinceMs !== null) {
    if (nowMs - stoppingSinceMs < SECOND_SIGNAL_MS) return;
    if (hurry.signal.aborted) process.exit(130);
    say('Live calls are ended now.');
    hurry.abort();
    return;
  }
  stoppingSinceMs = nowMs;
  say(`${signal}: no new calls.`);
  try {
    const service = await starting;
    await service.stop(settings.drainMs, say, hurry.signal);
    say('GENVoice has stopped; nothing of it is left running.');
    process.exit(0);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
};
process.on('SIGTERM', () => void stop('SIGTERM'));
process.on('SIGINT', () => void stop('Ctrl+C'));
// A reader of our output that goes away is no reason to drop calls.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

try {
  const service = await starting;
  for (const problem of service.problems) say(problem);
  process.stdout.write(readyText(service, settings));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exit(3);
}
