// Who is let in: caps, overload, drain, scanners; whose phone is whose; and that nothing of it stops an emergency call.
import { describe, expect, test } from 'vitest';
import { Admission } from '../../src/calls/admission.ts';
import { planOf, World } from './world.ts';

const HARBOUR = '+441632960777';
const talk = { kind: 'play', say: ['welcome'], on: { done: 'bye' }, fallback: 'sorry' };
const bye = { kind: 'end' };

function planWith(limits: Readonly<Record<string, number>> = {}): unknown {
  return planOf('talk', { talk, bye }, { limits });
}
function harbour(): unknown {
  return { ...(planWith() as object), numbers: { [HARBOUR]: { label: 'Main', entry: 'talk' } } };
}

/** Calls that come in at the same moment, each from a number of its own unless one is given; resolves when all have ended. */
async function burst(world: World, calls: number, options: { from?: string; to?: string; everyMs?: number } = {}): Promise<readonly string[]> {
  const channels = Array.from({ length: calls }, (_, n) => `in-${world.records.length}-${n}`);
  const before = world.records.length;
  channels.forEach((channel, n) => {
    world.clock.worldAfter(n * (options.everyMs ?? 0), () => world.callIn({ channel, from: options.from ?? `<sip:+4477009001${String(10 + n)}@carrier.invalid>`, to: options.to ?? '01632960018' }));
  });
  await world.ended(before + calls);
  expect(await world.leftovers()).toEqual([]);
  return channels.map((channel) => world.records.find((record) => record.sip.sipCallId === `sip-${channel}`)?.end.code ?? 'no record');
}

function limited(world: World, limits: { maxCalls: number; maxCallsPerSecond: number }): Admission {
  const admission = new Admission(limits, world.live);
  world.give({ admission });
  return admission;
}

describe('caps of a customer', () => {
  test('given two calls at most, when a third comes, then it gets busy with its reason, and a place is free again afterwards', async () => {
    const world = new World({ acme: planWith({ maxCalls: 2 }), harbour: harbour() });
    expect(await burst(world, 3)).toEqual(['plan-end', 'plan-end', 'customer-cap']);
    expect(world.records.find((record) => record.end.code === 'customer-cap')).toMatchObject({ customer: 'acme', answeredAtMs: null, end: { cause: 17, fault: 'none', detail: 'acme has 2 calls' } });
    expect([...world.telephony.endings.values()].filter((one) => one.sipCode === 486)).toHaveLength(1);
    expect(await burst(world, 2)).toEqual(['plan-end', 'plan-end']);
  });

  test("given one customer at their cap, then another customer's calls come in", async () => {
    const world = new World({ acme: planWith({ maxCalls: 1 }), harbour: harbour() });
    world.callIn({ channel: 'first' });
    expect(await burst(world, 1, { to: HARBOUR })).toEqual(['plan-end']);
  });

  test('given two calls per caller at most, when the same number calls a third time, then it gets busy and others come in', async () => {
    const world = new World({ acme: planWith({ maxCallsPerCaller: 2 }) });
    expect(await burst(world, 3, { from: '<sip:+447700900123@carrier.invalid>' })).toEqual(['plan-end', 'plan-end', 'caller-cap']);
    expect(await burst(world, 3)).toEqual(['plan-end', 'plan-end', 'plan-end']);
  });

  test('given a phone at the cap of its customer, when it calls a colleague, then it gets busy', async () => {
    const world = new World({ acme: planWith({ maxCalls: 1 }) });
    world.callIn({ channel: 'outside' });
    const channel = world.callFrom('acme-201', '202');
    await world.ended(2);
    expect(world.telephony.endings.get(channel)).toEqual({ sipCode: 486, cause: 17 });
  });
});

describe('overload and drain', () => {
  test('given as many calls as the machine serves, when one more comes, then it gets 503 so that the carrier tries elsewhere', async () => {
    const world = new World({ acme: planWith() });
    limited(world, { maxCalls: 2, maxCallsPerSecond: 100 });
    expect(await burst(world, 3)).toEqual(['plan-end', 'plan-end', 'overload']);
    expect([...world.telephony.endings.values()].filter((one) => one.sipCode === 503)).toHaveLength(1);
    expect(world.records.find((record) => record.end.code === 'overload')?.end).toEqual({ by: 'us', fault: 'ours', code: 'overload', cause: 42, detail: '2 calls at once' });
  });

  test('given ten new calls a second, then a burst of ten comes in, the excess does not, and a second later there is room again', async () => {
    const world = new World({ acme: planWith() });
    limited(world, { maxCalls: 1_000, maxCallsPerSecond: 10 });
    await world.clock.pass(5_000);
    const first = await burst(world, 15);
    expect(first.filter((code) => code === 'plan-end')).toHaveLength(10);
    expect(first.filter((code) => code === 'overload')).toHaveLength(5);
    // Steadily at the rate, nobody is turned away.
    const steady = await burst(world, 30, { everyMs: 100 });
    expect(steady.filter((code) => code !== 'plan-end')).toEqual([]);
    const above = await burst(world, 60, { everyMs: 50 });
    expect(above.filter((code) => code === 'plan-end').length).toBeGreaterThanOrEqual(35);
    expect(above.filter((code) => code === 'plan-end').length).toBeLessThanOrEqual(41);
  });

  test('given overload that was measured, then calls are turned away until it is over', async () => {
    const world = new World({ acme: planWith() });
    const admission = limited(world, { maxCalls: 100, maxCallsPerSecond: 100 });
    admission.setOverloaded(true);
    expect(await burst(world, 1)).toEqual(['overload']);
    admission.setOverloaded(false);
    expect(await burst(world, 1)).toEqual(['plan-end']);
  });

  test('given a drain, then new calls get 503 and live ones go on to their end', async () => {
    const world = new World({ acme: planWith() });
    world.callIn({ channel: 'early' });
    world.clock.worldAfter(500, () => world.admission.drain());
    world.clock.worldAfter(600, () => world.callIn({ channel: 'late' }));
    world.clock.worldAfter(700, () => world.callFrom('acme-201', '202'));
    await world.ended(3);
    expect(Object.fromEntries(world.records.map((record) => [record.sip.sipCallId, record.end.code]))).toMatchObject({ 'sip-early': 'plan-end', 'sip-late': 'draining' });
    expect(world.records.filter((record) => record.end.code === 'draining')).toHaveLength(2);
    expect(await world.deps.live.drained(world.deps.clock, 1_000)).toBe(true);
  });
});

