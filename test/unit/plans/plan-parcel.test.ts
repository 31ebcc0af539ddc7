import { describe, expect, test } from 'vitest';
import { bankHolidaysOf } from '../../../src/routing/bank-holidays.ts';
import { joinPart, packPlan, PART_ENTRIES, unpackPlan } from '../../../src/plans/plan-parcel.ts';
import { compile, compileUnfrozen } from '../../../src/routing/compile.ts';
import type { RoutingPlan } from '../../../src/routing/plan.ts';
import { FIXTURE_OPTIONS, readText } from '../routing/read-plan.ts';

const every = JSON.parse(readText('test/plans/good/every-kind.json')) as Record<string, unknown>;

function plansOf(json: unknown): { readonly here: RoutingPlan; readonly sent: RoutingPlan; readonly messages: number } {
  const here = compile(json, FIXTURE_OPTIONS).plan;
  const there = compileUnfrozen(json, FIXTURE_OPTIONS).plan;
  if (here === null || there === null) throw new Error('the plan does not compile');
  const { plan, first, later } = structuredClone(packPlan(there));
  for (const part of [...first, ...later]) joinPart(plan, part);
  return { here, sent: unpackPlan(plan), messages: 1 + later.length };
}
function withNumbers(count: number): unknown {
  const numbers = Object.fromEntries(Array.from({ length: count }, (_, at) => [`+4420${70_000_000 + at}`, { label: `Line ${at}`, entry: Object.keys(every['steps'] as object)[0] }]));
  return { ...every, numbers };
}
/** Every object in `value` that is not frozen, or a map that takes entries. */
function loose(value: unknown, seen = new Set<unknown>()): unknown[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  seen.add(value);
  const inner = value instanceof Map ? [...value.values()] : Object.values(value);
  return [...(Object.isFrozen(value) ? [] : [value]), ...inner.flatMap((one) => loose(one, seen))];
}

describe('a plan that came from a compile thread', () => {
  test.each([
    ['every kind of step', every],
    ['more numbers than one part has', withNumbers(PART_ENTRIES * 2 + 1)],
    ['more extensions than one part has', { ...every, extensions: { ...(every['extensions'] as object), ...Object.fromEntries(Array.from({ length: PART_ENTRIES }, (_, at) => [String(3000 + at), { name: `Person ${at}` }])) } }],
  ])('is the one that compile makes here, and frozen: %s', (_, json) => {
    const { here, sent } = plansOf(json);
    expect(sent).toEqual(here);
    expect([...sent.numbers.keys()]).toEqual([...here.numbers.keys()]);
    expect(loose(sent)).toEqual([]);
    expect(() => (sent.numbers as unknown as Map<string, unknown>).set('x', 1)).toThrow('cannot be changed');
  });

  test('shares the bank holidays of its nation with all others', () => {
    const { sent } = plansOf(every);
    const shared = [...sent.hours.values()].filter(({ bankHolidays }) => bankHolidays === bankHolidaysOf(sent.organisation.nation));
    expect(shared.length).toBeGreaterThan(0);
  });

  test('comes in parts of a bounded number of entries', () => {
    expect(plansOf(withNumbers(100)).messages).toBe(1);
    // Numbers and what the registry says of them.
    expect(plansOf(withNumbers(PART_ENTRIES)).messages).toBe(3);
    expect(plansOf(withNumbers(PART_ENTRIES + 1)).messages).toBe(5);
  });
});
