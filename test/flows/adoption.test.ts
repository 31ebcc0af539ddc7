// kill -9 under a live caller, one situation at a time: what the new process does, and what the caller notices of it.
import { describe, expect, test } from 'vitest';
import { follow, heardBy, restart, served, sinceStart, timesOf } from './served.ts';
import { planOf, World } from './world.ts';

const bye = { kind: 'end', say: [{ phrase: 'goodbye' }] };
const TAKEN = 'taken over after a restart';
const GAP_MS = 300;

function ringOf(more: Readonly<Record<string, unknown>> = {}): unknown {
  return planOf('sales', { sales: { kind: 'ring', targets: [{ group: 'sales' }], ringMs: 20_000, fallback: 'bye', ...more }, bye });
}

describe('taken over while listening', () => {
  test('given a menu that speaks, then it is offered again from its beginning, and the call is answered once', async () => {
    const world = new World({ acme: planOf('main', { main: { kind: 'menu', say: ['menu'], choices: { '1': 'bye' }, fallback: 'sorry' }, bye }) });
    const moments = follow(world);
    const channel = world.callIn();
    await world.clock.pass(1_000);
    await restart(world, GAP_MS);
    world.press(channel, '1', 3_000);
    await world.ended();
    const { heard, texts, record } = await served(world, channel);
    expect(heard).toEqual(['acme/menu', 'acme/menu', 'goodbye']);
    expect(texts).toEqual([TAKEN, 'key 1', 'plays a message and hangs up']);
    expect(timesOf(moments, 'answer')).toHaveLength(1);
    // The old prompt is stopped before the new one begins.
    expect(timesOf(moments, 'stopPlayback')[0]).toBeLessThan(timesOf(moments, 'play')[1] ?? 0);
    expect(record).toMatchObject({ adoptions: 1, answeredAtMs: record.startedAtMs + 1, end: { code: 'plan-end' } });
  });

  test('given digits that were collected before, then a branch after the restart knows them, and secret ones stay secret', async () => {
    const world = new World({
      acme: planOf('ask', {
        ask: { kind: 'collect', variable: 'pin', say: ['menu'], minDigits: 4, maxDigits: 4, terminator: 'none', secret: true, on: { collected: 'told' }, fallback: 'sorry' },
        told: { kind: 'play', say: ['welcome'], on: { done: 'kind' }, fallback: 'sorry' },
        kind: { kind: 'branch', variable: 'pin', cases: [{ equals: '8642', to: 'bye' }], fallback: 'sorry' }, bye,
      }),
    });
    const channel = world.callIn();
    world.press(channel, '8642', 300);
    await world.clock.pass(1_500);
    await restart(world, GAP_MS);
    await world.ended();
    const { texts, record } = await served(world, channel);
    expect(texts).toEqual(['collected, 4 digits', TAKEN, 'played', 'pin fits', 'plays a message and hangs up']);
    expect(JSON.stringify([record, world.traced, world.notes])).not.toContain('8642');
  });

  test('given a plan that was replaced meanwhile, then the call goes on with the version it began with', async () => {
    const plan = (to: string): unknown => planOf('main', { main: { kind: 'menu', say: ['menu'], choices: { '1': to }, fallback: 'bye' }, bye, busy: { kind: 'end', how: 'busy' } });
    for (const [isKept, last] of [[true, 'plays a message and hangs up'], [false, 'busy tone']] as const) {
      const world = new World({ acme: plan('bye') });
      const [before] = world.plans.values();
      if (before === undefined) throw new Error('the world has no plan');
      const channel = world.callIn();
      await world.clock.pass(1_000);
      const [after] = new World({ acme: plan('busy') }).plans.values();
      if (after === undefined) throw new Error('the world has no plan');
      const asked: string[] = [];
      world.give({
        plans: {
          ...world.deps.plans, byCustomer: () => after,
          byHash: async (customer, hash) => (asked.push(`${customer} ${hash}`), isKept ? before : null),
        },
      });
      world.press(channel, '1', 2_000);
      await restart(world, GAP_MS);
      await world.ended();
      const { texts } = await served(world, channel);
      expect(asked).toEqual(['acme hash-acme']);
      expect(texts).toEqual([TAKEN, 'key 1', last]);
    }
  });
});

