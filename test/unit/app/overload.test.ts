// When new calls are turned away, and that it ends by itself.
import { expect, test } from 'vitest';
import { Overload } from '../../../src/app/overload.ts';

const at = (nowMs: number, eventLagMs: number, loopP99Ms = 5, ageMs = 100) => ({ nowMs, eventLagMs, loopP99Ms, lastEventMs: nowMs - ageMs });

test('late events and a late loop are overload, a normal second is not', () => {
  const overload = new Overload();
  expect(overload.isNow(at(1_000, 3))).toBe(false);
  expect(overload.isNow(at(2_000, 500))).toBe(true);
  expect(overload.isNow(at(3_000, 4))).toBe(false);
  expect(overload.isNow(at(4_000, 4, 300))).toBe(true);
});

test('a lag that nobody has renewed says nothing: no events come while calls are turned away', () => {
  const overload = new Overload();
  expect(overload.isNow(at(1_000, 900))).toBe(true);
  expect(overload.isNow(at(4_000, 900, 5, 3_000))).toBe(false);
  expect(overload.isNow({ nowMs: 1, eventLagMs: 900, loopP99Ms: 1, lastEventMs: null })).toBe(false);
});

test('clocks that differ are no overload once that is known, and lateness shows on top of it', () => {
  const overload = new Overload();
  overload.isNow(at(0, 700));
  expect(overload.isNow(at(1_000, 702))).toBe(false);
  expect(overload.isNow(at(2_000, 1_300))).toBe(true);
  expect(overload.isNow(at(70_000, 705))).toBe(false);
  expect(overload.isNow(at(71_000, 1_300))).toBe(true);
});
