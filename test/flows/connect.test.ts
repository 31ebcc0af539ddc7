// Two people talking: who ends it, how long it may last, and who may be sent on to whom.
import { describe, expect, test } from 'vitest';
import { TelephonyError } from '../../src/ports/telephony.ts';
import { heardBy, serve, served, timesOf, follow, type Served } from './served.ts';
import { planOf, World } from './world.ts';

const tom = { kind: 'ring', targets: [{ extension: '202' }], ringMs: 5_000, fallback: 'sorry' };

function talking(drive: (world: World, channel: string) => void, more: Readonly<Record<string, unknown>> = {}, from: 'outside' | '201' | '203' = 'outside'): Promise<Served> {
  return serve(planOf('tom', { tom }, more), (world) => {
    world.phone('acme', '202', { kind: 'answers', afterMs: 1_000 });
    const channel = from === 'outside' ? world.callIn() : world.callFrom(`acme-${from}`, '202');
    drive(world, channel);
    return channel;
  });
}

/** The leg that rings or talks at an extension now. */
function legTo(world: World, extension: string): string {
  return world.telephony.legs().findLast((leg) => world.telephony.channels.get(leg)?.endpoint === `PJSIP/acme-${extension}`) ?? '';
}

describe('a conversation', () => {
  test('given two people talking, when the callee hangs up, then the caller is ended and the callee did it', async () => {
    const { record, world, channel, texts } = await talking((given) => given.clock.worldAfter(4_000, () => given.telephony.hangUp(legTo(given, '202'))));
    expect(record.end).toEqual({ by: 'callee', fault: 'none', code: 'hung-up', cause: 16 });
    expect(world.telephony.endings.get(channel)).toEqual({ sipCode: null, cause: 16 });
    expect(texts).toEqual(['Tom Evans answered']);
  });

  test('given two people talking, when the caller hangs up, then the leg ends within a round trip', async () => {
    const { record, moments } = await talking((world, channel) => world.clock.worldAfter(4_000, () => world.telephony.hangUp(channel)));
    expect(record.end).toEqual({ by: 'caller', fault: 'none', code: 'hung-up', cause: 16 });
    expect(timesOf(moments, 'hangup', record.legs[0]?.channel)).toEqual([4_000]);
    expect(record.legs[0]).toMatchObject({ result: 'answered', answeredAtMs: expect.any(Number) as number, endedAtMs: expect.any(Number) as number });
  });

  test('given the longest call of the plan, when it is reached, then both are ended and nobody is blamed', async () => {
    const { record, world } = await talking(() => {}, { limits: { maxCallMs: 60_000 } });
    expect(record.end).toEqual({ by: 'us', fault: 'none', code: 'longest-call-reached', cause: 16 });
    expect(record.endedAtMs - record.startedAtMs).toBeGreaterThanOrEqual(60_000);
    expect(record.endedAtMs - record.startedAtMs).toBeLessThan(60_050);
    expect([...world.telephony.causes.values()]).toEqual([16, 16]);
  });

  test('given a phone that holds and resumes, then the conversation goes on', async () => {
    const { record } = await talking((world) => {
      world.clock.worldAfter(2_000, () => world.telephony.hold(legTo(world, '202'), true));
      world.clock.worldAfter(5_000, () => world.telephony.hold(legTo(world, '202'), false));
      world.clock.worldAfter(9_000, () => world.telephony.hangUp(legTo(world, '202')));
    });
    expect(record.endedAtMs - record.startedAtMs).toBeGreaterThanOrEqual(9_000);
  });
});

