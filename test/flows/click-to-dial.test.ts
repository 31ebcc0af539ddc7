// Calls that the API places for an extension: its own phone first, one record whatever it does, nobody outside is rung before
// it answers, and one call a key.
import { describe, expect, test } from 'vitest';
import { clickDesk } from '../../src/app/click-desk.ts';
import type { PlaceCall } from '../../src/http/deps.ts';
import { World } from './world.ts';
import { OUTBOUND_PLAN, OUTSIDE } from './outbound-plan.ts';

function world(): World {
  const one = new World({ acme: OUTBOUND_PLAN() });
  one.telephony.trunks.set('trunk-sim', { kind: 'answers', afterMs: 2_000, hangsUpAfterMs: 5_000 });
  return one;
}
const texts = (one: World): string[] => one.traced.map(({ outcome }) => outcome);

describe('the own phone', () => {
  test.each<[string, Parameters<World['phone']>[2], number, RegExp]>([
    ['declines', { kind: 'declines' }, 21, /Priya Shah: declined/],
    ['is busy', { kind: 'busy' }, 17, /Priya Shah: busy/],
    ['is offline', { kind: 'offline' }, 19, /Priya Shah: the phone is offline/],
    ['rings and nobody picks up', { kind: 'rings-on' }, 19, /Priya Shah: nobody picked up/],
  ])('given that it %s, then nobody outside is rung, no decision is made, and one record says why', async (_, behaviour, cause, why) => {
    const one = world();
    one.phone('acme', '201', behaviour);
    one.click('acme', '201', OUTSIDE);
    await one.ended();
    expect(one.records).toMatchObject([{ direction: 'internal', dialled: OUTSIDE, answeredAtMs: null, end: { code: 'own-phone-not-reached', fault: 'none', cause, detail: expect.stringMatching(why) }, legs: [{ to: '201' }] }]);
    expect(one.decisions).toEqual([]);
    expect(one.telephony.specs.size).toBe(0);
    expect(texts(one)).toEqual(['rings-own-phone', 'not-picked-up']);
    expect(one.records[0]?.trace.at(-1)?.text).toMatch(why);
    expect(await one.leftovers()).toEqual([]);
  });

  test('given that it answers, then the progress is told in order, and the record holds both legs', async () => {
    const one = world();
    one.phone('acme', '201', { kind: 'answers', afterMs: 1_000 });
    one.telephony.trunks.set('trunk-sim', { kind: 'refuses', code: 503 });
    one.telephony.trunks.set('trunk-spare', { kind: 'answers', afterMs: 2_000, hangsUpAfterMs: 5_000 });
    one.click('acme', '201', OUTSIDE);
    await one.ended();
    expect(texts(one)).toEqual(['rings-own-phone', 'picked-up', 'leaves', 'next-trunk', 'connected']);
    expect(one.records).toMatchObject([{ direction: 'outbound', end: { by: 'callee', code: 'hung-up' }, legs: [{ to: '201' }, { to: OUTSIDE }, { to: OUTSIDE, result: 'answered' }] }]);
    expect(one.decisions).toMatchObject([{ origin: 'click-to-dial', extension: '201', end: 'answered' }]);
    expect(await one.leftovers()).toEqual([]);
  });
});