describe('taken over while ringing', () => {
  test('given phones that ring, then they go on ringing for the time that is left, and nobody is rung twice', async () => {
    const world = new World({ acme: ringOf() });
    const moments = follow(world);
    const channel = world.callIn();
    await world.clock.pass(12_000);
    await restart(world, GAP_MS);
    await world.ended();
    const { texts, record } = await served(world, channel);
    expect(timesOf(moments, 'dialLeg')).toHaveLength(3);
    expect(texts).toEqual([TAKEN, 'no answer, Priya Shah: no answer, Tom Evans: no answer, Aisha Khan: no answer', 'plays a message and hangs up']);
    expect((record.trace[1]?.atMs ?? 0) - record.startedAtMs).toBeGreaterThanOrEqual(20_000);
    expect((record.trace[1]?.atMs ?? 0) - record.startedAtMs).toBeLessThan(20_050);
    expect(record.legs.map((leg) => leg.result)).toEqual(['no-answer', 'no-answer', 'no-answer']);
  });

  test('given a phone that answered in between, then the two are connected at once', async () => {
    const world = new World({ acme: ringOf() });
    world.phone('acme', '202', { kind: 'answers', afterMs: 1_100, hangsUpAfterMs: 4_000 });
    const channel = world.callIn();
    await world.clock.pass(1_000);
    await restart(world, GAP_MS);
    expect(sinceStart(world)).toBeLessThan(1_000 + GAP_MS + 20);
    await world.ended();
    const { texts, record } = await served(world, channel);
    expect(texts).toEqual([TAKEN, 'Tom Evans answered; Priya Shah, Aisha Khan: answered elsewhere']);
    expect(record.end).toMatchObject({ by: 'callee', code: 'hung-up' });
  });

  test('given people rung in order, then who refused before stays in the record and is not rung again', async () => {
    const world = new World({ acme: ringOf({ strategy: 'in-order', ringMs: 5_000 }) });
    const moments = follow(world);
    world.phone('acme', '201', { kind: 'busy' });
    world.phone('acme', '203', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 1_000 });
    const channel = world.callIn();
    await world.clock.pass(2_000);
    await restart(world, GAP_MS);
    await world.ended();
    const { record } = await served(world, channel);
    expect(timesOf(moments, 'dialLeg')).toHaveLength(3);
    expect(record.legs.map((leg) => [leg.to, leg.result])).toEqual([['201', 'busy'], ['202', 'no-answer'], ['203', 'answered']]);
  });

  test('given a caller who hung up meanwhile, then the phones stop ringing and the record says what the log of Asterisk knows', async () => {
    const world = new World({ acme: ringOf() });
    const endedAtMs = world.clock.nowMs() + 2_200;
    world.give({ endOf: async (channel) => (channel === 'gone' ? { cause: 16, atMs: endedAtMs } : null) });
    const channel = world.callIn({ channel: 'gone' });
    await world.clock.pass(2_000);
    world.clock.worldAfter(200, () => world.telephony.hangUp(channel));
    await restart(world, GAP_MS);
    const { record } = await served(world, channel);
    expect(record.end).toEqual({ by: 'caller', fault: 'none', code: 'ended-unseen', cause: 16, detail: "closed from Asterisk's log" });
    expect(record.endedAtMs).toBe(endedAtMs);
    expect(record.legs.map((leg) => [leg.to, leg.result])).toEqual([['201', 'caller-left'], ['202', 'caller-left'], ['203', 'caller-left']]);
    expect(world.telephony.legs()).toEqual([]);
  });
});

