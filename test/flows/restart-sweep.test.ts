// kill -9 before and after every request and event of every flow, then a new process on the same state: the call goes on
// or ends in order, one record, nobody rung twice, nothing left in the switch.
import { describe, expect, test } from 'vitest';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { World } from './world.ts';

type Moment = 'before-request' | 'after-request' | 'before-event' | 'after-event';
const MOMENTS: readonly Moment[] = ['before-request', 'after-request', 'before-event', 'after-event'];
/** A REFER that nobody heard leaves two people talking: the longest call ends them. */
const A_DAY_MS = 86_400_000;
/** How long the new process takes to be up. */
const GAP_MS = 300;

interface Run {
  readonly world: World;
  readonly counts: Readonly<Record<Moment, number>>;
  readonly rung: ReadonlyMap<string, number>;
}

async function play(scenario: Scenario, moment: Moment | null, n: number): Promise<Run> {
  const world = new World(scenario.plans());
  const counts: Record<Moment, number> = { 'before-request': 0, 'after-request': 0, 'before-event': 0, 'after-event': 0 };
  const rung = new Map<string, number>();
  let isDown = false;
  const at = (now: Moment): void => {
    if (world.restarts > 0) return;
    counts[now] += 1;
    if (now !== moment || counts[now] !== n || isDown) return;
    isDown = true;
    world.kill();
    world.clock.worldAfter(GAP_MS, () => void world.restart());
  };
  world.telephony.onRequest = (verb, target) => {
    if (verb === 'dialLeg') {
      const endpoint = world.telephony.channels.get(target)?.endpoint ?? target;
      rung.set(endpoint, (rung.get(endpoint) ?? 0) + 1);
    }
    at('before-request');
    world.clock.worldAfter(1, () => at('after-request'));
  };
  world.telephony.beforeEvent = () => at('before-event');
  world.telephony.afterEvent = () => at('after-event');
  const channel = scenario.drive(world);
  if (scenario.callerLeavesAfterMs !== undefined) world.clock.worldAfter(scenario.callerLeavesAfterMs, () => world.telephony.hangUp(channel));
  await world.clock.run(() => !(isDown && world.restarts === 0) && world.records.length >= 1 && world.taking === 0 && world.live.size === 0, A_DAY_MS);
  return { world, counts, rung };
}

describe('restart sweep', () => {
  test.each(SCENARIOS)('$name', async (scenario) => {
    const undisturbed = await play(scenario, null, 0);
    for (const moment of MOMENTS) {
      for (let n = 1; n <= undisturbed.counts[moment]; n += 1) {
        const { world, rung } = await play(scenario, moment, n);
        const where = `killed ${moment} ${n}`;
        // Killed between the record and the removal of its state, the same record may be offered again: the store drops it.
        expect(new Set(world.records.map((record) => record.id)).size, where).toBe(1);
        expect(world.records.at(-1)?.end.code, where).not.toBe('unexpected-error');
        expect(new Set(world.decisions.map((decision) => decision.id)).size, `${where}: one decision for each who is called`).toBeLessThanOrEqual(Math.max(1, new Set(world.decisions.map(({ input }) => input.destination)).size));
        expect(world.alarms.get('flow-bug'), where).toBeUndefined();
        expect(await world.leftovers(), where).toEqual([]);
        for (const [endpoint, times] of rung) expect(times, `${where}: ${endpoint} rung`).toBeLessThanOrEqual(undisturbed.rung.get(endpoint) ?? 0);
      }
    }
  });
});
