import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import type { E164 } from '../../../src/numbering/e164.ts';
import { breathe } from '../../../src/plans/breathe.ts';
import { Compiler } from '../../../src/plans/compiler.ts';
import type { CompileJob } from '../../../src/plans/compile-protocol.ts';
import { DdiIndex } from '../../../src/plans/ddi-index.ts';
import { dryRun } from '../../../src/plans/dry-run.ts';
import { Locks } from '../../../src/plans/locks.ts';
import { compile } from '../../../src/routing/compile.ts';
import type { RoutingPlan } from '../../../src/routing/plan.ts';

function planOf(customer: string, ddis: readonly string[], version = 1): RoutingPlan {
  const { plan, problems } = compile(
    {
      schema: 1,
      organisation: { name: 'Acme', contact: 'x', timeZone: 'Europe/London', nation: 'england' },
      numbers: Object.fromEntries(ddis.map((ddi) => [ddi, { label: 'x', entry: 'bye' }])),
      steps: { bye: { kind: 'end', label: 'End', how: 'hang-up' } },
      failsafe: 'bye',
    },
    { customer, version, hash: `${customer}${version}` },
  );
  if (plan === null) throw new Error(JSON.stringify(problems));
  return plan;
}
const ddi = (at: number) => `+44163296${String(at).padStart(4, '0')}` as E164;

describe('index of numbers', () => {
  test('finds, swaps, frees and removes', async () => {
    const index = new DdiIndex();
    const one = planOf('acme', [ddi(1), ddi(2)]);
    expect(await index.swap(one)).toBe(false);
    expect(index.byDdi(ddi(2))).toBe(one);
    expect(await index.conflicts(planOf('bolt', [ddi(2), ddi(3)]))).toMatchObject([{ path: `/numbers/${ddi(2)}` }]);
    expect(await index.conflicts(planOf('acme', [ddi(2)], 2))).toEqual([]);
    expect(await index.swap(planOf('acme', [ddi(1)], 2))).toBe(true);
    expect(index.byDdi(ddi(2))).toBeNull();
    expect(await index.swap(planOf('bolt', [ddi(2)]))).toBe(false);
    expect(index.byDdi(ddi(2))?.customer).toBe('bolt');
    expect(index.customers()).toEqual(['acme', 'bolt']);
    expect(await index.remove('acme')).toBe(true);
    expect(await index.remove('acme')).toBe(false);
    expect(index.byDdi(ddi(1))).toBeNull();
    expect(index.byDdi(ddi(2))?.customer).toBe('bolt');
  });

  test('a call during a long swap sees the whole old plan or the whole new one', async () => {
    const index = new DdiIndex();
    const all = Array.from({ length: 10_000 }, (_, at) => ddi(at));
    const [old, next] = [planOf('acme', all.slice(0, 6000)), planOf('acme', all.slice(4000), 2)];
    await index.swap(old);
    let isDone = false;
    const swap = index.swap(next).finally(() => (isDone = true));
    do {
      const seen = new Set(all.map((number) => index.byDdi(number)));
      seen.delete(null);
      expect(seen.size).toBe(1);
      await new Promise(setImmediate);
    } while (!isDone);
    await swap;
    expect(index.byDdi(ddi(0))).toBeNull();
    expect(index.byDdi(ddi(9999))).toBe(next);
  });
});

describe('locks', () => {
  test('one at a time per key, in order, also after a failure; other keys do not wait', async () => {
    const locks = new Locks();
    const order: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = locks.run('a', () => gate.promise.then(() => void order.push('a1')));
    const second = locks.run('a', () => Promise.reject(new Error('a2 failed')));
    const third = locks.run('a', () => Promise.resolve(order.push('a3')));
    await locks.run('b', () => Promise.resolve(order.push('b1')));
    gate.resolve();
    await first;
    await expect(second).rejects.toThrow('a2 failed');
    await third;
    await locks.idle();
    expect(order).toEqual(['b1', 'a1', 'a3']);
  });
});