describe('transfer', () => {
  test('given the callee who sends the caller on, then the third talks to the caller and the callee is out', async () => {
    const { record, texts, world } = await talking((given) => {
      given.phone('acme', '203', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 2_000 });
      given.clock.worldAfter(3_000, () => given.telephony.refer(legTo(given, '202'), '203'));
    });
    expect(texts).toEqual(['Tom Evans answered', 'transferred to Aisha Khan by Tom Evans', expect.stringContaining('transferred to Aisha Khan'), 'Aisha Khan answered']);
    expect([...world.telephony.transfers.values()]).toEqual([200]);
    expect(record.legs.map((leg) => [leg.to, leg.result])).toEqual([['202', 'answered'], ['203', 'answered']]);
    expect(record.end.by).toBe('callee');
  });

  test('given the calling phone that sends the callee on, then the callee talks to the third and the caller is out', async () => {
    const { record, texts, world, channel } = await talking((given, caller) => {
      given.phone('acme', '203', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 2_000 });
      given.clock.worldAfter(3_000, () => given.telephony.refer(caller, '203'));
    }, {}, '201');
    expect(texts[1]).toBe('transferred to Aisha Khan by the caller');
    expect(world.telephony.transfers.get(channel)).toBe(200);
    expect(record.legs.some((leg) => leg.to === '203' && leg.result === 'answered')).toBe(true);
    expect(record.end.by).toBe('callee');
  });

  test.each([
    ['an outside number', '02079460018', 'transfer refused: 02079460018 is no extension here; outside numbers cannot be transferred to'],
    ['an extension that nobody has', '299', 'transfer refused: 299 is no extension here; outside numbers cannot be transferred to'],
    ['nothing', '', 'transfer refused: an empty number is no extension here; outside numbers cannot be transferred to'],
    ['a dial string', '203&PJSIP/evil@trunk', 'transfer refused: 203PJSIPevil@trunk is no extension here; outside numbers cannot be transferred to'],
    ['control characters', '2\r\n03\u0000<script>', 'transfer refused: 203script is no extension here; outside numbers cannot be transferred to'],
    ['ten thousand characters', '9'.repeat(10_000), `transfer refused: ${'9'.repeat(32)} is no extension here; outside numbers cannot be transferred to`],
    ['a step of the plan', '@203', 'transfer refused: @203 is no extension here; outside numbers cannot be transferred to'],
    ['the emergency number', '999', 'transfer refused: 999 is no extension here; outside numbers cannot be transferred to'],
  ])('given a REFER to %s, then it is refused with its reason and the two talk on', async (_, target, text) => {
    const { record, texts, world } = await talking((given) => {
      given.clock.worldAfter(3_000, () => given.telephony.refer(legTo(given, '202'), target));
      given.clock.worldAfter(8_000, () => given.telephony.hangUp(legTo(given, '202')));
    });
    expect(texts).toEqual(['Tom Evans answered', text]);
    expect([...world.telephony.transfers.values()]).toEqual([603]);
    expect(record.endedAtMs - record.startedAtMs).toBeGreaterThanOrEqual(8_000);
  });

  test('given an attended REFER, then it is refused and the two talk on', async () => {
    const { texts } = await talking((world) => {
      world.clock.worldAfter(3_000, () => world.telephony.refer(legTo(world, '202'), '203', true));
      world.clock.worldAfter(8_000, () => world.telephony.hangUp(legTo(world, '202')));
    });
    expect(texts).toEqual(['Tom Evans answered', 'transfer refused: attended transfer is not offered']);
  });

  test('given a chain of three transfers, then the caller is handed from one to the next, and one record tells it all', async () => {
    const { texts, record } = await talking((world) => {
      world.phone('acme', '203', { kind: 'answers', afterMs: 1_000 });
      world.phone('acme', '201', { kind: 'answers', afterMs: 1_000 });
      world.clock.worldAfter(3_000, () => world.telephony.refer(legTo(world, '202'), '203'));
      world.clock.worldAfter(6_000, () => world.telephony.refer(legTo(world, '203'), '201'));
      world.clock.worldAfter(9_000, () => world.telephony.refer(legTo(world, '201'), '202'));
      world.clock.worldAfter(12_000, () => world.telephony.hangUp(legTo(world, '202')));
    });
    expect(texts.filter((text) => text.endsWith('answered'))).toEqual(['Tom Evans answered', 'Aisha Khan answered', 'Priya Shah answered', 'Tom Evans answered']);
    expect(record.legs.map((leg) => leg.to)).toEqual(['202', '203', '201', '202']);
    expect(record.end).toMatchObject({ by: 'callee', code: 'hung-up' });
  });

  test('given a callee who was sent on, when the third sends them back to the first caller, then that phone is rung', async () => {
    const { record, texts } = await talking((world, caller) => {
      world.phone('acme', '203', { kind: 'answers', afterMs: 1_000 });
      world.phone('acme', '201', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 2_000 });
      world.clock.worldAfter(3_000, () => world.telephony.refer(caller, '203'));
      world.clock.worldAfter(7_000, () => world.telephony.refer(legTo(world, '203'), '201'));
    }, {}, '201');
    expect(texts.at(-1)).toBe('Priya Shah answered');
    expect(record.legs.filter((leg) => leg.to === '201' && leg.result === 'answered')).toHaveLength(1);
  });

  test('given a transfer to somebody who does not answer, then the caller hears ringing and reaches the mailbox, greeting and all', async () => {
    const { heard, texts, moments, world } = await talking((given, caller) => {
      // Keys pressed while talking are not meant for the greeting.
      given.press(caller, '5#', 2_000);
      given.clock.worldAfter(3_000, () => given.telephony.refer(legTo(given, '202'), '201'));
      given.clock.worldAfter(30_000, () => given.telephony.hangUp(caller));
    }, { extensions: { '201': { name: 'Priya Shah', mailbox: 'office', ringMs: 6_000 }, '202': { name: 'Tom Evans' }, '203': { name: 'Aisha Khan' } } });
    expect(timesOf(moments, 'ring')).toHaveLength(2);
    expect(texts).toContain('no answer, Priya Shah: no answer');
    expect(heard.slice(0, 3)).toEqual(['acme/greeting', 'record-after-tone', 'beep']);
    const [greeting = 0, beep = 0] = timesOf(moments, 'play');
    expect(beep - greeting).toBeGreaterThanOrEqual(2_500);
    expect(world.messages).toHaveLength(1);
  });

  test('given a REFER whose sender hangs up in the same instant, then the other one still reaches the third', async () => {
    const world = new World({ acme: planOf('tom', { tom }) });
    follow(world);
    world.phone('acme', '202', { kind: 'answers', afterMs: 1_000 });
    world.phone('acme', '203', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 2_000 });
    const channel = world.callIn();
    world.clock.worldAfter(3_000, () => {
      const leg = legTo(world, '202');
      world.telephony.refer(leg, '203');
      world.telephony.hangUp(leg);
    });
    await world.ended();
    const { texts } = await served(world, channel);
    expect(texts.at(-1)).toBe('Aisha Khan answered');
    expect(heardBy(world, channel)).toEqual([]);
  });
});

