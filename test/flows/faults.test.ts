// Parts of ours and of the switch that fail under a live caller: the fallback in the same second, the failsafe after three,
// an alarm for people, and never a call that ends for it.
import { describe, expect, test } from 'vitest';
import { TelephonyError, type TelephonyFault } from '../../src/ports/telephony.ts';
import { follow, heardBy, serve, served, timesOf } from './served.ts';
import { planOf, World } from './world.ts';

const bye = { kind: 'end', say: [{ phrase: 'goodbye' }] };
const play = { kind: 'play', say: ['welcome'], on: { done: 'bye' }, fallback: 'sorry' };

function refused(fault: TelephonyFault = 'refused'): TelephonyError {
  return new TelephonyError(fault, 'Asterisk said no');
}

describe('Asterisk refuses', () => {
  test.each<[string, unknown, readonly string[]]>([
    ['ring', { kind: 'ring', targets: [{ extension: '202' }], ringMs: 5_000, fallback: 'sorry' }, ['technical-fault']],
    ['createLeg', { kind: 'ring', targets: [{ extension: '202' }], ringMs: 5_000, fallback: 'sorry' }, ['technical-fault']],
    ['dialLeg', { kind: 'ring', targets: [{ extension: '202' }], ringMs: 5_000, fallback: 'sorry' }, ['technical-fault']],
    ['record', { kind: 'voicemail', mailbox: 'office', fallback: 'sorry' }, ['acme/greeting', 'record-after-tone', 'beep', 'technical-fault']],
  ])('given %s refused, then the fallback of the step is heard within the same second', async (verb, step, heard) => {
    const result = await serve(planOf('step', { step, bye }), (world) => {
      world.telephony.failing.set(verb, refused());
      return world.callIn();
    });
    expect(result.heard).toEqual(heard);
    expect(result.record.trace[0]).toMatchObject({ step: 'step', next: 'sorry', tookFallback: true });
    const [atMs = Number.NaN] = timesOf(result.moments, verb);
    expect((timesOf(result.moments, 'play').at(-1) ?? Number.NaN) - atMs).toBeLessThan(1_000);
  });

  test.each<TelephonyFault>(['refused', 'failed', 'timeout', 'unreachable'])('given a playback that fails with "%s", then the fallback is tried and the caller is told in the end', async (fault) => {
    const world = new World({ acme: planOf('told', { told: play, bye }) });
    const moments = follow(world);
    world.telephony.failing.set('play', refused(fault));
    // The first two playbacks fail, whatever they are.
    world.clock.worldAfter(320, () => world.telephony.failing.delete('play'));
    const channel = world.callIn();
    await world.ended();
    const { record } = await served(world, channel);
    expect(record.trace[0]).toMatchObject({ outcome: 'fault', text: 'failed: Asterisk said no', next: 'sorry' });
    expect(timesOf(moments, 'play').length).toBeGreaterThanOrEqual(2);
    expect(record.end.by).toBe('us');
  });

  test('given an answer that Asterisk refuses, then the call comes to its end in order', async () => {
    const { record, heard } = await serve(planOf('told', { told: play, bye }), (world) => {
      world.telephony.failing.set('answer', refused());
      return world.callIn();
    });
    expect(heard).toEqual([]);
    expect(record.answeredAtMs).toBeNull();
    expect(record.trace[0]).toMatchObject({ outcome: 'fault', next: 'sorry', tookFallback: true });
    expect(record.end).toMatchObject({ by: 'us', fault: 'ours', code: 'failsafe', detail: 'sorry could not be performed' });
  });

  test('given a stop of a playback that Asterisk refuses, then the key counts all the same', async () => {
    const { texts } = await serve(planOf('main', { main: { kind: 'menu', say: ['menu'], choices: { '1': 'bye' }, fallback: 'sorry' }, bye }), (world) => {
      world.telephony.failing.set('stopPlayback', refused());
      const channel = world.callIn();
      world.press(channel, '1', 500);
      return channel;
    });
    expect(texts).toEqual(['key 1', 'plays a message and hangs up']);
  });

  test('given a bridge that cannot be taken down, then the call still ends with one record', async () => {
    const world = new World({ acme: planOf('tom', { tom: { kind: 'ring', targets: [{ extension: '202' }], fallback: 'sorry' } }) });
    world.phone('acme', '202', { kind: 'answers', afterMs: 500, hangsUpAfterMs: 2_000 });
    world.telephony.failing.set('destroyBridge', refused());
    world.callIn();
    await world.ended();
    expect(world.records).toMatchObject([{ end: { by: 'callee', code: 'hung-up' } }]);
    expect(await world.leftovers()).toEqual([expect.stringMatching(/^bridge br-/)]);
  });

  test('given a hang-up that Asterisk refuses for a while, then it is asked again', async () => {
    const world = new World({ acme: planOf('bye', { bye: { kind: 'end' } }) });
    const moments = follow(world);
    world.telephony.failing.set('hangup', refused('failed'));
    world.clock.worldAfter(100, () => world.telephony.failing.delete('hangup'));
    const channel = world.callIn();
    await world.ended();
    await served(world, channel);
    expect(timesOf(moments, 'hangup')).toHaveLength(2);
  });
});

