// Ringing people: in which order, what their refusals come to, and that nobody is rung by themselves, twice, or for nothing.
import { describe, expect, test } from 'vitest';
import { TelephonyError } from '../../src/ports/telephony.ts';
import { follow, heardBy, serve, served, sinceStart, timesOf } from './served.ts';
import { planOf, World } from './world.ts';

const quiet = { kind: 'end' };

function ringOf(more: Readonly<Record<string, unknown>> = {}, rest: Readonly<Record<string, unknown>> = {}): unknown {
  return planOf('sales', { sales: { kind: 'ring', targets: [{ group: 'sales' }], ringMs: 5_000, fallback: 'quiet', ...more }, quiet }, rest);
}

/** Extensions in the order in which they were placed, with the second in which each was. */
function placed(world: World): readonly (readonly [extension: string, second: number])[] {
  return world.records.flatMap((record) => record.legs.map((leg) => [leg.to, Math.round((leg.placedAtMs - record.startedAtMs) / 1_000)] as const));
}

describe('ring: answers that are over at once', () => {
  test.each([
    ['the response to the dial request comes after both', 30, false],
    ['the switch says by then that there is no such channel', 30, true],
  ])('given a phone that answers and leaves at once, when %s, then the call ends as ended by the callee and nobody else is rung', async (_, slowMs, isGone) => {
    const world = new World({ acme: ringOf({ targets: [{ extension: '201' }, { extension: '202' }], strategy: 'in-order' }) });
    world.phone('acme', '201', { kind: 'answers', afterMs: 1, hangsUpAfterMs: 1 });
    const dial = world.telephony.dialLeg.bind(world.telephony);
    world.telephony.dialLeg = async (channel, timeoutMs) => {
      await dial(channel, timeoutMs);
      await new Promise<void>((resolve) => void world.clock.worldAfter(slowMs, resolve));
      if (isGone) throw new TelephonyError('gone', 'no such channel');
    };
    world.callIn();
    await world.ended();
    expect(placed(world).map(([extension]) => extension)).toEqual(['201']);
    expect(world.records[0]?.end).toMatchObject({ by: 'callee', code: 'hung-up' });
    expect(await world.leftovers()).toEqual([]);
  });
});

describe('ring: whom and in which order', () => {
  test('given strategy all, then everybody rings at once for the ring time', async () => {
    const { world, texts, record } = await serve(ringOf(), (given) => given.callIn());
    expect(placed(world)).toEqual([['201', 0], ['202', 0], ['203', 0]]);
    expect(texts[0]).toBe('no answer, Priya Shah: no answer, Tom Evans: no answer, Aisha Khan: no answer');
    expect(record.endedAtMs - record.startedAtMs).toBeGreaterThanOrEqual(5_000);
    expect(record.endedAtMs - record.startedAtMs).toBeLessThan(5_100);
  });

  test('given strategy in-order, then one rings after the other, each for the ring time', async () => {
    const { world } = await serve(ringOf({ strategy: 'in-order' }), (given) => given.callIn());
    expect(placed(world)).toEqual([['201', 0], ['202', 5], ['203', 10]]);
  });

  test('given strategy random, then the dice decide and everybody has a turn', async () => {
    const world = new World({ acme: ringOf({ strategy: 'random' }) });
    const dice = [0.9, 0.1, 0.5];
    world.give({ random: () => dice.shift() ?? 0 });
    const channel = world.callIn();
    await world.ended();
    await served(world, channel);
    expect(placed(world)).toEqual([['203', 0], ['201', 5], ['202', 10]]);
  });

  test('given strategy round-robin, then each call begins with the next member, and each customer counts apart', async () => {
    const world = new World({ acme: ringOf({ strategy: 'round-robin' }), harbour: { ...(ringOf({ strategy: 'round-robin' }) as object), numbers: { '+441632960777': { label: 'Main', entry: 'sales' } } } });
    for (const to of ['01632960018', '01632960018', '01632960777', '01632960018', '01632960018']) {
      world.callIn({ to });
      await world.ended(world.records.length + 1);
    }
    expect(world.records.map((record) => record.legs.map((leg) => leg.to).join(' '))).toEqual(['201 202 203', '202 203 201', '201 202 203', '203 201 202', '201 202 203']);
    expect(await world.leftovers()).toEqual([]);
  });

  test('given strategy least-recent, then who talked longest ago is rung first, and who never did before all', async () => {
    const world = new World({ acme: ringOf({ strategy: 'least-recent' }) });
    await world.state.putLastTalked('acme', '201', 2_000);
    await world.state.putLastTalked('acme', '202', 1_000);
    await world.state.putLastTalked('harbour', '203', 5_000);
    world.phone('acme', '203', { kind: 'answers', afterMs: 500, hangsUpAfterMs: 500 });
    for (let call = 1; call <= 2; call += 1) {
      world.callIn();
      await world.ended(call);
    }
    // 203 answered the first call, and is last in the second.
    expect(world.records.map((record) => record.legs.map((leg) => leg.to).join(' '))).toEqual(['203', '202 201 203']);
  });

  test('given the strategy of the group and none in the step, then the group rings its own way', async () => {
    const { world } = await serve(ringOf({}, { groups: { sales: { name: 'Sales', members: ['203', '201'], strategy: 'in-order' } } }), (given) => given.callIn());
    expect(placed(world)).toEqual([['203', 0], ['201', 5]]);
  });

  test('given a group and an extension of it, then nobody is rung twice', async () => {
    const { world } = await serve(ringOf({ targets: [{ extension: '202' }, { group: 'sales' }] }), (given) => given.callIn());
    expect(placed(world)).toEqual([['202', 0], ['201', 0], ['203', 0]]);
  });

  test('given a group of one, then that one rings', async () => {
    const { world, texts } = await serve(ringOf({}, { groups: { sales: { name: 'Sales', members: ['202'] } } }), (given) => {
      given.phone('acme', '202', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 1_000 });
      return given.callIn();
    });
    expect(placed(world)).toEqual([['202', 0]]);
    expect(texts).toEqual(['Tom Evans answered']);
  });

  test('given a caller from inside, then their own phone is not rung by their call', async () => {
    const { world } = await serve(ringOf(), (given) => given.callFrom('acme-202', '01632960018'));
    expect(placed(world).map(([extension]) => extension)).toEqual(['201', '203']);
  });

  test('given a group whose only member calls it, then nobody can be rung and the call goes on', async () => {
    const { texts, record } = await serve(ringOf({}, { groups: { sales: { name: 'Sales', members: ['202'] } } }), (given) => given.callFrom('acme-202', '01632960018'));
    expect(texts).toEqual(['unreachable, nobody to ring', 'hangs up']);
    expect(record.legs).toEqual([]);
  });
});

