// The link to Asterisk cut before and after every request and event of every flow, and back half a second later: its
// events are lost for good, and still the call comes to its end with one record, nothing left, and nobody rung twice.
import { describe, expect, test } from 'vitest';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { World } from './world.ts';

type Moment = 'before-request' | 'after-request' | 'before-event' | 'after-event';
const MOMENTS: readonly Moment[] = ['before-request', 'after-request', 'before-event', 'after-event'];
const GAP_MS = 500;
const A_DAY_MS = 86_400_000;

async function play(scenario: Scenario, moment: Moment | null, n: number): Promise<{ world: World; counts: Readonly<Record<Moment, number>> }> {
  const world = new World(scenario.plans());
  const counts: Record<Moment, number> = { 'before-request': 0, 'after-request': 0, 'before-event': 0, 'after-event': 0 };
  let isCut = false;
  let isBack = true;
  const at = (now: Moment): void => {
    counts[now] += 1;
    if (now !== moment || counts[now] !== n || isCut) return;
    isCut = true;
    isBack = false;
    world.cutLink(GAP_MS);
    world.clock.worldAfter(GAP_MS + 1, () => {
      isBack = true;
    });
  };
  world.telephony.onRequest = () => {
    at('before-request');
    world.clock.worldAfter(1, () => at('after-request'));
  };
  world.telephony.beforeEvent = () => at('before-event');
  world.telephony.afterEvent = () => at('after-event');
  const channel = scenario.drive(world);
  if (scenario.callerLeavesAfterMs !== undefined) world.clock.worldAfter(scenario.callerLeavesAfterMs, () => world.telephony.hangUp(channel));
  await world.clock.run(() => isBack && world.records.length >= 1 && world.taking === 0 && world.live.size === 0 && world.telephony.channels.size === 0, A_DAY_MS);
  return { world, counts };
}

/** Who was rung more often than in the undisturbed call. */
function excess(rang: readonly string[], before: readonly string[]): readonly string[] {
  const count = (all: readonly string[], one: string): number => all.filter((other) => other === one).length;
  return [...new Set(rang)].filter((one) => count(rang, one) > Math.max(1, count(before, one)));
}

describe('link sweep', () => {
  test.each(SCENARIOS)('$name', async (scenario) => {
    const undisturbed = await play(scenario, null, 0);
    for (const moment of MOMENTS) {
      for (let n = 1; n <= undisturbed.counts[moment]; n += 1) {
        const { world } = await play(scenario, moment, n);
        const where = `cut ${moment} ${n}`;
        expect(world.records, where).toHaveLength(1);
        expect(world.records[0]?.end.code, where).not.toBe('unexpected-error');
        expect(world.decisions.length, `${where}: one decision for each who is called`).toBeLessThanOrEqual(Math.max(1, new Set(world.decisions.map(({ input }) => input.destination)).size));
        expect(world.alarms.get('flow-bug'), where).toBeUndefined();
        expect(await world.leftovers(), where).toEqual([]);
        expect(excess(world.telephony.rang, undisturbed.world.telephony.rang), `${where}: nobody is rung twice`).toEqual([]);
      }
    }
  });
});
