// `npm test`: sets up what is missing, then types, lint, unit and flows, contract and live tests, one after the other. Says what
// it does while it does it, fails where a part is missing, and ends with one line of counts. Read `STAGES`, then `main`.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { ensureRootFolder } from '../src/embedded/root-folder.ts';
import { Leftovers } from './run/leftovers.ts';
import { readVitest } from './run/vitest-report.ts';
import type { Counts } from './run/vitest-report.ts';

const REPOSITORY = new URL('..', import.meta.url).pathname;
/** Silence longer than this looks like a hang to whoever watches. */
const BEAT_MS = 15_000;
const MINUTE_MS = 60_000;

interface Stage {
  readonly name: string;
  readonly does: string;
  readonly limitMs: number;
  run(stage: Stage): Promise<Counts>;
}
const vitest = (name: string, project: string, does: string, limitMs: number): Stage => ({ name, does, limitMs, run: (stage) => runVitest(stage, project) });
const command = (name: string, does: string, program: string, args: readonly string[]): Stage => ({ name, does, limitMs: 5 * MINUTE_MS, run: (stage) => runCheck(stage, program, args) });

/** From quick to slow. */
const STAGES: readonly Stage[] = [
  { name: 'set-up', does: "Asterisk, SIPp and Redis in a private root folder", limitMs: 20 * MINUTE_MS, run: setUp },
  command('types', 'tsc over src and test', 'tsc', ['--pretty', 'false']),
  command('lint', 'oxlint with type rules and import rules', 'oxlint', ['src', 'test']),
  vitest('unit', 'unit', 'unit tests and flows', 5 * MINUTE_MS),
  vitest('contract', 'contract', 'contracts on a real Asterisk, Redis and disk', 8 * MINUTE_MS),
  vitest('live', 'live', 'real SIP calls through the real application', 12 * MINUTE_MS),
];

const startedMs = performance.now();
const world = mkdtempSync(join(tmpdir(), 'gv-test-'));
const leftovers = new Leftovers(process.pid, world);
const total = { passed: 0, failed: 0 };
const failures: string[] = [];
let running: (() => void) | null = null;
let isInterrupted = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    isInterrupted = true;
    running?.();
  });
}
process.exitCode = await main(process.argv.slice(2));

async function main(wanted: readonly string[]): Promise<number> {
  const unknown = wanted.filter((name) => !STAGES.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    say(`There is no stage ${unknown.join(', ')}. Stages: ${STAGES.map((stage) => stage.name).join(', ')}.`);
    return finish(0, 1);
  }
  for (const stage of STAGES) {
    if (wanted.length > 0 && stage.name !== 'set-up' && !wanted.includes(stage.name)) continue;
    say(`${stage.name}: ${stage.does} …`);
    const stageMs = performance.now();
    const counts = await stage.run(stage).catch((error: unknown): Counts => ({ passed: 0, failed: 1, failures: [error instanceof Error ? error.message : String(error)] }));
    total.passed += counts.passed;
    total.failed += counts.failed;
    failures.push(...counts.failures.map((failure) => `${stage.name}: ${failure}`));
    say(`${stage.name}: ${counts.passed} passed, ${counts.failed} failed in ${seconds(performance.now() - stageMs)}.`);
    // Without its parts every later stage would fail for the same reason.
    if (stage.name === 'set-up' && counts.failed > 0) break;
    if (isInterrupted) break;
  }
  if (isInterrupted) {
    total.failed += 1;
    failures.push('interrupted before all stages had run');
  }
  const left = await leftovers.find();
  if (left.length > 0) failures.push(`left behind by the tests:\n  ${left.join('\n  ')}`);
  rmSync(world, { recursive: true, force: true });
  return finish(total.passed, total.failed + (left.length > 0 ? 1 : 0));
}

