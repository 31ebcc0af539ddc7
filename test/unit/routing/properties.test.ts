// What must hold for any input whatever: nothing throws, everything ends, equal plans have one text.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, compile } from '../../../src/routing/compile.ts';
import { decide } from '../../../src/routing/decide.ts';
import { explain } from '../../../src/routing/explain.ts';
import { explainText } from '../../../src/routing/explain-text.ts';
import { explainMermaid, flowMermaid } from '../../../src/routing/mermaid.ts';
import { MAX_PROBLEMS } from '../../../src/routing/problem.ts';
import type { RoutingPlan, Step } from '../../../src/routing/plan.ts';
import { parsePlanText } from '../../../src/routing/text.ts';
import { FIXTURE_OPTIONS, compileFile, readText } from './read-plan.ts';

const good = JSON.parse(readText('test/plans/good/every-kind.json')) as Record<string, unknown>;
const options = { customer: 'acme', version: 1, hash: 'x' };

/** Every place in a JSON value, as keys. */
function places(value: unknown, at: readonly string[] = []): string[][] {
  const here = [[...at]];
  if (typeof value !== 'object' || value === null) return here;
  return [...here, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...at, key]))];
}

function replaced(root: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const copy = structuredClone(root) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, value);
  return copy;
}

describe('compile', () => {
  test('never throws on any JSON', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), (json) => {
      const { plan, problems } = compile(json, options);
      expect(plan).toBeNull();
      expect(problems.length).toBeGreaterThan(0);
    }), { numRuns: 300 });
  });

  test('never throws on a good plan with any one value replaced, and says what is wrong if it is', () => {
    fc.assert(fc.property(fc.constantFrom(...places(good)), fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.string(), fc.constantFrom('opening', '@201', '__proto__', 'constructor', -1, Infinity)), (path, value) => {
      const { plan, problems } = compile(replaced(good, path, value), FIXTURE_OPTIONS);
      expect(plan !== null || problems.some(({ severity }) => severity === 'problem')).toBe(true);
      expect(problems.every(({ path: at, hint, message }) => (at === '' || at.startsWith('/')) && hint !== '' && message !== '')).toBe(true);
    }), { numRuns: 1500 });
  });

  test('refuses customer ids that are no file names', () => {
    for (const customer of ['', 'Acme', '../acme', 'a b', '-a', 'a'.repeat(41), '__proto__']) expect(compile(good, { ...options, customer }).plan).toBeNull();
  });

  test('keeps the number of problems and the time bounded for a file of faults', () => {
    const steps = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`s${index}`, { kind: 'goto', to: `x${index}`, extra: 1 }]));
    const { problems } = compile({ ...good, steps }, options);
    expect(problems).toHaveLength(MAX_PROBLEMS + 1);
    expect(problems.at(-1)?.code).toBe('too-many-problems');
  });
});

describe('canonical', () => {
  test('is the same whatever the order of keys, and reads back as the same value', () => {
    const shuffled = (value: unknown): unknown => {
      if (typeof value !== 'object' || value === null) return value;
      if (Array.isArray(value)) return value.map(shuffled);
      return Object.fromEntries(Object.entries(value).reverse().map(([key, inner]) => [key, shuffled(inner)]));
    };
    fc.assert(fc.property(fc.jsonValue(), (json) => {
      expect(canonical(shuffled(json))).toBe(canonical(json));
      expect(JSON.parse(canonical(json))).toEqual(JSON.parse(JSON.stringify(json)));
    }));
  });
});

describe('the hash of plans that histories hold', () => {
  test('is of the text that JSON.stringify makes of sorted objects, keys that are indices and other strange ones included', () => {
    const sorted = (json: unknown): string | undefined => JSON.stringify(json, (_, value: unknown) =>
      typeof value !== 'object' || value === null || Array.isArray(value) ? value
        : (Object.assign(Object.create(null), Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))) as unknown));
    const key = fc.oneof(fc.string(), fc.constantFrom('0', '1', '10', '9', '01', '-1', '1.5', '4294967294', '4294967295', '4294967296', '__proto__', 'toJSON', '+441632960001', '\ud800', '\u{1f600}', 'é'));
    const tree = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, fc.constantFrom(null, true, -0, 1e21, NaN, '', '"\\', undefined), fc.integer(), fc.string(), fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(key, tie('value'), { maxKeys: 8 })),
    })).value;
    fc.assert(fc.property(tree, (json) => {
      expect(canonical(json)).toBe(sorted(json) ?? 'null');
    }), { numRuns: 1000 });
  });
});