describe('ring: what refusals come to', () => {
  test.each([
    [['busy', 'declines', 'offline'], 'busy', 'busy, Priya Shah: busy, Tom Evans: declined, Aisha Khan: unreachable'],
    [['declines', 'offline', 'offline'], 'declined', 'declined, Tom Evans: unreachable, Aisha Khan: unreachable, Priya Shah: declined'],
    [['offline', 'offline', 'offline'], 'unreachable', 'unreachable, Priya Shah: unreachable, Tom Evans: unreachable, Aisha Khan: unreachable'],
    [['busy', 'rings-on', 'declines'], 'no-answer', 'no answer, Priya Shah: busy, Aisha Khan: declined, Tom Evans: no answer'],
  ] as const)('given phones that are %j, then the outcome is %s and the trace names each', async (phones, outcome, text) => {
    const { record } = await serve(ringOf({ on: { [outcome]: 'quiet' }, fallback: 'sorry' }), (world) => {
      phones.forEach((kind, index) => world.phone('acme', `20${index + 1}`, { kind }));
      return world.callIn();
    });
    expect(record.trace[0]).toMatchObject({ outcome, next: 'quiet', tookFallback: false });
    expect(record.trace[0]?.text.split(', ').toSorted()).toEqual(text.split(', ').toSorted());
  });

  test('given a phone that diverts (302), then that is a refusal: nobody judged the target', async () => {
    const { record } = await serve(ringOf({ targets: [{ extension: '202' }] }), (world) => {
      world.phone('acme', '202', { kind: 'manual' });
      world.clock.worldAfter(500, () => world.telephony.legs().forEach((leg) => world.telephony.farRefuses(leg, 302)));
      return world.callIn();
    });
    expect(record.trace[0]).toMatchObject({ outcome: 'declined', text: 'declined, Tom Evans: declined' });
    expect(record.legs[0]).toMatchObject({ result: 'declined', techCause: 302 });
  });

  test('given a phone that answers 480, then nobody answered there', async () => {
    const { record } = await serve(ringOf({ targets: [{ extension: '202' }] }), (world) => {
      world.phone('acme', '202', { kind: 'manual' });
      world.clock.worldAfter(500, () => world.telephony.legs().forEach((leg) => world.telephony.farRefuses(leg, 480)));
      return world.callIn();
    });
    expect(record.trace[0]).toMatchObject({ outcome: 'no-answer' });
  });
});

describe('ring: what the caller hears', () => {
  const greeted = (hears: string): unknown => planOf('hello', {
    hello: { kind: 'play', say: ['welcome'], on: { done: 'sales' }, fallback: 'quiet' },
    sales: { kind: 'ring', targets: [{ group: 'sales' }], ringMs: 5_000, hears, fallback: 'quiet' }, quiet,
  });

  test('given music and a caller who was answered, then music plays until the ring time is over', async () => {
    const { moments } = await serve(greeted('music'), (world) => world.callIn());
    expect([timesOf(moments, 'startMusic').length, timesOf(moments, 'stopMusic').length, timesOf(moments, 'ring').length]).toEqual([1, 1, 0]);
  });

  test('given music and a caller who is not answered, then it is ringing: music would need an answer', async () => {
    const { moments, record } = await serve(ringOf({ hears: 'music' }), (world) => world.callIn());
    expect([timesOf(moments, 'startMusic').length, timesOf(moments, 'ring').length]).toEqual([0, 1]);
    expect(record.answeredAtMs).toBeNull();
  });

  test('given ringing and a caller who was answered, then the tone is stopped before the bridge', async () => {
    const { moments } = await serve(greeted('ringing'), (world) => {
      world.phone('acme', '202', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 1_000 });
      return world.callIn();
    });
    expect(timesOf(moments, 'ringStop')).toHaveLength(1);
    expect(timesOf(moments, 'addToBridge')[0]).toBeGreaterThan(timesOf(moments, 'ringStop')[0] ?? Number.NaN);
  });
});

