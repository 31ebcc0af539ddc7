import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CLOSED, type Breaker } from '../../../src/trunks/breaker.ts';
import { order, type TrunkState, type Wanted } from '../../../src/trunks/select.ts';
import type { OutboundTrunk } from '../../../src/trunks/trunk.ts';
import { sampleTrunk } from './trunk-samples.ts';

const NOW = 1_000_000;
const OPEN: Breaker = { state: 'open', sinceMs: NOW, untilMs: NOW + 5_000, openMs: 5_000, why: '503' };
const state = (id: string, trunk: Partial<OutboundTrunk> = {}, more: Partial<Omit<TrunkState, 'trunk'>> = {}): TrunkState =>
  ({ trunk: sampleTrunk({ id, ...trunk }), isReachable: true, breaker: CLOSED, channels: 0, callsThisSecond: 0, ...more });
const wanted = (trunks: string, more: Partial<Wanted> = {}): Wanted => ({ class: 'geo', trunks: trunks.split(' '), order: 'cheapest', ...more });
const ids = (states: TrunkState[], want: Wanted, draw = () => 0): string => order(states, want, NOW, draw).trunks.map(({ id }) => id).join(' ');

describe('the order of trunks', () => {
  test.each<[string, TrunkState[], Wanted, string]>([
    ['only those that the plan lists', [state('a'), state('b'), state('c')], wanted('c a', { order: 'listed' }), 'c a'],
    ['none listed, none used', [state('a')], { class: 'geo', trunks: [], order: 'listed' }, ''],
    ['the plan\'s own order counts before cost', [state('a', { cost: { default: 1 } }), state('b', { cost: { default: 9 } })], wanted('b a', { order: 'listed' }), 'b a'],
    ['cheapest first', [state('a', { cost: { default: 2 } }), state('b', { cost: { default: 9, geo: 1 } })], wanted('a b'), 'b a'],
    ['the cost of the class counts', [state('a', { cost: { default: 2 } }), state('b', { cost: { default: 9, geo: 1 } })], wanted('a b', { class: 'mobile' }), 'a b'],
    ['then priority', [state('a', { priority: 20 }), state('b', { priority: 10 })], wanted('a b'), 'b a'],
    ['cost counts before priority', [state('a', { priority: 1, cost: { default: 2 } }), state('b', { priority: 9 })], wanted('a b'), 'b a'],
    ['weight 0 is for the end', [state('a', { weight: 0 }), state('b', { weight: 1 })], wanted('a b'), 'b a'],
    ['a trunk that nobody has looked at is used', [state('a', {}, { isReachable: null })], wanted('a'), 'a'],
  ])('%s', (_, states, want, expected) => {
    expect(ids(states, want)).toBe(expected);
  });

  test.each<[string, TrunkState]>([
    ['not-carried', state('a', { cost: { mobile: 1 } })],
    ['known-down', state('a', {}, { isReachable: false })],
    ['breaker-open', state('a', {}, { breaker: OPEN })],
    ['full', state('a', { maxChannels: 30 }, { channels: 30 })],
    ['too-fast', state('a', { maxCallsPerSecond: 5 }, { callsThisSecond: 5 })],
  ])('%s: left out, with the reason', (why, one) => {
    expect(order([one, state('b')], wanted('a b'), NOW, () => 0)).toMatchObject({ trunks: [{ id: 'b' }], skipped: [{ trunk: 'a', why }] });
  });

  test('one below its limits is used', () => {
    expect(ids([state('a', { maxChannels: 30, maxCallsPerSecond: 5 }, { channels: 29, callsThisSecond: 4 })], wanted('a'))).toBe('a');
  });

  test('shares by weight: 3 to 1', () => {
    const states = [state('a', { weight: 3 }), state('b', { weight: 1 })];
    expect(['a b', 'a b', 'a b', 'b a']).toEqual([0, 0.5, 0.74, 0.75].map((n) => ids(states, wanted('a b'), () => n)));
  });

  test('an emergency call gets every trunk, marked ones first, and nothing leaves one out', () => {
    const states = [
      state('cheap', { cost: { default: 0 }, priority: 1 }), state('no-class', { cost: {} }), state('full', { maxChannels: 1 }, { channels: 1 }), state('open', {}, { breaker: OPEN }),
      state('down', {}, { isReachable: false }), state('second', { emergency: true, priority: 20 }), state('first', { emergency: true, priority: 10 }), state('marked-down', { emergency: true, priority: 1 }, { isReachable: false }),
    ];
    const { trunks, skipped } = order(states, { class: 'emergency', trunks: [], order: 'listed' }, NOW, () => 0);
    expect(trunks.map(({ id }) => id)).toEqual(['first', 'second', 'marked-down', 'cheap', 'no-class', 'full', 'open', 'down']);
    expect(skipped).toEqual([]);
  });

  test('whatever the states: each allowed trunk is used once or left out with a reason; no other appears', () => {
    const any = fc.record({ weight: fc.nat(5), priority: fc.nat(3), cost: fc.nat(2), isReachable: fc.constantFrom(true, false, null), isOpen: fc.boolean(), isListed: fc.boolean() });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 8 }), fc.constantFrom<Wanted['order']>('listed', 'cheapest'), fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (many, how, draws) => {
        const states = many.map((one, at) => state(`t${at}`, { weight: one.weight, priority: one.priority, cost: { default: one.cost } }, { isReachable: one.isReachable, breaker: one.isOpen ? OPEN : CLOSED }));
        const listed = states.filter((_, at) => many[at]?.isListed).map(({ trunk }) => trunk.id);
        const { trunks, skipped } = order(states, { class: 'geo', trunks: listed, order: how }, NOW, () => draws.next().value ?? 0);
        expect([...trunks.map(({ id }) => id), ...skipped.map(({ trunk }) => trunk)].toSorted()).toEqual(listed.toSorted());
        if (how === 'cheapest') {
          const costs = trunks.map(({ cost }) => cost.default ?? 0);
          expect(costs).toEqual(costs.toSorted((a, b) => a - b));
        }
      }),
    );
  });
});