describe('one call a key', () => {
  const REQUEST: PlaceCall = { customer: 'acme', extension: '201', to: OUTSIDE, cli: null, purpose: null, isAutoAnswer: false, key: 'order 7', address: '127.0.0.1' };
  const deskOf = (one: World, faults: unknown[] = []) =>
    clickDesk({ plans: one.deps.plans, arrivals: one.arrivals, state: one.state, ids: one.deps.ids, onFault: (error) => faults.push(error) });
  async function over(one: World): Promise<void> {
    await one.clock.run(() => one.live.size === 0);
  }

  test('given the same request again, then the same call is named and nobody is rung again, while it rings, after it and after a restart', async () => {
    const one = world();
    one.phone('acme', '201', { kind: 'answers', afterMs: 1_000 });
    const first = await deskOf(one).placeCall(REQUEST);
    expect(first).toEqual({ kind: 'placed', callId: expect.any(String), isRepeat: false });
    const again = { ...first, isRepeat: true };
    expect(await deskOf(one).placeCall(REQUEST)).toEqual(again);
    await over(one);
    one.kill();
    const back = one.restart();
    await one.clock.pass(1_000);
    await back;
    expect(await deskOf(one).placeCall(REQUEST)).toEqual(again);
    expect(one.records).toHaveLength(1);
    expect(await deskOf(one).placeCall({ ...REQUEST, to: '+447700900124' })).toEqual({ kind: 'key-reused' });
    expect(one.live.size).toBe(0);
  });

  test('given ten requests with one key at once, then one call is placed', async () => {
    const one = world();
    one.phone('acme', '201', { kind: 'answers', afterMs: 1_000 });
    const placed = await Promise.all(Array.from({ length: 10 }, () => deskOf(one).placeCall(REQUEST)));
    expect(new Set(placed.map((each) => (each.kind === 'placed' ? each.callId : each.kind))).size).toBe(1);
    expect(placed.filter((each) => each.kind === 'placed' && !each.isRepeat)).toHaveLength(1);
    await over(one);
    expect(one.records).toHaveLength(1);
  });

  test.each<[string, Partial<PlaceCall>, Record<string, unknown>]>([
    ['another customer', { customer: 'nobody' }, { kind: 'unknown', field: 'customer' }],
    ['another extension', { extension: '299' }, { kind: 'unknown', field: 'as' }],
    ['a number that is too short', { to: '0770090' }, { kind: 'number', message: expect.any(String) }],
    ['letters', { to: 'sip:x@y' }, { kind: 'number', message: expect.any(String) }],
  ])('given %s, then it is refused before anybody rings, and the key stays free', async (_, change, expected) => {
    const one = world();
    expect(await deskOf(one).placeCall({ ...REQUEST, ...change })).toEqual(expected);
    expect([one.live.size, one.telephony.channels.size]).toEqual([0, 0]);
    one.phone('acme', '201', { kind: 'answers', afterMs: 1_000 });
    expect(await deskOf(one).placeCall(REQUEST)).toMatchObject({ kind: 'placed', isRepeat: false });
    await over(one);
  });

  test('given a server that drains, then a call is to be tried later, and 999 goes', async () => {
    const one = world();
    one.phone('acme', '201', { kind: 'answers', afterMs: 1_000 });
    one.admission.drain();
    expect(await deskOf(one).placeCall(REQUEST)).toEqual({ kind: 'not-now', code: 'draining', message: expect.any(String), retryAfterS: 30 });
    expect(one.live.size).toBe(0);
    expect(await deskOf(one).placeCall({ ...REQUEST, to: '999', key: 'help' })).toMatchObject({ kind: 'placed' });
    await over(one);
    expect(one.decisions).toMatchObject([{ origin: 'emergency', end: 'answered' }]);
  });

  test('given that draining begins while the own phone rings, then whoever picks up gets the call', async () => {
    const one = world();
    one.phone('acme', '201', { kind: 'answers', afterMs: 3_000 });
    await deskOf(one).placeCall(REQUEST);
    one.clock.worldAfter(1_000, () => one.admission.drain());
    await over(one);
    expect(one.decisions).toMatchObject([{ end: 'answered' }]);
  });

  test('given a store that cannot keep the key, then nobody is rung', async () => {
    const one = world();
    const faults: unknown[] = [];
    await one.state.close();
    expect(await deskOf(one, faults).placeCall(REQUEST)).toMatchObject({ kind: 'not-now', code: 'state-store' });
    expect([faults.length, one.live.size]).toEqual([1, 0]);
  });
});