describe('ring: answers', () => {
  test('given one who answers, then the others stop ringing as answered elsewhere', async () => {
    const { record, texts, world } = await serve(ringOf(), (given) => {
      given.phone('acme', '202', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 3_000 });
      return given.callIn();
    });
    expect(record.legs.map((leg) => [leg.to, leg.result])).toEqual([['201', 'answered-elsewhere'], ['202', 'answered'], ['203', 'answered-elsewhere']]);
    expect([...world.telephony.causes.values()].filter((cause) => cause === 26)).toHaveLength(2);
    expect(texts).toEqual(['Tom Evans answered; Priya Shah, Aisha Khan: answered elsewhere']);
    expect(record.end).toEqual({ by: 'callee', fault: 'none', code: 'hung-up', cause: 16 });
  });

  test('given two who answer in the same instant, then one is connected and the other ends at once', async () => {
    const { record, moments } = await serve(ringOf(), (world) => {
      for (const extension of ['202', '203']) world.phone('acme', extension, { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 3_000 });
      return world.callIn();
    });
    expect(record.legs.map((leg) => leg.result)).toEqual(['answered-elsewhere', 'answered', 'answered-elsewhere']);
    const loser = record.legs[2]?.channel ?? '';
    expect((timesOf(moments, 'hangup', loser)[0] ?? Number.NaN) - 1_000).toBeLessThan(20);
    expect(timesOf(moments, 'addToBridge')).toHaveLength(1);
  });

  test('given a phone that answers just after the caller left, then it is hung up at once and never bridged', async () => {
    const world = new World({ acme: ringOf({ targets: [{ extension: '202' }] }) });
    world.phone('acme', '202', { kind: 'manual' });
    const moments = follow(world);
    const channel = world.callIn();
    let leg = '';
    world.clock.worldAfter(1_000, () => {
      leg = world.telephony.legs()[0] ?? '';
      // The answer is on its way while the caller goes.
      world.telephony.farAnswers(leg);
      world.telephony.hangUp(channel);
    });
    await world.ended();
    const { record } = await served(world, channel);
    expect(record.end).toMatchObject({ by: 'caller', code: 'hung-up' });
    expect(timesOf(moments, 'addToBridge')).toEqual([]);
    expect(timesOf(moments, 'hangup', leg)[0]).toBeLessThan(1_020);
    expect(heardBy(world, leg)).toEqual([]);
  });

  test('given a ring time of 5 s, when the phone answers in the last moment before it, then that counts', async () => {
    const { texts } = await serve(ringOf({ targets: [{ extension: '202' }] }), (world) => {
      world.phone('acme', '202', { kind: 'answers', afterMs: 4_980, hangsUpAfterMs: 1_000 });
      return world.callIn();
    });
    expect(texts).toEqual(['Tom Evans answered']);
  });

  test('given a link that fails under one of three legs, then the others go on ringing and nobody is rung twice', async () => {
    const world = new World({ acme: ringOf() });
    let isFirst = true;
    let most = 0;
    const create = world.telephony.createLeg.bind(world.telephony);
    world.telephony.createLeg = async (request) => {
      if (!request.endpoint.endsWith('-203') || !isFirst) return create(request);
      isFirst = false;
      await new Promise<void>((resolve) => void world.clock.worldAfter(500, resolve));
      throw new TelephonyError('no-link', 'the link was cut');
    };
    world.telephony.afterEvent = () => {
      const ringing = [...world.telephony.channels.values()].filter((one) => one.state === 'ringing').map((one) => one.endpoint);
      for (const endpoint of ringing) most = Math.max(most, ringing.filter((one) => one === endpoint).length);
    };
    const channel = world.callIn();
    await world.ended();
    const { record } = await served(world, channel);
    expect(most).toBe(1);
    expect(record.legs.map((leg) => [leg.to, leg.result])).toEqual([['201', 'no-answer'], ['202', 'no-answer'], ['203', 'no-answer']]);
    expect(world.telephony.rang.toSorted()).toEqual(['PJSIP/acme-201', 'PJSIP/acme-202', 'PJSIP/acme-203']);
  });

  test('given round robin whose counter cannot be read, then people are rung in their order', async () => {
    const world = new World({ acme: ringOf({ strategy: 'round-robin' }) });
    world.state.nextTurn = async () => Promise.reject(new Error('disk full'));
    const channel = world.callIn();
    await world.ended();
    await served(world, channel);
    expect(placed(world).map(([extension]) => extension)).toEqual(['201', '202', '203']);
    expect(sinceStart(world)).toBeGreaterThan(15_000);
  });
});