describe('taken over while talking', () => {
  async function talking(drive: (world: World, channel: string, leg: string) => void): Promise<{ world: World; channel: string; moments: ReturnType<typeof follow> }> {
    const world = new World({ acme: ringOf({ targets: [{ extension: '202' }] }) });
    const moments = follow(world);
    world.phone('acme', '202', { kind: 'answers', afterMs: 500 });
    const channel = world.callIn();
    await world.clock.pass(2_000);
    drive(world, channel, world.telephony.legs()[0] ?? '');
    await restart(world, GAP_MS);
    await world.ended();
    return { world, channel, moments };
  }

  test.each([['callee', 'callee'], ['caller', 'caller']])('given two people, then they stay in their bridge, and when the %s hangs up that is who ended it', async (who, by) => {
    const { world, channel, moments } = await talking((given, caller, leg) => given.clock.worldAfter(10_000, () => given.telephony.hangUp(who === 'caller' ? caller : leg)));
    const { record, texts } = await served(world, channel);
    expect(timesOf(moments, 'createBridge')).toHaveLength(1);
    expect(timesOf(moments, 'addToBridge')).toHaveLength(1);
    expect(timesOf(moments, 'destroyBridge')[0]).toBeGreaterThanOrEqual(12_000);
    expect(texts).toEqual(['Tom Evans answered', TAKEN, 'still connected with Tom Evans']);
    expect(record.end).toMatchObject({ by, code: 'hung-up' });
    expect(record.legs).toMatchObject([{ to: '202', result: 'answered' }]);
  });

  test('given a callee who hung up meanwhile, then the caller is ended at once, and the callee did it', async () => {
    const { world, channel } = await talking((given, _, leg) => given.clock.worldAfter(100, () => given.telephony.hangUp(leg)));
    const { record } = await served(world, channel);
    expect(record.end).toMatchObject({ by: 'callee', code: 'hung-up' });
    expect(record.endedAtMs - record.startedAtMs).toBeLessThan(2_000 + GAP_MS + 50);
    expect(record.legs).toMatchObject([{ to: '202', result: 'answered' }]);
  });

  test('given a transfer before the restart, then the served phone is still known: it ends the call as callee and is not rung by it', async () => {
    const world = new World({ acme: ringOf() });
    for (const extension of ['202', '203']) world.phone('acme', extension, { kind: 'answers', afterMs: 500 });
    const channel = world.callFrom('acme-201', '202');
    world.clock.worldAfter(2_000, () => world.telephony.refer(channel, '203'));
    await world.clock.pass(4_000);
    await restart(world, GAP_MS);
    world.phone('acme', '201', { kind: 'answers', afterMs: 500, hangsUpAfterMs: 2_000 });
    world.clock.worldAfter(1_000, () => world.telephony.refer(world.telephony.legs()[1] ?? '', '201'));
    await world.ended();
    const { texts, record } = await served(world, channel);
    expect(texts.at(-1)).toBe('Priya Shah answered');
    expect(record.end).toMatchObject({ by: 'callee' });
    expect(record.legs.map((leg) => [leg.to, leg.result])).toEqual([['202', 'answered'], ['203', 'answered'], ['201', 'answered']]);
  });
});

describe('taken over while recording', () => {
  const PLAN = planOf('box', { box: { kind: 'voicemail', mailbox: 'office', silenceEndMs: 20_000, fallback: 'sorry' } });

  test('given a caller who speaks, then the recording goes on and the whole message is kept', async () => {
    const world = new World({ acme: PLAN });
    const moments = follow(world);
    const channel = world.callIn();
    await world.clock.pass(6_000);
    await restart(world, GAP_MS);
    world.press(channel, '#', 4_000);
    await world.ended();
    const { texts, heard } = await served(world, channel);
    expect(timesOf(moments, 'record')).toHaveLength(1);
    expect(heard.filter((one) => one === 'beep')).toHaveLength(1);
    expect(world.messages).toMatchObject([{ durationMs: 7_000 }]);
    expect(texts).toEqual([TAKEN, 'message of 7 s kept for Office', 'message left, 7 s for Office']);
  });

  test('given a caller who hung up meanwhile, then what was said is kept', async () => {
    const world = new World({ acme: PLAN });
    const channel = world.callIn();
    await world.clock.pass(9_000);
    world.clock.worldAfter(100, () => world.telephony.hangUp(channel));
    await restart(world, GAP_MS);
    await world.ended();
    const { record } = await served(world, channel);
    expect(record.end.code).toBe('ended-unseen');
    expect(world.messages).toHaveLength(1);
    expect(world.telephony.mailboxes.get('acme-office')).toEqual({ fresh: 1, old: 0 });
  });
});

