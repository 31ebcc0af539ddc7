// `npm run test:docker`: builds the images, starts them, places one SIPp call and one call with registered phones through
// the demo plan, and takes everything down again. Needs a Docker engine; exit code 3 says that there is none.
import { execFile, spawn } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FOLDER = new URL('../docker', import.meta.url).pathname;
const MINUTE_MS = 60_000;
/** A project of its own: taking it down with its volumes must not touch an installation. */
const PROJECT = `genvoice-test-${process.pid}`;
const ENV = { ...process.env, GENVOICE_HTTP_PORT: '0', BUILDKIT_PROGRESS: 'plain', DOCKER_BUILDKIT: '1' };

interface Step {
  readonly says: string;
  readonly args: readonly string[];
  readonly limitMs: number;
}

const STEPS: readonly Step[] = [
  { says: 'Building the images', args: ['--profile', 'test', 'build'], limitMs: 15 * MINUTE_MS },
  { says: 'Starting Asterisk and the application', args: ['up', '--detach', '--wait'], limitMs: 3 * MINUTE_MS },
  { says: 'A call by SIPp: prompts heard, two keys, goodbye', args: ['run', '--rm', '-T', 'sipp'], limitMs: 2 * MINUTE_MS },
  // Our own phones register with the passwords that were pushed to that Asterisk, and one of them answers.
  { says: 'A call to a registered phone', args: ['exec', '-T', 'app', 'genvoice', 'call', '+441632960019', '--answer', '201=answered'], limitMs: 2 * MINUTE_MS },
];

/** Why no engine can be used, or null. */
async function missingEngine(): Promise<string | null> {
  try {
    await run('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 20_000 });
    await run('docker', ['compose', 'version'], { timeout: 20_000 });
    return null;
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: unknown };
    const said = typeof stderr === 'string' ? (stderr.trim().split('\n').at(-1) ?? '') : '';
    return code === 'ENOENT' ? 'the program docker is not installed' : said === '' ? 'it does not answer' : said;
  }
}

/** Compose with its output passed on; false when it failed or took too long. */
function compose({ args, limitMs }: Pick<Step, 'args' | 'limitMs'>): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('docker', ['compose', '--project-name', PROJECT, ...args], { cwd: FOLDER, env: ENV, stdio: ['ignore', 'inherit', 'inherit'] });
    const limit = setTimeout(() => {
      process.stdout.write(`Not done within ${Math.round(limitMs / 1_000)} s.\n`);
      child.kill('SIGTERM');
    }, limitMs);
    const settle = (isDone: boolean): void => {
      clearTimeout(limit);
      resolve(isDone);
    };
    child.once('error', () => settle(false));
    child.once('exit', (code) => settle(code === 0));
  });
}

async function main(): Promise<number> {
  const missing = await missingEngine();
  if (missing !== null) {
    process.stdout.write(`The Docker test needs a Docker engine with compose, and there is none here: ${missing.replace(/[.?]+$/, '')}.\n`);
    return 3;
  }
  const startedMs = performance.now();
  let failed: string | null = null;
  try {
    for (const step of STEPS) {
      process.stdout.write(`${step.says} …\n`);
      if (await compose(step)) continue;
      failed = step.says;
      await compose({ args: ['ps', '--all'], limitMs: MINUTE_MS });
      await compose({ args: ['logs', '--tail', '80'], limitMs: MINUTE_MS });
      break;
    }
  } finally {
    process.stdout.write('Taking everything down …\n');
    if (!(await compose({ args: ['--profile', 'test', 'down', '--volumes', '--timeout', '5'], limitMs: 2 * MINUTE_MS }))) failed ??= 'Taking everything down';
  }
  const took = `${Math.round((performance.now() - startedMs) / 1_000)} s`;
  process.stdout.write(failed === null ? `docker: ${STEPS.length} of ${STEPS.length} steps passed in ${took}\n` : `docker: failed after ${took} at: ${failed}\n`);
  return failed === null ? 0 : 1;
}

// An interrupted step ends by itself; what was started is taken down all the same.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.exit(await main());