describe('after repeated failure', () => {
  const PLAN = planOf('a', {
    a: { ...play, fallback: 'b' }, b: { ...play, fallback: 'c' }, c: { ...play, fallback: 'd' }, d: { kind: 'play', say: ['menu'], on: { done: 'bye' }, fallback: 'sorry' }, bye,
  });

  test('given three steps that fail, then the failsafe of the plan follows instead of a fourth', async () => {
    const { texts, heard, record } = await serve(PLAN, (world) => {
      world.telephony.mediaMs = (media) => (media.includes('welcome') ? null : 500);
      return world.callIn();
    });
    expect(texts).toEqual([
      'failed: Asterisk could not play a prompt', 'failed: Asterisk could not play a prompt', 'failed: Asterisk could not play a prompt',
      'failsafe: repeated failures', 'plays a message and hangs up',
    ]);
    expect(heard.filter((one) => one === 'acme/menu')).toEqual([]);
    expect(heard.at(-1)).toBe('technical-fault');
    expect(record.end).toMatchObject({ by: 'us', fault: 'ours', code: 'failsafe', cause: 16, detail: 'repeated failures' });
  });

  test('given two steps that fail, then the plan goes on', async () => {
    const { texts } = await serve(PLAN, (world) => {
      let plays = 0;
      world.telephony.mediaMs = (media) => (media.includes('welcome') && (plays += 1) <= 2 ? null : 500);
      return world.callIn();
    });
    expect(texts.slice(2)).toEqual(['played', 'plays a message and hangs up']);
  });

  test('given a switch that can play nothing at all, then the call ends as our fault, in order', async () => {
    const { record, heard } = await serve(PLAN, (world) => {
      world.telephony.failing.set('play', refused('failed'));
      return world.callIn();
    });
    expect(heard).toEqual([]);
    expect(record.end).toMatchObject({ by: 'us', fault: 'ours', code: 'failsafe' });
    expect(record.endedAtMs - record.startedAtMs).toBeLessThan(1_000);
  });

  test('given last words that cannot be said, then the failsafe of the plan is heard, and the end is our fault', async () => {
    const world = new World({ acme: planOf('bye', { bye: { kind: 'end', say: ['welcome'] } }) });
    const { media } = world.deps;
    world.give({ media: { phrase: (id) => media.phrase(id), prompt: () => null } });
    const channel = world.callIn();
    await world.ended();
    const { heard, texts, record } = await served(world, channel);
    expect(heard).toEqual(['technical-fault']);
    expect(texts).toEqual(['failed: prompt "welcome" cannot be played', 'failsafe: bye could not be performed', 'plays a message and hangs up']);
    expect(record.end).toMatchObject({ by: 'us', fault: 'ours', code: 'failsafe' });
  });

  test("given phrases of the product's own that are all missing, then the call still ends in order", async () => {
    const world = new World({ acme: PLAN });
    world.give({ media: { prompt: () => null, phrase: () => null } });
    const channel = world.callIn();
    await world.ended();
    const { record } = await served(world, channel);
    expect(record.trace[0]?.text).toBe('failed: prompt "welcome" cannot be played');
    expect(record.end).toMatchObject({ by: 'us', fault: 'ours' });
  });
});