describe('a conversation that Asterisk does not let come about', () => {
  test.each(['createBridge', 'addToBridge'])('given %s refused after somebody answered, then they are not left in silence and the caller goes on', async (verb) => {
    const world = new World({ acme: planOf('tom', { tom }) });
    const moments = follow(world);
    world.phone('acme', '202', { kind: 'answers', afterMs: 1_000 });
    world.telephony.failing.set(verb, new TelephonyError('refused', 'no more bridges'));
    const channel = world.callIn();
    await world.ended();
    const { heard, texts, record } = await served(world, channel);
    expect(texts).toEqual(['failed: no more bridges', 'plays a message and hangs up']);
    expect(heard).toEqual(['technical-fault']);
    const [end = Number.NaN] = timesOf(moments, 'hangup', record.legs[0]?.channel);
    expect(end).toBeLessThan(timesOf(moments, 'playback-ended')[0] ?? 0);
    // Two tries, each of which waits a moment for a hang-up that would explain the refusal.
    expect(end - 1_000).toBeLessThan(800);
  });

  test.each(['202', 'the caller'])('given %s asks to send the other on while both are being joined, then it is done, not lost', async (who) => {
    const { texts, record } = await talking((world, channel) => {
      world.phone('acme', '203', { kind: 'answers', afterMs: 500, hangsUpAfterMs: 1_000 });
      const before = world.telephony.onRequest;
      let isAsked = false;
      world.telephony.onRequest = (verb, target) => {
        before(verb, target);
        if (verb !== 'addToBridge' || isAsked) return;
        isAsked = true;
        // Asterisk acts, and the phone hears the other side, before its answer is with us.
        world.clock.worldAfter(0, () => world.telephony.refer(who === '202' ? legTo(world, '202') : channel, '203'));
      };
    }, {}, who === '202' ? 'outside' : '201');
    expect(texts.some((text) => text.startsWith('transferred to Aisha Khan'))).toBe(true);
    expect(record.legs.map((leg) => leg.to)).toContain('203');
  });
});
