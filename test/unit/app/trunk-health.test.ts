import { describe, expect, test } from 'vitest';
import { TrunkHealth } from '../../../src/app/trunk-health.ts';
import { createAlarms } from '../../../src/telemetry/alarms.ts';
import { afterFailure } from '../../../src/trunks/failover.ts';
import type { OutboundTrunk } from '../../../src/trunks/trunk.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { sampleTrunk } from '../trunks/trunk-samples.ts';

function given(...trunks: OutboundTrunk[]) {
  const clock = new FakeClock(1_000_000);
  const alarms = createAlarms(() => clock.nowMs());
  const reachable = new Map<string, boolean | null>(trunks.map(({ endpoint }) => [endpoint, true]));
  let list: readonly OutboundTrunk[] = trunks;
  let isAsteriskUp = true;
  const health = new TrunkHealth({
    trunks: () => list, clock, random: () => 0, alarms,
    states: { trunkStates: async (asked) => {
      if (!isAsteriskUp) throw new Error('no link');
      return new Map([...reachable].filter(([endpoint]) => asked.includes(endpoint)));
    } },
  });
  return {
    clock, alarms, health, reachable,
    setTrunks: (to: readonly OutboundTrunk[]) => void (list = to),
    setLink: (isUp: boolean) => void (isAsteriskUp = isUp),
    route: () => health.routeFor(list.map(({ id }) => id), 'geo').map(({ id }) => id),
    raised: () => alarms.list().map(({ code }) => code).toSorted(),
    states: () => health.rows().map(({ id, state }) => `${id} ${state}`),
  };
}
const refusal = (code: number) => afterFailure({ kind: 'refused', sipCode: code, cause: 0 }, false);
const A = sampleTrunk({ id: 'a' });
const B = sampleTrunk({ id: 'b', maxChannels: 2, maxCallsPerSecond: 3, emergency: true });

describe('the state of trunks', () => {
  test('before the first look every trunk is used', () => {
    expect(given(A, B).route()).toEqual(['a', 'b']);
  });

  test('a trunk that does not answer is left out, with an alarm, until it answers', async () => {
    const { health, reachable, route, raised, states } = given(A, B);
    await health.look();
    expect(states()).toEqual(['a ok', 'b ok']);
    reachable.set('trunk-a', false);
    await health.look();
    expect(route()).toEqual(['b']);
    expect(raised()).toEqual(['trunk-a']);
    expect(states()).toEqual(['a down', 'b ok']);
    reachable.set('trunk-a', true);
    await health.look();
    expect(route()).toEqual(['a', 'b']);
    expect(raised()).toEqual([]);
  });

  test('one that is not looked at is used; one that Asterisk does not know is not', async () => {
    const { health, reachable, states, route } = given(A, B);
    reachable.set('trunk-a', null);
    reachable.delete('trunk-b');
    await health.look();
    expect(states()).toEqual(['a not-watched', 'b down']);
    expect(route()).toEqual(['a']);
  });

  test('while Asterisk cannot be asked, what was known stays', async () => {
    const { health, reachable, setLink, states } = given(A);
    reachable.set('trunk-a', false);
    await health.look();
    setLink(false);
    await health.look();
    expect(states()).toEqual(['a down']);
  });

  test('three failures open the breaker; after its time one call tries, and its success closes it', async () => {
    const { clock, health, route, raised, states } = given(A, B);
    await health.look();
    for (let n = 0; n < 3; n += 1) health.report('a', refusal(503));
    expect(route()).toEqual(['b']);
    expect(raised()).toEqual(['trunk-a']);
    expect(health.rows()[0]).toMatchObject({ state: 'open', reason: 'the carrier is not available', sinceMs: 1_000_000 });
    await clock.pass(5_000);
    expect(route()).toEqual(['a', 'b']);
    const giveBack = health.takeChannel('a');
    expect(states()[0]).toBe('a trying');
    expect(route()).toEqual(['b']);
    health.report('a', refusal(486));
    giveBack();
    expect(route()).toEqual(['a', 'b']);
    expect(raised()).toEqual([]);
  });

  test('a refused log-in opens it at once', () => {
    const { health, route } = given(A, B);
    health.report('a', refusal(407));
    expect(route()).toEqual(['b']);
  });

  test('channels and calls a second: full ones are left out, and a channel is given back once', async () => {
    const { clock, health, route } = given(A, B);
    const first = health.takeChannel('b');
    health.takeChannel('b');
    expect(route()).toEqual(['a']);
    first();
    first();
    expect(health.rows()[1]).toMatchObject({ calls: 1, maxCalls: 2, callsThisSecond: 2 });
    expect(route()).toEqual(['a', 'b']);
    health.takeChannel('b')();
    expect(route(), 'three within a second').toEqual(['a']);
    await clock.pass(1_000);
    expect(route()).toEqual(['a', 'b']);
  });

  test('none left: an alarm, which ends when a call gets through', async () => {
    const { health, reachable, raised, route, alarms } = given(A);
    await health.look();
    expect(raised()).toEqual([]);
    reachable.set('trunk-a', false);
    await health.look();
    expect(raised()).toEqual(['no-trunk', 'trunk-a']);
    expect(route()).toEqual([]);
    expect(alarms.list().find(({ code }) => code === 'no-trunk')?.text).toContain('a: does not answer');
    reachable.set('trunk-a', true);
    await health.look();
    expect(raised()).toEqual([]);
    expect(health.routeFor(['gone'], 'geo')).toEqual([]);
    expect(raised()).toEqual(['no-trunk']);
    health.report('a', afterFailure({ kind: 'answered' }, false));
    expect(raised()).toEqual([]);
  });

  test('an emergency call gets every trunk, the marked one first, in every state', async () => {
    const { health, reachable } = given(A, B);
    for (let n = 0; n < 3; n += 1) health.report('b', refusal(503));
    reachable.set('trunk-b', false);
    await health.look();
    expect(health.emergencyRoute().map(({ id }) => id)).toEqual(['b', 'a']);
  });

  test('a trunk that left the file takes its alarm with it, and begins anew when it comes back', async () => {
    const { health, setTrunks, raised, route, states } = given(A, B);
    for (let n = 0; n < 3; n += 1) health.report('a', refusal(503));
    setTrunks([B]);
    await health.look();
    expect(raised()).toEqual([]);
    setTrunks([A, B]);
    await health.look();
    expect(route()).toEqual(['a', 'b']);
    expect(states()).toEqual(['a ok', 'b ok']);
  });

  test('it looks by itself every second, until it is closed', async () => {
    const { clock, health, reachable, states } = given(A);
    health.watch();
    await clock.pass(10);
    reachable.set('trunk-a', false);
    await clock.pass(1_100);
    expect(states()).toEqual(['a down']);
    health.close();
    reachable.set('trunk-a', true);
    await clock.pass(5_000);
    expect(states()).toEqual(['a down']);
  });
});
