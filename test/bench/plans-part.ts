// What plans cost without a call: decisions a second, and 100,000 numbers of 1,000 customers loaded as the product loads
// them (files, history, threads, checks, index).
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlanMedia } from '../../src/plans/media.ts';
import { PlanStore } from '../../src/plans/plan-source.ts';
import { compile } from '../../src/routing/compile.ts';
import { decide } from '../../src/routing/decide.ts';
import type { Outcome, RoutingPlan, Step } from '../../src/routing/plan.ts';
import { dataPaths, openDataFolder } from '../../src/store/data-folder.ts';
import { PlanHistory } from '../../src/store/plan-history.ts';
import { realClock } from '../../src/telemetry/clock.ts';
import { watchLoop } from '../../src/telemetry/loop-watch.ts';
import type { Part } from './figures.ts';
import { benchPlan, otherName, otherPlan } from './plans.ts';
import { watchOwnTime } from './own-time.ts';
import { median, rounded } from './statistics.ts';

const CUSTOMERS = 1_000;
const NUMBERS = 100;
const DECIDE_MS = 700;

export async function measurePlans(options: { readonly rounds: number; readonly say: (line: string) => void }): Promise<Part> {
  const decisions: number[] = [];
  const compiled: number[] = [];
  const first: number[] = [];
  const ordinary: number[] = [];
  let longestTaskMs = 0;
  let longestOwnMs = 0;
  for (let round = 0; round < options.rounds; round += 1) {
    decisions.push(decisionsPerSecond());
    compiled.push(compileAll());
    const loaded = await loadAll();
    first.push(loaded.firstMs);
    ordinary.push(loaded.ordinaryMs);
    longestTaskMs = Math.max(longestTaskMs, loaded.longestTaskMs);
    longestOwnMs = Math.max(longestOwnMs, loaded.longestOwnMs);
    options.say(`  round ${round + 1}: ${Math.round((decisions.at(-1) ?? 0) / 1_000)},000 decisions/s; compile ${rounded(compiled.at(-1) ?? 0, 0)} ms on one thread; load ${rounded(loaded.firstMs, 0)} ms at first, ${rounded(loaded.ordinaryMs, 0)} ms after`);
  }
  return {
    title: 'Plans', commands: [],
    figures: [
      { name: 'decide()', unit: 'a second', rounds: { ours: decisions }, digits: 0 }, { name: '100,000 numbers of 1,000 customers, compile() alone on one thread', unit: 'ms', rounds: { ours: compiled }, digits: 0 },
      { name: 'the same loaded by the plan store, every plan new', unit: 'ms', rounds: { ours: first }, digits: 0 }, { name: 'the same loaded by the plan store, known plans', unit: 'ms', rounds: { ours: ordinary }, digits: 0 },
      { name: 'longest main-thread task while loading', unit: 'ms', rounds: { ours: [longestTaskMs] } },
      { name: "most of the main thread's own processor time between two ticks of 5 ms while loading", unit: 'ms', rounds: { ours: [longestOwnMs] } },
    ],
    bars: [
      { text: 'decide(): at least 500,000 a second', measured: `${Math.round(median(decisions)).toLocaleString('en-GB')} a second`, isMet: median(decisions) >= 500_000 },
      { text: '100,000 DDIs across 1,000 customers compile in under 3 s', measured: `${rounded(median(ordinary) / 1_000, 2)} s (every plan new: ${rounded(median(first) / 1_000, 2)} s)`, isMet: median(ordinary) < 3_000 },
      { text: 'No main-thread task over 20 ms (while 1,000 plans load)', measured: `${rounded(longestTaskMs)} ms`, isMet: longestTaskMs <= 20 },
    ],
    notes: ['decide(): every step of the bench plan with each of its outcomes in turn', 'loaded by the plan store: read, hash, compile in worker threads, dry run of each number, index; history in SQLite on disk',
      'the longest task is the time that the main thread was late, so it holds what other threads and programs took of the processors; its own processor time does not'],
  };
}

