// The heart of the product: every flow, ended by every party before and after every request and event. Whoever leaves
// whenever: one record, the right party named, nothing left in the switch, no timer, no listener, no state.
import { describe, expect, test } from 'vitest';
import { STEP_KINDS } from '../../src/routing/step-kinds.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { World } from './world.ts';

type Moment = 'before-request' | 'after-request' | 'before-event' | 'after-event';
const MOMENTS: readonly Moment[] = ['before-request', 'after-request', 'before-event', 'after-event'];

interface Run {
  readonly world: World;
  readonly channel: string;
  readonly counts: Readonly<Record<Moment, number>>;
  /** True when the party was there to be ended. */
  readonly hasStruck: boolean;
  readonly struckAtMs: number;
}

/** Plays a scenario; at the n-th `moment` `strike` may end somebody. */
async function play(scenario: Scenario, moment: Moment | null, n: number, strike: (world: World, channel: string) => boolean): Promise<Run> {
  const world = new World(scenario.plans());
  const counts: Record<Moment, number> = { 'before-request': 0, 'after-request': 0, 'before-event': 0, 'after-event': 0 };
  let hasStruck = false;
  let channel = '';
  let struckAtMs = 0;
  const at = (now: Moment): void => {
    counts[now] += 1;
    if (now === moment && counts[now] === n) {
      struckAtMs = world.clock.nowMs();
      hasStruck = strike(world, channel);
    }
  };
  world.telephony.onRequest = () => {
    at('before-request');
    // "After" = Asterisk has acted, and its answer is on the way.
    world.clock.worldAfter(1, () => at('after-request'));
  };
  world.telephony.beforeEvent = () => at('before-event');
  world.telephony.afterEvent = () => at('after-event');
  channel = scenario.drive(world);
  if (scenario.callerLeavesAfterMs !== undefined) world.clock.worldAfter(scenario.callerLeavesAfterMs, () => world.telephony.hangUp(channel));
  await world.ended();
  return { world, channel, counts, hasStruck, struckAtMs };
}

const PARTIES: Readonly<Record<string, (world: World, channel: string) => boolean>> = {
  caller: (world, channel) => {
    // A call that has come to its end already keeps that end: the first one wins.
    const isLive = world.telephony.channels.has(channel) && world.live.all().every((call) => !call.signal.aborted);
    world.telephony.hangUp(channel);
    return isLive;
  },
  'first leg': (world) => end(world, 0),
  'last leg': (world) => end(world, -1),
};

function end(world: World, at: number): boolean {
  const leg = world.telephony.legs().at(at);
  if (leg !== undefined) world.telephony.hangUp(leg);
  return leg !== undefined;
}

describe('hang-up sweep', () => {
  test('every step kind has a row', () => {
    const covered = new Set(SCENARIOS.flatMap((scenario) => scenario.covers));
    expect([...STEP_KINDS].filter((kind) => !covered.has(kind))).toEqual([]);
  });

  describe.each(SCENARIOS)('$name', (scenario) => {
    test('undisturbed: one record, nothing left', async () => {
      const { world } = await play(scenario, null, 0, () => false);
      expect(world.records).toHaveLength(1);
      expect(world.records[0]?.end.code).not.toBe('flow-escaped');
      expect(world.records[0]?.end.code).not.toBe('unexpected-error');
      expect(world.alarms.get('flow-bug')).toBeUndefined();
      expect(await world.leftovers()).toEqual([]);
    });

    test.each(Object.keys(PARTIES))('ended by the %s at every moment', async (party) => {
      const { counts, world: undisturbed } = await play(scenario, null, 0, () => false);
      // Within the last round trips the plan's own end may be decided before the hang-up arrives; the first end wins.
      const lastMs = (undisturbed.records[0]?.endedAtMs ?? 0) - 5;
      const strike = PARTIES[party] ?? (() => false);
      for (const moment of MOMENTS) {
        for (let n = 1; n <= counts[moment]; n += 1) {
          const { world, channel, hasStruck, struckAtMs } = await play(scenario, moment, n, strike);
          const where = `${moment} ${n}`;
          expect(world.records, where).toHaveLength(1);
          expect(world.decisions.length, `${where}: decisions`).toBeLessThanOrEqual(undisturbed.decisions.length);
          const record = world.records[0];
          expect(record?.end.code, where).not.toBe('flow-escaped');
          expect(record?.end.code, `${where}: ${record?.end.detail ?? ''}`).not.toBe('unexpected-error');
          expect(world.alarms.get('flow-bug'), where).toBeUndefined();
          expect(await world.leftovers(), where).toEqual([]);
          // The caller who was hung up on by nobody ended the call, unless it was over already or they had handed it on.
          if (party === 'caller' && hasStruck && struckAtMs < lastMs && !scenario.covers.includes('transfer') && world.telephony.causes.get(channel) === undefined) {
            expect(record?.end.by, where).toBe('caller');
          }
        }
      }
    });
  });
});
