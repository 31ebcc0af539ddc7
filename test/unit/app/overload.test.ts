// When new calls are turned away, and that it ends by itself.
import { expect, test } from 'vitest';
import { Overload } from '../../../src/app/overload.ts';

/** One second in which events came this late. */
function second(overload: Overload, nowMs: number, lagsMs: readonly number[], loopP50Ms = 5): boolean {
  for (const lagMs of lagsMs) overload.saw(lagMs);
  return overload.isNow({ nowMs, loopP50Ms });
}

test('a second of late events and a late loop are overload, a normal second is not', () => {
  const overload = new Overload();
  expect(second(overload, 1_000, [3, 8])).toBe(false);
  expect(second(overload, 2_000, [900, 500])).toBe(true);
  expect(second(overload, 3_000, [4])).toBe(false);
  expect(second(overload, 4_000, [4], 300)).toBe(true);
});

test('a standstill of a moment that has been made up for is no overload', () => {
  const overload = new Overload();
  expect(second(overload, 1_000, [3])).toBe(false);
  expect(second(overload, 2_000, [2, 900, 700, 300, 20, 4])).toBe(false);
});

test('a lag that nobody has renewed says nothing: no events come while calls are turned away', () => {
  const overload = new Overload();
  expect(second(overload, 1_000, [900])).toBe(true);
  expect(second(overload, 2_000, [])).toBe(false);
});

test('clocks that differ are no overload once that is known, and lateness shows on top of it', () => {
  const overload = new Overload();
  second(overload, 0, [700]);
  expect(second(overload, 1_000, [702])).toBe(false);
  expect(second(overload, 2_000, [1_300])).toBe(true);
  expect(second(overload, 70_000, [705])).toBe(false);
  expect(second(overload, 71_000, [1_300])).toBe(true);
});

test('a clock that is ahead of ours hides no lateness', () => {
  const overload = new Overload();
  expect(second(overload, 1_000, [-600])).toBe(false);
  expect(second(overload, 2_000, [-100])).toBe(true);
});
