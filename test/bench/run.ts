// `npm run bench`: all parts in one run on this machine, and test/bench/results.md from them. Time-boxed; a part that fails
// leaves its reason in the results and the others go on. Options: --quick, --soak, --only NAME[,NAME], --rate N.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { cpus } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { measureAnswers } from './answers.ts';
import { measureCapacity } from './capacity.ts';
import { measureDwell } from './dwell.ts';
import { renderResults, type Part } from './figures.ts';
import { measureJudgements } from './judge.ts';
import { measureKilled } from './killed.ts';
import { closeLoad } from './load.ts';
import { measureNumbers } from './numbers.ts';
import { measurePlans } from './plans-part.ts';
import { measureProofs } from './proofs-part.ts';
import { measureReload } from './reload.ts';
import { measureResponses } from './responses.ts';
import { measureRestless } from './restless.ts';
import { loadAverage } from './statistics.ts';
import { PROJECT, startWorld, type World } from './world.ts';

const PARTS = ['answers', 'capacity', 'responses', 'plans', 'proofs', 'judge', 'numbers', 'reload', 'dwell', 'restless', 'killed'] as const;
type PartName = (typeof PARTS)[number];
/** No new round of the step search after this; a round takes one to two minutes. */
const CAPACITY_LIMIT_MS = 170_000;
/** An external system that takes its time: calls are to be found in the lookup step. */
const LOOKUP_ANSWERS_AFTER_MS = 6_000;

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, soak: { type: 'boolean', default: false }, only: { type: 'string' }, rate: { type: 'string', default: '100' }, output: { type: 'string' } },
});
const only = options.only?.split(',');
const unknown = only?.find((name) => !PARTS.includes(name as PartName));
if (unknown !== undefined) {
  process.stderr.write(`--only ${unknown}: there is no such part. Parts: ${PARTS.join(', ')}\n`);
  process.exit(2);
}
if (process.getuid?.() !== 0 || process.platform !== 'linux') {
  process.stderr.write('The bench starts its own Asterisk and pins SIPp to a processor: run it as root on Linux.\n');
  process.exit(2);
}
const rate = Math.max(1, Number(options.rate) || 100);
const rounds = options.quick ? 1 : 3;
/** What makes this run an easier one than the issue's, in words; null = nothing. */
const easier = [...(rate === 100 ? [] : [`${rate} calls/s`]), ...(options.quick ? ['--quick'] : [])].join(', ') || null;
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const wants = (name: PartName): boolean => only === undefined || only.includes(name);

const startedAtMs = Date.now();
const loadBefore = loadAverage();
const parts: Part[] = [];
const lookup = await slowSystem();
const lookupUrl = `http://127.0.0.1:${(lookup.address() as { port: number }).port}/crm`;
let world: World | null = null;
let stopping: Promise<void> | null = null;
const stop = (): Promise<void> =>
  (stopping ??= (async () => {
    await world?.stop().catch((error: unknown) => say(`stopping: ${String(error)}`));
    closeLoad();
    lookup.close();
    lookup.closeAllConnections();
  })());
process.once('SIGINT', () => void stop().then(() => process.exit(130)));
process.once('SIGTERM', () => void stop().then(() => process.exit(143)));

async function measured(name: PartName, measure: (world: World) => Promise<Part>): Promise<void> {
  if (!wants(name)) return;
  say(`${name} (load average ${loadAverage()})`);
  try {
    world ??= await startWorld({ lookupUrl, say });
    const part = await measure(world);
    parts.push(easier === null ? part : { ...part, bars: part.bars.map((one) => ({ shortOf: easier, ...one })) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    say(`  failed: ${reason}`);
    parts.push({ title: name, commands: [], figures: [], bars: [{ text: `The part "${name}" of the bench runs`, measured: reason.split('\n')[0] ?? '', isMet: false }], notes: [] });
  }
}

try {
  await measured('answers', (w) => measureAnswers(w, { callsPerSecond: rate, rounds, seconds: options.quick ? 3 : 8, say }));
  await measured('responses', (w) => measureResponses(w, { callsPerSecond: rate, seconds: options.quick ? 5 : 20, say }));
  await measured('capacity', (w) => measureCapacity(w, { rounds, untilMs: performance.now() + CAPACITY_LIMIT_MS, say }));
  await measured('restless', (w) => measureRestless(w, { calls: options.quick ? 200 : 2_000, callsPerSecond: Math.min(rate, 60), say }));
  await measured('killed', (w) => measureKilled(w, { say }));
  await measured('dwell', async (w) => {
    // Only this part needs the inspector, and nothing else is to pay for it.
    await w.application.kill();
    await w.application.restart(['--inspect=127.0.0.1:0']);
    return measureDwell(w.application, { rootFolder: w.rootFolder, atOnce: options.quick ? 50 : 500, minutes: options.soak ? 10 : 1, say });
  });
  await measured('plans', () => measurePlans({ rounds, say }));
  await measured('proofs', () => measureProofs({ rounds, say }));
  await measured('judge', () => measureJudgements({ rounds, say }));
  await measured('numbers', async () => measureNumbers({ strings: options.quick ? 200_000 : 2_000_000, rounds, say }));
  await measured('reload', (w) => measureReload({ callsPerSecond: rate, rounds, seconds: options.quick ? 3 : 5, customers: options.quick ? 100 : 1_000, numbers: 100, rootFolder: w.rootFolder, say }));
} finally {
  await stop();
}

const facts = {
  startedAt: new Date(startedAtMs).toISOString(), tookS: Math.round((Date.now() - startedAtMs) / 1_000), machine: `${cpus().length} processors (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}`, loadBefore,
  command: `npm run bench${process.argv.length > 2 ? ` -- ${process.argv.slice(2).join(' ')}` : ''}`, commit: output('git', ['rev-parse', '--short', 'HEAD']), asterisk: 'Asterisk 22.10 and SIPp 3.8 of the private root folder, all on loopback',
};
const text = renderResults(facts, parts, causes());
// A part of the bench, or a short one, must not pass for the whole.
const isWhole = only === undefined && !options.quick && rate === 100;
const target = options.output ?? (isWhole ? join(PROJECT, 'test/bench/results.md') : null);
if (target !== null) writeFileSync(target, text);
process.stdout.write(target === null ? `${text}\n` : `Results are in ${target}\n`);
const bars = parts.flatMap((part) => part.bars);
process.stdout.write(`${bars.filter((one) => one.isMet && one.shortOf === undefined).length} of ${bars.length} bars met in ${facts.tookS} s\n`);
process.exit(bars.every((one) => one.isMet) ? 0 : 1);

function slowSystem(): Promise<Server> {
  const server = createServer((_request, response) => {
    setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{"tier":"gold"}'), LOOKUP_ANSWERS_AFTER_MS).unref();
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function causes(): Record<string, string> {
  try {
    return JSON.parse(readFileSync(join(PROJECT, 'test/bench/causes.json'), 'utf8')) as Record<string, string>;
  } catch {
    return {};
  }
}

function output(program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, { cwd: PROJECT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}