describe('the text reader', () => {
  test('reads what JSON.stringify writes, with any white space', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 8 }), fc.constantFrom(undefined, 2, '\t'), (json, space) => {
      const text = JSON.stringify(json, null, space);
      if (/"(__proto__|constructor|prototype)"/.test(text)) return;
      expect(parsePlanText(text)).toEqual({ ok: true, value: JSON.parse(text) as unknown });
    }));
  });
  test('never throws, and accepts nothing that JSON.parse refuses', () => {
    const noise = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'a', '1', '-', '.', 'e', ' ', '\n', 'true', 'null') }));
    fc.assert(fc.property(noise, (text) => {
      const parsed = parsePlanText(text);
      if (parsed.ok) expect(JSON.parse(text)).toEqual(parsed.value);
      else expect(parsed.problems[0]).toMatchObject({ severity: 'problem', line: expect.any(Number), column: expect.any(Number) });
    }), { numRuns: 2000 });
  });
  test('takes the byte-order mark of an editor', () => expect(parsePlanText('\ufeff{}')).toEqual({ ok: true, value: {} }));
  test('a hundred thousand brackets, and a text past the limit, are refused at once', () => {
    expect(parsePlanText('['.repeat(100_000))).toMatchObject({ ok: false, problems: [{ code: 'too-deep' }] });
    expect(parsePlanText(' '.repeat(32 * 1024 * 1024 + 1))).toMatchObject({ ok: false, problems: [{ code: 'text-too-long' }] });
  });
  test('names the line and column of the fault', () => {
    expect(parsePlanText('{\n  "a": 1,\n  "b": x\n}')).toMatchObject({ problems: [{ path: '/b', line: 3, column: 8 }] });
  });
});

describe('explain', () => {
  const base = compileFile('test/plans/good/every-kind.json');
  const ids = [...base.steps.keys()];
  /** The plan with its exits thrown together anew: loops, dead ends and all. */
  const tangled = (targets: readonly number[]): RoutingPlan => {
    let next = 0;
    const draw = (): string => ids[(targets[next++ % targets.length] ?? 0) % ids.length] ?? 'bye';
    const exits = (on: Readonly<Record<string, string>>) => Object.fromEntries(Object.keys(on).map((name) => [name, draw()]));
    const steps = [...base.steps].map(([id, step]): [string, Step] => {
      if (step.kind === 'end') return [id, step];
      const changed = { ...step, on: exits(step.on), fallback: draw() } as Step;
      if (changed.kind === 'menu') return [id, { ...changed, choices: exits(changed.choices) }];
      return [id, changed.kind === 'goto' ? { ...changed, to: draw() } : changed];
    });
    return { ...base, steps: new Map(steps) };
  };
  const question = fc.record({
    atMs: fc.integer({ min: Date.parse('2024-01-01'), max: Date.parse('2031-01-01') }),
    keys: fc.array(fc.string({ unit: fc.constantFrom('0', '1', '2', '3', '4', '9', '*', '#'), maxLength: 8 }), { maxLength: 6 }),
    answers: fc.dictionary(fc.constantFrom('201', '202'), fc.constantFrom('answered' as const, 'busy' as const, 'no-answer' as const, 'declined' as const, 'unreachable' as const)),
    switches: fc.dictionary(fc.constant('night'), fc.constantFrom('off', 'on', 'gone')),
    lookups: fc.dictionary(fc.constant('crm'), fc.oneof(fc.constantFrom('not-found' as const, 'failed' as const), fc.record({ values: fc.dictionary(fc.constantFrom('tier', 'debt'), fc.string()) }))),
  });
  test('always ends, on any graph, and each line follows from decide', () => {
    fc.assert(fc.property(fc.array(fc.nat(), { minLength: 5, maxLength: 60 }), question, fc.constantFrom('+441632960018', '201', '202'), (targets, part, to) => {
      const plan = tangled(targets);
      const result = explain(plan, { to, ...part });
      expect(result.path.length).toBeGreaterThan(0);
      result.path.forEach((line, index) => {
        const after = result.path[index + 1];
        if (after) expect(line.next).toBe(after.step);
        const step = plan.steps.get(line.step);
        if (step && line.tookFallback) expect(decide(plan, step, { name: 'fault' })).toMatchObject({ to: line.next });
      });
      expect(JSON.parse(JSON.stringify(result))).toEqual(result);
      expect(explainText(result)).toContain('\nEnds: ');
      expect(explainMermaid(result)).toContain('ending');
      expect(flowMermaid(plan)).toMatch(/^flowchart TD\n/);
    }), { numRuns: 500 });
  });
});