describe('long work', () => {
  test('a thousand small steps that wait for nothing still let others in', async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    for (let at = 0; at < 1000; at += 1) {
      const until = performance.now() + 0.05;
      while (performance.now() < until);
      await breathe();
    }
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});

describe('dry run', () => {
  test('a loop that compile did not see is a problem of the number', () => {
    const good = planOf('acme', [ddi(1)]);
    expect(dryRun(good)).toEqual([]);
    const bye = good.steps.get('bye');
    if (bye === undefined) throw new Error('no step');
    const loop: RoutingPlan = { ...good, steps: new Map([['bye', { id: 'bye', label: '', on: {}, fallback: 'bye', kind: 'goto' as const, to: 'bye' }]]) };
    expect(dryRun(loop)).toMatchObject([{ path: `/numbers/${ddi(1)}`, code: 'endless-call' }]);
  });
});

describe('compile threads', () => {
  let compiler: Compiler | null = null;
  afterEach(() => compiler?.close());
  const job = (text: string): CompileJob => ({ kind: 'compile', customer: 'acme', input: { kind: 'text', text }, mediaFolder: '/nowhere', current: null, skipHash: null, version: null, allowLoopbackLookups: false });

  test.each([
    ['hang', 'took too long'],
    ['die', 'ended'],
  ])('on a job that makes its thread %s only that job fails; those behind it are done by another thread', async (text, why) => {
    compiler = new Compiler({ threads: 1, jobLimitMs: 1500, worker: new URL('./stub.worker.ts', import.meta.url) });
    const bad = compiler.run(job(text));
    const behind = ['a', 'b', 'c', 'd', 'e'].map((name) => compiler?.run(job(name)) ?? Promise.reject(new Error('no compiler')));
    await expect(bad).rejects.toThrow(why);
    expect((await Promise.all(behind)).map(({ hash }) => hash)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('after stepping back the threads are behind everything else of the process, and the main thread is where it was', async () => {
    compiler = new Compiler({ threads: 2 });
    const niceOf = (): number[] => readdirSync('/proc/self/task').map((task) => Number(readFileSync(`/proc/self/task/${task}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')[16]));
    const before = niceOf().filter((nice) => nice === 5).length;
    const mine = getPriority();
    // More than one thread takes at a time, so that both are there.
    const threads = compiler;
    const many = (): Promise<unknown> => Promise.all(Array.from({ length: 8 }, () => threads.run(job('{}'))));
    await many();
    threads.stepBack();
    await many();
    expect(niceOf().filter((nice) => nice === 5)).toHaveLength(before + 2);
    expect(getPriority()).toBe(mine);
  });

  test('a thread that was warm before the phrases were known checks every plan for them all the same', async () => {
    compiler = new Compiler({ threads: 1 });
    compiler.warm();
    compiler.usePhrases(new Set(['goodbye']));
    const saying = (phrase: string): string => JSON.stringify({
      schema: 1, organisation: { name: 'Acme', contact: 'x', timeZone: 'Europe/London', nation: 'england' }, numbers: { [ddi(1)]: { label: 'x', entry: 'bye' } },
      steps: { bye: { kind: 'end', label: 'End', how: 'hang-up', say: [{ phrase }] } }, failsafe: 'bye',
    });
    expect((await compiler.run(job(saying('goodbye')))).problems).toEqual([]);
    expect((await compiler.run(job(saying('farewell')))).problems).toMatchObject([{ code: 'unknown-phrase' }]);
    compiler.usePhrases(null);
    expect((await compiler.run(job(saying('farewell')))).problems).toEqual([]);
  });

  test('after close every job is refused', async () => {
    const threads = new Compiler({ threads: 2 });
    const waiting = Promise.allSettled(Array.from({ length: 10 }, () => threads.run(job('{}'))));
    await threads.close();
    expect((await waiting).every(({ status }) => status === 'rejected')).toBe(true);
    await expect(threads.run(job('{}'))).rejects.toThrow('closed');
  });
});
