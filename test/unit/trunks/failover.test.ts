import { describe, expect, test } from 'vitest';
import { afterFailure, type CallResult, type TrunkOutcome } from '../../../src/trunks/failover.ts';
import type { TrunkSign } from '../../../src/trunks/breaker.ts';

const refused = (sipCode: number, cause = 0): TrunkOutcome => ({ kind: 'refused', sipCode, cause });

describe('after a trunk did not connect a call', () => {
  test.each<[number, number, 'next-trunk' | 'stop', TrunkSign, CallResult]>([
    [302, 23, 'stop', 'works', 'declined'],
    [400, 127, 'stop', 'works', 'not-possible'],
    [401, 21, 'next-trunk', 'shut', 'trunk-failed'],
    [402, 21, 'stop', 'works', 'not-possible'],
    [403, 21, 'next-trunk', 'failed', 'trunk-failed'],
    [404, 1, 'stop', 'works', 'unknown-number'],
    [407, 21, 'next-trunk', 'shut', 'trunk-failed'],
    [408, 18, 'next-trunk', 'failed', 'trunk-failed'],
    [410, 22, 'stop', 'works', 'unknown-number'],
    [480, 3, 'next-trunk', 'failed', 'trunk-failed'],
    [480, 34, 'next-trunk', 'failed', 'trunk-failed'],
    [480, 38, 'next-trunk', 'failed', 'trunk-failed'],
    [480, 41, 'next-trunk', 'failed', 'trunk-failed'],
    [480, 42, 'next-trunk', 'failed', 'trunk-failed'],
    [480, 18, 'stop', 'works', 'no-answer'],
    [480, 19, 'stop', 'works', 'no-answer'],
    [480, 20, 'stop', 'works', 'no-answer'],
    [480, 0, 'stop', 'works', 'no-answer'],
    [482, 127, 'stop', 'works', 'not-possible'],
    [483, 19, 'stop', 'works', 'not-possible'],
    [484, 28, 'stop', 'works', 'unknown-number'],
    [486, 17, 'stop', 'works', 'busy'],
    // A Reason of the route beside a plain busy does not turn it into another ringing.
    [486, 34, 'stop', 'works', 'busy'],
    [487, 127, 'stop', 'unknown', 'cancelled'],
    [488, 58, 'stop', 'works', 'not-possible'],
    [491, 0, 'stop', 'works', 'not-possible'],
    [500, 38, 'next-trunk', 'failed', 'trunk-failed'],
    [501, 79, 'stop', 'failed', 'trunk-failed'],
    [502, 27, 'next-trunk', 'failed', 'trunk-failed'],
    [503, 34, 'next-trunk', 'failed', 'trunk-failed'],
    [504, 102, 'next-trunk', 'failed', 'trunk-failed'],
    [505, 127, 'stop', 'failed', 'trunk-failed'],
    [600, 17, 'stop', 'works', 'busy'],
    [603, 21, 'stop', 'works', 'declined'],
    [604, 1, 'stop', 'works', 'unknown-number'],
    [607, 127, 'stop', 'works', 'not-possible'],
    [0, 0, 'stop', 'works', 'not-possible'],
  ])('%i with cause %i: %s, the trunk %s, the caller is told %s', (sipCode, cause, next, sign, result) => {
    // A final answer of the carrier proves the attempt dead, whether it rang before or not.
    for (const hasRung of [false, true]) expect(afterFailure(refused(sipCode, cause), hasRung)).toMatchObject({ next, sign, result, risk: null });
  });

  test.each<[number, 'next-trunk' | 'stop', TrunkSign, CallResult]>([
    [0, 'stop', 'works', 'not-possible'],
    [1, 'stop', 'works', 'unknown-number'],
    [3, 'next-trunk', 'failed', 'trunk-failed'],
    [16, 'stop', 'works', 'not-possible'],
    [17, 'stop', 'works', 'busy'],
    [18, 'next-trunk', 'failed', 'trunk-failed'],
    [19, 'stop', 'works', 'no-answer'],
    [20, 'next-trunk', 'failed', 'trunk-failed'],
    [21, 'stop', 'works', 'declined'],
    [27, 'next-trunk', 'failed', 'trunk-failed'],
    [28, 'stop', 'works', 'unknown-number'],
    [34, 'next-trunk', 'failed', 'trunk-failed'],
    [38, 'next-trunk', 'failed', 'trunk-failed'],
    [41, 'next-trunk', 'failed', 'trunk-failed'],
    [42, 'next-trunk', 'failed', 'trunk-failed'],
    [44, 'next-trunk', 'failed', 'trunk-failed'],
    [58, 'stop', 'works', 'not-possible'],
    [127, 'stop', 'works', 'not-possible'],
  ])('an end without a SIP code and with cause %i: %s', (cause, next, sign, result) => {
    expect(afterFailure({ kind: 'failed', cause }, false)).toMatchObject({ next, sign, result, risk: null });
  });

  test.each<[string, TrunkOutcome, boolean, 'next-trunk' | 'stop', TrunkSign, boolean]>([
    ['create refused', { kind: 'unreachable' }, false, 'next-trunk', 'failed', false],
    ['no response at all', { kind: 'silent', after: 'nothing', isDead: false }, false, 'next-trunk', 'failed', true],
    ['no response at all, and known dead', { kind: 'silent', after: 'nothing', isDead: true }, false, 'next-trunk', 'failed', false],
    ['100 and nothing, our CANCEL unanswered', { kind: 'silent', after: 'trying', isDead: false }, false, 'next-trunk', 'failed', true],
    ['100 and nothing, 487 to our CANCEL', { kind: 'silent', after: 'trying', isDead: true }, false, 'next-trunk', 'failed', false],
    // It rang in the moment of the CANCEL: the next leaves only when this one is dead.
    ['rang, and not known dead', { kind: 'silent', after: 'trying', isDead: false }, true, 'stop', 'unknown', true],
    ['rang, and known dead', { kind: 'silent', after: 'trying', isDead: true }, true, 'next-trunk', 'failed', false],
    ['no answer in our time', { kind: 'no-answer' }, true, 'stop', 'works', false],
    ['answered', { kind: 'answered' }, true, 'stop', 'works', false],
    ['caller left', { kind: 'cancelled' }, true, 'stop', 'unknown', false],
  ])('%s', (_, outcome, hasRung, next, sign, isRisk) => {
    const after = afterFailure(outcome, hasRung);
    expect(after).toMatchObject({ next, sign });
    expect(after.risk !== null).toBe(isRisk);
    expect(after.why).not.toBe('');
  });

  test('nobody is rung twice: of everything that rings on, nothing leads to another trunk', () => {
    const alive: TrunkOutcome[] = [{ kind: 'no-answer' }, { kind: 'answered' }, { kind: 'cancelled' }, { kind: 'silent', after: 'nothing', isDead: false }, { kind: 'silent', after: 'trying', isDead: false }];
    for (const outcome of alive) expect(afterFailure(outcome, true).next).toBe('stop');
  });

  test('Retry-After is passed on', () => {
    expect(afterFailure({ kind: 'refused', sipCode: 503, cause: 34, retryAfterMs: 20_000 }, false).retryAfterMs).toBe(20_000);
    expect(afterFailure(refused(503), false).retryAfterMs).toBeNull();
  });
});