describe('what else a new process finds', () => {
  test('given a kill at any request of a feature code, then the switch has moved once', async () => {
    for (let n = 1; n <= 4; n += 1) {
      const world = new World({ acme: planOf('night', { night: { kind: 'switch', switch: 'night', on: { off: 'bye' }, fallback: 'bye' }, bye }, { switches: { night: { label: 'Night mode', positions: ['off', 'on'], featureCode: '*21' } } }) });
      let requests = 0;
      let isDue = false;
      world.telephony.onRequest = () => {
        isDue ||= (requests += 1) === n;
      };
      const channel = world.callFrom('acme-201', '*21');
      await world.clock.run(() => isDue || world.records.length > 0);
      await restart(world, GAP_MS);
      await world.clock.run(() => world.records.length > 0 && world.live.size === 0);
      expect(world.deps.switches.positions('acme').get('night'), `killed at request ${n}`).toBe('on');
      expect(heardBy(world, channel).at(-1)).toBe('switch-on');
    }
  });

  test('given a call that came in while nobody was there, then it is served now, with the time at which it came', async () => {
    const world = new World({ acme: planOf('told', { told: { kind: 'play', say: ['welcome'], on: { done: 'bye' }, fallback: 'sorry' }, bye }) });
    world.clock.worldAfter(100, () => world.callIn({ channel: 'early' }));
    await restart(world, GAP_MS);
    await world.ended();
    const { heard, record } = await served(world, 'early');
    expect(heard).toEqual(['acme/welcome', 'goodbye']);
    expect((record.answeredAtMs ?? 0) - record.startedAtMs).toBeGreaterThanOrEqual(GAP_MS - 100);
  });

  test('given legs and bridges of ours that no call owns, then they are taken down, and what is not ours is left alone', async () => {
    const world = new World({ acme: ringOf() });
    world.telephony.bridges.set('br-lost-a1', new Set());
    world.telephony.bridges.set('conference-7', new Set());
    world.phone('acme', '202', { kind: 'rings-on' });
    await Promise.all([world.telephony.createLeg({ channel: 'leg-lost-a2', endpoint: 'PJSIP/acme-202', variables: {}, originator: null }), world.clock.pass(10)]);
    await restart(world, GAP_MS);
    expect([...world.telephony.bridges.keys()]).toEqual(['conference-7']);
    expect(world.telephony.legs()).toEqual([]);
    expect(world.records).toEqual([]);
  });

  test('given calls that were taken over, then they count against the caps of their customer', async () => {
    const world = new World({ acme: planOf('told', { told: { kind: 'play', say: ['welcome'], on: { done: 'bye' }, fallback: 'sorry' }, bye }, { limits: { maxCalls: 1 } }) });
    world.callIn({ channel: 'first' });
    await world.clock.pass(500);
    await restart(world, GAP_MS);
    world.clock.worldAfter(50, () => world.callIn({ channel: 'second' }));
    await world.ended(2);
    expect(world.records.map((record) => [record.sip.sipCallId, record.end.code])).toEqual([['sip-second', 'customer-cap'], ['sip-first', 'plan-end']]);
    expect(world.live.callsOf('acme')).toBe(0);
  });
});
