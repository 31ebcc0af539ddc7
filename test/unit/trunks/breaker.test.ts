import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BREAKER, CLOSED, mayUse, onPlaced, onSign, type Breaker, type TrunkSign } from '../../../src/trunks/breaker.ts';

const T = 1_000_000;
const failed = (breaker: Breaker, atMs: number, retryAfterMs: number | null = null): Breaker => onSign(breaker, 'failed', atMs, '503', retryAfterMs);
const opened = (): Breaker => failed(failed(failed(CLOSED, T), T), T);

describe('a breaker', () => {
  test('opens on three failures in a row, and not on three with a success between', () => {
    const two = failed(failed(CLOSED, T), T);
    expect(two).toEqual({ state: 'closed', failures: 2 });
    expect(mayUse(two, T)).toBe(true);
    expect(failed(onSign(two, 'works', T, 'answered'), T)).toEqual({ state: 'closed', failures: 1 });
    const open = failed(two, T);
    expect(open).toEqual({ state: 'open', sinceMs: T, untilMs: T + 5_000, openMs: 5_000, why: '503' });
    expect(mayUse(open, T + 4_999)).toBe(false);
    expect(mayUse(open, T + 5_000)).toBe(true);
  });

  test('a refused log-in opens it at once', () => {
    expect(onSign(CLOSED, 'shut', T, 'log-in')).toMatchObject({ state: 'open', why: 'log-in' });
  });

  test('one call is the probe; others wait for its result, or for its limit', () => {
    const probing = onPlaced(opened(), T + 5_000);
    expect(probing).toMatchObject({ state: 'half-open', probeAtMs: T + 5_000 });
    expect(mayUse(probing, T + 5_001)).toBe(false);
    expect(mayUse(probing, T + 5_000 + BREAKER.probeLimitMs)).toBe(true);
    expect(onPlaced(probing, T + 5_000 + BREAKER.probeLimitMs)).toMatchObject({ state: 'half-open', probeAtMs: T + 5_000 + BREAKER.probeLimitMs });
  });

  test('a probe that works closes it; one that fails doubles the time, up to a minute; one that tells nothing frees the place', () => {
    const probing = onPlaced(opened(), T + 5_000);
    expect(onSign(probing, 'works', T + 5_100, '')).toBe(CLOSED);
    expect(onSign(probing, 'unknown', T + 5_100, '')).toMatchObject({ state: 'open', untilMs: T + 5_100 });
    let breaker = opened();
    const lengths: number[] = [];
    for (let atMs = T; lengths.length < 6; ) {
      atMs = breaker.state === 'open' ? breaker.untilMs : atMs;
      breaker = failed(onPlaced(breaker, atMs), atMs);
      if (breaker.state === 'open') lengths.push(breaker.untilMs - atMs);
    }
    expect(lengths).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
    expect(breaker).toMatchObject({ sinceMs: T });
  });

  test('late failures of older calls do not lengthen an open one', () => {
    expect(failed(opened(), T + 4_000)).toEqual(opened());
  });

  test('an emergency call goes past an open breaker and leaves it open', () => {
    expect(onPlaced(opened(), T + 100)).toEqual(opened());
    // It got through: the trunk works.
    expect(onSign(opened(), 'works', T + 200, '')).toBe(CLOSED);
  });

  test('Retry-After is honoured, also on the first failure, and not believed beyond ten minutes', () => {
    expect(failed(CLOSED, T, 20_000)).toMatchObject({ state: 'open', untilMs: T + 20_000 });
    expect(failed(CLOSED, T, 1_000)).toMatchObject({ state: 'open', untilMs: T + 5_000 });
    expect(failed(opened(), T + 100, 20_000)).toMatchObject({ untilMs: T + 20_100 });
    expect(failed(CLOSED, T, 86_400_000)).toMatchObject({ untilMs: T + 600_000 });
    for (const nothing of [0, -5, null]) expect(failed(CLOSED, T, nothing)).toEqual({ state: 'closed', failures: 1 });
  });

  test('whatever comes: it is never shut for good, and at most one probe runs within a probe\'s limit', () => {
    const step = fc.tuple(fc.nat(20_000), fc.constantFrom<TrunkSign | 'place'>('works', 'failed', 'shut', 'unknown', 'place'), fc.option(fc.integer({ min: -10, max: 2_000_000 })));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let breaker: Breaker = CLOSED;
        let nowMs = T;
        let probeAtMs: number | null = null;
        for (const [passMs, act, retryAfterMs] of steps) {
          nowMs += passMs;
          if (act === 'place') {
            if (breaker.state !== 'closed' && mayUse(breaker, nowMs)) {
              if (probeAtMs !== null && breaker.state === 'half-open') expect(nowMs - probeAtMs).toBeGreaterThanOrEqual(BREAKER.probeLimitMs);
              probeAtMs = nowMs;
            }
            breaker = onPlaced(breaker, nowMs);
          } else breaker = onSign(breaker, act, nowMs, 'x', retryAfterMs);
          expect(mayUse(breaker, nowMs + 600_000)).toBe(true);
        }
      }),
    );
  });
});