describe('emergency calls are exempt', () => {
  test.each([
    ['the cap of the customer', (world: World) => void world.callIn({ channel: 'outside' })],
    ['overload', (world: World) => limited(world, { maxCalls: 100, maxCallsPerSecond: 100 }).setOverloaded(true)],
    ['the calls of the machine', (world: World) => void limited(world, { maxCalls: 0, maxCallsPerSecond: 100 })],
    ['the calls of a second', (world: World) => void limited(world, { maxCalls: 100, maxCallsPerSecond: 0 })],
    ['a drain', (world: World) => limited(world, { maxCalls: 100, maxCallsPerSecond: 100 }).drain()],
  ])('given %s, when 999 is dialled, then it is connected', async (_, burden) => {
    const world = new World({ acme: planWith({ maxCalls: 1, maxCallsPerCaller: 1 }) });
    world.telephony.phones.set('PJSIP/999@trunk-sim', { kind: 'answers', afterMs: 500, hangsUpAfterMs: 3_000 });
    burden(world);
    const channel = world.callFrom('acme-201', '999');
    await world.clock.run(() => world.live.size === 0 && world.records.some((record) => record.sip.sipCallId === `sip-${channel}`));
    const record = world.records.find((one) => one.sip.sipCallId === `sip-${channel}`);
    expect(record?.trace.map((line) => line.text)).toEqual(['999 answered']);
    expect(record?.end).toMatchObject({ by: 'callee', code: 'hung-up' });
  });
});

describe('unknown numbers', () => {
  test('given a scanner, then each call gets 404 and one record, and beyond ten a second it is slowed down with an alarm', async () => {
    const world = new World({ acme: planWith() });
    const startedMs = world.clock.nowMs();
    const codes = await burst(world, 14, { to: '01632960999' });
    expect(new Set(codes)).toEqual(new Set(['unknown-number']));
    expect(world.records.filter((record) => record.endedAtMs - startedMs >= 1_000)).toHaveLength(4);
    expect(world.alarms.get('unknown-numbers')).toContain('More than 10 calls a second to numbers that no plan has, last from 127.0.0.1:5090');
    expect([...world.telephony.endings.values()].every((one) => one.sipCode === 404)).toBe(true);
  });

  test.each(['', 's', '*', '+', '00000000000000000000', '1 OR 1=1', '\u0000\r\nVia: x', '９９９', '9'.repeat(100_000)])('given %j as the number, then it is unknown and bounded in the record', async (to) => {
    const world = new World({ acme: planWith() });
    expect(await burst(world, 1, { to })).toEqual(['unknown-number']);
    expect(world.records[0]?.dialled.length).toBeLessThanOrEqual(128);
  });
});

describe('two customers with the same extensions', () => {
  test("given harbour's 201 calling 202, then harbour's 202 rings and acme's stays quiet", async () => {
    const world = new World({ acme: planWith(), harbour: harbour() });
    world.phone('harbour', '202', { kind: 'answers', afterMs: 500, hangsUpAfterMs: 1_000 });
    world.phone('acme', '202', { kind: 'answers', afterMs: 100, hangsUpAfterMs: 1_000 });
    const rung: string[] = [];
    world.telephony.onRequest = (verb, target) => {
      if (verb === 'dialLeg') rung.push(world.telephony.channels.get(target)?.endpoint ?? '');
    };
    world.callFrom('harbour-201', '202');
    await world.ended();
    expect(rung).toEqual(['PJSIP/harbour-202']);
    expect(world.records[0]).toMatchObject({ customer: 'harbour', caller: { number: { kind: 'extension', number: '201' } }, end: { by: 'callee' } });
    expect(world.records[0]?.trace.map((line) => line.text)).toEqual(['Tom Evans answered']);
  });

  test("given harbour's number, then harbour's prompts are heard", async () => {
    const world = new World({ acme: planWith(), harbour: harbour() });
    const channel = world.callIn({ to: HARBOUR });
    await world.ended();
    expect(world.telephony.heard.get(channel)).toEqual(['sound:harbour/welcome']);
  });

  test('given a phone that nobody owns, then it is refused with a record', async () => {
    const world = new World({ acme: planWith() });
    const channel = world.callFrom('stranger-201', '202');
    await world.ended();
    expect(world.records[0]).toMatchObject({ customer: null, end: { code: 'unknown-phone', cause: 21, detail: 'stranger-201' } });
    expect(world.telephony.endings.get(channel)?.sipCode).toBe(403);
  });

  test('given a number that this carrier does not bring, when it is called over it, then it is nobody\'s number there', async () => {
    const world = new World({ acme: planOf('bye', { bye: { kind: 'end', how: 'hang-up' } }) });
    world.brings = () => false;
    const channel = world.callIn();
    await world.ended();
    expect(world.records[0]?.end).toMatchObject({ code: 'unknown-number', cause: 1 });
    expect(world.telephony.causes.get(channel)).toBe(1);
    expect(await world.leftovers()).toEqual([]);
  });
});