function decisionsPerSecond(): number {
  const { plan } = compile(benchPlan('http://127.0.0.1:9/'), { customer: 'bench', version: 1, hash: 'x', allowLoopbackLookups: true });
  if (plan === null) throw new Error('the bench plan does not compile');
  const cases = [...plan.steps.values()].flatMap((step) => outcomesOf(step).map((outcome): [Step, Outcome] => [step, outcome]));
  return perSecond(plan, cases);
}

function perSecond(plan: RoutingPlan, cases: readonly (readonly [Step, Outcome])[]): number {
  let done = 0;
  let fallbacks = 0;
  const startedMs = performance.now();
  while (performance.now() - startedMs < DECIDE_MS) {
    for (let turn = 0; turn < 100; turn += 1) {
      for (const [step, outcome] of cases) {
        const next = decide(plan, step, outcome);
        if (next.kind === 'go' && next.tookFallback) fallbacks += 1;
      }
    }
    done += 100 * cases.length;
  }
  // The result is used, or the whole loop could be left out by the engine.
  if (fallbacks < 0) throw new Error('no decision was taken');
  return (done / (performance.now() - startedMs)) * 1_000;
}

function outcomesOf(step: Step): Outcome[] {
  const names = 'on' in step ? Object.keys(step.on) : [];
  const keys = step.kind === 'menu' ? Object.keys(step.choices).map((digits): Outcome => ({ name: 'choice', digits })) : [];
  return [...names.map((name): Outcome => ({ name })), ...keys, { name: 'fault' }];
}

function compileAll(): number {
  const texts = Array.from({ length: CUSTOMERS }, (_, place) => JSON.stringify(otherPlan(place, NUMBERS, 'one')));
  const startedMs = performance.now();
  texts.forEach((text, place) => {
    const { plan, problems } = compile(JSON.parse(text), { customer: otherName(place), version: 1, hash: String(place) });
    if (plan === null) throw new Error(`a plan does not compile: ${JSON.stringify(problems[0])}`);
  });
  return performance.now() - startedMs;
}

async function loadAll(): Promise<{ firstMs: number; ordinaryMs: number; longestTaskMs: number; longestOwnMs: number }> {
  const root = mkdtempSync(join(tmpdir(), 'gv-bench-plans-'));
  const folder = join(root, 'plans');
  mkdirSync(folder);
  openDataFolder({ folder: join(root, 'data'), onAlarm: () => undefined, minFreeBytes: 0 }).close();
  for (let place = 0; place < CUSTOMERS; place += 1) writeFileSync(join(folder, `${otherName(place)}.json`), JSON.stringify(otherPlan(place, NUMBERS, 'one')));
  const history = new PlanHistory(dataPaths(join(root, 'data')).databases.admin);
  const media = new PlanMedia(folder, { prepare: () => Promise.reject(new Error('has none')), phrase: () => null });
  const loop = watchLoop();
  const own = watchOwnTime();
  const timed = async (): Promise<number> => {
    const startedMs = performance.now();
    const store = await PlanStore.open({ folder, history, clock: realClock(), phrases: null, allowLoopbackLookups: false, media });
    const tookMs = performance.now() - startedMs;
    const numbers = store.customers().reduce((sum, customer) => sum + (store.byCustomer(customer)?.numbers.size ?? 0), 0);
    await store.close();
    if (numbers !== CUSTOMERS * NUMBERS) throw new Error(`${numbers} numbers were loaded, not ${CUSTOMERS * NUMBERS}`);
    return tookMs;
  };
  try {
    loop.takeLongestMs();
    return { firstMs: await timed(), ordinaryMs: await timed(), longestTaskMs: loop.takeLongestMs(), longestOwnMs: own.longestMs() };
  } finally {
    loop.stop();
    own.stop();
    await history.close();
    rmSync(root, { recursive: true, force: true });
  }
}