/** The failing tests by name, then the counts, alone on the last line. */
function finish(passed: number, failed: number): number {
  leftovers.close();
  if (failures.length > 0) process.stdout.write(`\nFailed:\n${failures.map((failure) => `- ${failure}`).join('\n')}\n`);
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

async function setUp(stage: Stage): Promise<Counts> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error('The tests run a real Asterisk in a mount namespace of its own, which needs root on Linux. Run "npm test" as root; "npm run check" runs types, lint and unit tests without it.');
  }
  const root = await ensureRootFolder({ folder: join(REPOSITORY, '.genvoice/root'), onProgress: say });
  const missing = ['usr/sbin/asterisk', 'usr/bin/sipp', 'usr/bin/redis-server'].filter((program) => !existsSync(join(root.folder, program)));
  if (missing.length > 0) throw new Error(`${root.folder} lacks ${missing.join(', ')}. Delete the folder and run npm test again.`);
  say(`  ${stage.name}: ${root.asteriskVersion.split('\n')[0] ?? ''}`);
  return { passed: 0, failed: 0, failures: [] };
}

/** A program that is right or wrong as a whole: one check. */
async function runCheck(stage: Stage, program: string, args: readonly string[]): Promise<Counts> {
  const { code, tail } = await run(stage, program, args);
  return code === 0 ? { passed: 1, failed: 0, failures: [] } : { passed: 0, failed: 1, failures: [`${program} ended with ${code}:\n${tail}`] };
}

async function runVitest(stage: Stage, project: string): Promise<Counts> {
  const report = join(world, `${stage.name}.json`);
  const { code, tail } = await run(stage, 'vitest', ['run', '--config', 'test/vitest.config.ts', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
  const counts = readVitest(report, code);
  rmSync(report, { force: true });
  return counts ?? { passed: 0, failed: 1, failures: [`vitest ended with ${code} without a report:\n${tail}`] };
}

/** Runs a program with its output shown, a sign of life while it is silent, and a time limit. Never rejects. */
function run(stage: Stage, program: string, args: readonly string[]): Promise<{ code: string | number; tail: string }> {
  return new Promise((resolve) => {
    let tail = '';
    let last = '';
    let heardMs = performance.now();
    let ending: string | null = null;
    const stageMs = performance.now();
    const child = spawn(program, args, {
      cwd: REPOSITORY, detached: true, stdio: ['ignore', 'pipe', 'pipe'],
      // Everything that tests write goes below one folder, so that what is left there shows.
      env: { ...process.env, TMPDIR: world, NO_COLOR: '1', CI: 'true', PATH: `${join(REPOSITORY, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` },
    });
    const end = (why: string) => (): void => {
      ending ??= why;
      if (child.pid !== undefined) killGroup(child.pid);
    };
    running = end('was interrupted');
    const limit = setTimeout(end(`did not end within ${seconds(stage.limitMs)}`), stage.limitMs);
    const beat = setInterval(() => {
      if (performance.now() - heardMs < BEAT_MS) return;
      heardMs = performance.now();
      say(`  ${stage.name}: at work for ${seconds(performance.now() - stageMs)}${last === '' ? '' : `, last: ${last}`}`);
    }, 1_000);
    const hear = (text: string): void => {
      heardMs = performance.now();
      tail = (tail + text).slice(-6_000);
      last = text.trim().split('\n').at(-1)?.trim().slice(0, 100) || last;
      process.stdout.write(text);
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    const finished = (code: string | number): void => {
      clearTimeout(limit);
      clearInterval(beat);
      running = null;
      resolve({ code: ending === null ? code : `${code} (${ending})`, tail: tail.trim() });
    };
    child.once('error', (error) => finished(error.message));
    child.once('close', (code, signal) => finished(code ?? signal ?? 'unknown'));
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself at this very moment.
  }
}

function say(line: string): void {
  process.stdout.write(`[${seconds(performance.now() - startedMs)}] ${line}\n`);
}

function seconds(ms: number): string {
  const whole = Math.round(ms / 1_000);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