describe('stores that fail', () => {
  test('given a state store that rejects everything, then the call goes its whole way, with an alarm', async () => {
    const world = new World({ acme: planOf('main', { main: { kind: 'menu', say: ['menu'], choices: { '1': 'sales' }, fallback: 'sorry' }, sales: { kind: 'ring', targets: [{ group: 'sales' }], strategy: 'least-recent', ringMs: 5_000, fallback: 'box' }, box: { kind: 'voicemail', mailbox: 'office', fallback: 'sorry' } }) });
    const fail = async (): Promise<never> => Promise.reject(new Error('database is locked'));
    Object.assign(world.state, { putCall: fail, removeCall: fail, nextTurn: fail, putLastTalked: fail, lastTalked: fail, putSwitch: fail });
    const channel = world.callIn();
    world.press(channel, '1', 500);
    world.clock.worldAfter(30_000, () => world.telephony.hangUp(channel));
    await world.ended();
    const { texts } = await served(world, channel);
    expect(texts[0]).toBe('key 1');
    expect(texts[1]).toContain('no answer');
    expect(world.messages).toHaveLength(1);
    expect(world.alarms.get('state-store')).toContain('database is locked');
  });

  test('given a record store that throws, then the call ends in order, with an alarm, and the next call is served', async () => {
    const world = new World({ acme: planOf('told', { told: play, bye }) });
    const { records } = world.deps;
    const ended: string[] = [];
    const { observer } = world.deps;
    world.give({
      records: { ...records, putRecord: () => { throw new Error('queue is full'); } },
      observer: { ...observer, ended: (record) => void ended.push(record.id) },
    });
    const channel = world.callIn();
    await world.clock.run(() => world.taking === 0 && ended.length === 1 && world.live.size === 0);
    expect(await world.leftovers()).toEqual([]);
    expect(heardBy(world, channel)).toEqual(['acme/welcome', 'goodbye']);
    expect(world.alarms.get('records')).toBe('The record of call call1 could not be handed over: queue is full');
    world.callIn({ channel: 'next' });
    await world.clock.run(() => world.taking === 0 && ended.length === 2);
    expect(heardBy(world, 'next')).toEqual(['acme/welcome', 'goodbye']);
  });
});

describe('bugs of ours', () => {
  test('given a bug inside a step, then the fallback is heard, and an alarm names step and customer', async () => {
    const world = new World({ acme: planOf('told', { told: play, bye }) });
    const { media } = world.deps;
    world.give({ media: { phrase: (id) => media.phrase(id), prompt: () => { throw new TypeError('undefined is not a function'); } } });
    const channel = world.callIn();
    await world.ended();
    expect(heardBy(world, channel)).toEqual(['technical-fault']);
    expect(world.records[0]?.trace[0]).toMatchObject({ outcome: 'fault', text: 'failed: unexpected failure', next: 'sorry' });
    expect(world.alarms.get('flow-bug')).toBe('Step told of acme failed unexpectedly: undefined is not a function');
    expect(await world.leftovers()).toEqual([]);
  });

  test('given a bug outside any step, then the failsafe of the plan is heard, with an alarm', async () => {
    const world = new World({ acme: planOf('told', { told: play, bye }) });
    world.pins.set('acme/office', '2468');
    const { voicemail } = world.deps;
    world.give({ voicemail: { ...voicemail, checkPin: async () => { throw new Error('no such table'); } } });
    const channel = world.callFrom('acme-201', '*97');
    world.press(channel, '2468#', 300);
    await world.ended();
    expect(heardBy(world, channel)).toEqual(['enter-pin', 'technical-fault']);
    expect(world.alarms.get('flow-bug')).toBe('A call of acme went to its failsafe: no such table');
    expect(world.records[0]?.end).toMatchObject({ by: 'us', fault: 'ours', code: 'failsafe' });
    expect(await world.leftovers()).toEqual([]);
  });

  test('given a question about a phone that throws, then its channel is ended instead of left in limbo, with an alarm', async () => {
    const world = new World({ acme: planOf('told', { told: play, bye }) });
    world.give({ phoneOwner: () => { throw new Error('no such table'); } });
    const channel = world.callFrom('acme-201', '202');
    await world.clock.run(() => world.taking === 0 && !world.telephony.channels.has(channel));
    expect(world.alarms.get('flow-bug')).toBe('A call over acme-201 could not be taken: no such table');
    expect(await world.leftovers()).toEqual([]);
  });

  test('given a plan source that throws, then the call is refused with a record instead of ringing for ever', async () => {
    const world = new World({ acme: planOf('told', { told: play, bye }) });
    const { plans } = world.deps;
    world.give({ plans: { ...plans, byDdi: () => { throw new Error('index is broken'); } } });
    const channel = world.callIn();
    await world.ended();
    const { record } = await served(world, channel);
    expect(record.end).toMatchObject({ by: 'us', fault: 'ours', code: 'unexpected-error', detail: 'index is broken' });
  });
});
