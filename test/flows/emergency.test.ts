// 999 and its kin from a phone: placed at once over the trunk that is marked, and never refused by anything of ours.
import { describe, expect, test } from 'vitest';
import type { LegRequest } from '../../src/ports/telephony.ts';
import { TelephonyError } from '../../src/ports/telephony.ts';
import { follow, restart, serve, served, timesOf } from './served.ts';
import { planOf, World } from './world.ts';

const PLAN = planOf('box', { box: { kind: 'voicemail', mailbox: 'office', fallback: 'sorry' } });
/** The operator answers after half a second and hangs up three seconds later. */
const OPERATOR = { kind: 'answers', afterMs: 500, hangsUpAfterMs: 3_000 } as const;

/** What was asked of the trunk. */
function spy(world: World): readonly LegRequest[] {
  const seen: LegRequest[] = [];
  const create = world.telephony.createTrunkLeg.bind(world.telephony);
  world.telephony.createTrunkLeg = (request) => {
    const { channel, spec, originator } = request;
    seen.push({ channel, endpoint: spec.endpoint, variables: spec.variables, originator });
    return create(request);
  };
  return seen;
}

/** The first `times` requests of this kind are refused. */
function failFirst(world: World, verb: 'answer' | 'createBridge' | 'addToBridge', times: number): void {
  world.telephony.failing.set(verb, new TelephonyError('refused', 'not now'));
  const follow = world.telephony.onRequest;
  let left = times;
  world.telephony.onRequest = (asked, on) => {
    follow(asked, on);
    if (asked !== verb) return;
    if (left === 0) world.telephony.failing.delete(verb);
    left -= 1;
  };
}

describe('emergency calls', () => {
  test.each([
    ['999', '999'], ['112', '112'], ['18000', '18000'], ['18002999', '18002999'], ['141999', '999'], ['1470112', '112'], ['9 9 9', '999'], ['+999', '999'], ['999#', '999'],
  ])('given %s dialled on a phone, then %s goes out over the emergency trunk and is connected', async (dialled, digits) => {
    const { record, texts, world } = await serve(PLAN, (given) => {
      given.telephony.phones.set(`PJSIP/${digits}@trunk-sim`, OPERATOR);
      return given.callFrom('acme-201', dialled);
    });
    expect(texts).toEqual([`${digits} answered`]);
    expect(record.legs).toMatchObject([{ to: digits, name: 'Emergency services', result: 'answered' }]);
    expect(record.end).toMatchObject({ by: 'callee', code: 'hung-up' });
    expect(world.alarms.get('emergency-call')).toBe(`201 of acme called ${digits}`);
  });

  test('given an emergency number in the plan, then the leg carries it as its calling line', async () => {
    const world = new World({ acme: PLAN });
    const legs = spy(world);
    world.telephony.phones.set('PJSIP/999@trunk-sim', OPERATOR);
    const channel = world.callFrom('acme-201', '999');
    await world.ended();
    await served(world, channel);
    expect(legs).toHaveLength(1);
    expect(legs[0]).toMatchObject({
      endpoint: 'PJSIP/999@trunk-sim', originator: channel,
      variables: { 'CONNECTEDLINE(num,i)': '+441632960018', 'PJSIP_HEADER(add,P-Asserted-Identity)': '<sip:+441632960018@sim.invalid>' },
    });
    expect(world.alarms.has('emergency-number')).toBe(false);
  });

  test('given no emergency number in the plan, then a DDI of the customer is sent, with an alarm', async () => {
    const world = new World({ acme: { ...(PLAN as object), organisation: { name: 'Acme Ltd', contact: '01632 960018', timeZone: 'Europe/London', nation: 'england' } } });
    const legs = spy(world);
    world.telephony.phones.set('PJSIP/999@trunk-sim', OPERATOR);
    const channel = world.callFrom('acme-201', '999');
    await world.ended();
    await served(world, channel);
    expect(legs[0]?.variables).toMatchObject({ 'CONNECTEDLINE(num,i)': '+441632960018' });
    expect(world.alarms.get('emergency-number')).toContain('acme has no emergency number');
  });

  test('given no trunk that is marked, then the caller hears so at once and there is an alarm that says what to do', async () => {
    const { heard, record, world, moments } = await serve(PLAN, (given) => {
      given.emergencyTrunks = [];
      return given.callFrom('acme-201', '999');
    });
    expect(heard).toEqual(['cannot-connect']);
    expect(timesOf(moments, 'play')[0]).toBeLessThan(10);
    expect(record.end).toMatchObject({ by: 'us', fault: 'ours', code: 'no-emergency-trunk' });
    expect(world.alarms.get('emergency-trunk')).toContain('mark one in the trunk file');
  });

  test('given a trunk that refuses once, then the call goes out a second time and the caller hears ringing all the while', async () => {
    const world = new World({ acme: PLAN });
    const moments = follow(world);
    world.telephony.phones.set('PJSIP/999@trunk-sim', { kind: 'busy' });
    world.clock.worldAfter(6, () => world.telephony.phones.set('PJSIP/999@trunk-sim', OPERATOR));
    const channel = world.callFrom('acme-201', '999');
    await world.ended();
    const { texts, record } = await served(world, channel, moments);
    expect(texts).toEqual(['999 over trunk-sim: busy (17)', '999 answered']);
    expect(record.legs.map((leg) => leg.result)).toEqual(['busy', 'answered']);
    expect(timesOf(moments, 'ring')).toHaveLength(1);
    expect(timesOf(moments, 'createLeg')[1]).toBeLessThan(200);
  });

  test('given a trunk that refuses twice, then the caller hears that it cannot be connected', async () => {
    const { heard, texts, record } = await serve(PLAN, (world) => world.callFrom('acme-201', '112'));
    expect(texts).toEqual(['112 over trunk-sim: unreachable (20)', '112 over trunk-sim: unreachable (20)']);
    expect(heard).toEqual(['cannot-connect']);
    expect(record.end).toMatchObject({ by: 'us', fault: 'ours', code: 'emergency-not-connected' });
  });

  test('given three trunks of which the marked one and the next are away, then the third takes the call', async () => {
    const { texts, record } = await serve(PLAN, (world) => {
      world.emergencyTrunks = ['trunk-sim', 'trunk-two', 'trunk-three'];
      world.telephony.phones.set('PJSIP/999@trunk-two', { kind: 'busy' });
      world.telephony.phones.set('PJSIP/999@trunk-three', OPERATOR);
      return world.callFrom('acme-201', '999');
    });
    expect(texts).toEqual(['999 over trunk-sim: unreachable (20)', '999 over trunk-two: busy (17)', '999 answered']);
    expect(record.end).toMatchObject({ by: 'callee', code: 'hung-up' });
  });

  test('given a first trunk whose data makes no leg, then the next one takes the call, and an alarm names the first', async () => {
    const { record, world } = await serve(PLAN, (given) => {
      given.emergencyTrunks = ['trunk-sim', 'trunk-two'];
      given.emergencyMore = (endpoint) => (endpoint === 'trunk-sim' ? { domain: 'not a host' } : {});
      given.telephony.phones.set('PJSIP/999@trunk-two', OPERATOR);
      return given.callFrom('acme-201', '999');
    });
    expect(record.end).toMatchObject({ by: 'callee', code: 'hung-up' });
    expect(world.alarms.get('emergency-trunk')).toContain('trunk-sim');
  });

  test.each(['createBridge', 'addToBridge'] as const)('given %s refused once after the operator answered, then both are joined at once and the operator is called once', async (verb) => {
    const world = new World({ acme: PLAN });
    const legs = spy(world);
    const moments = follow(world);
    world.telephony.phones.set('PJSIP/999@trunk-sim', OPERATOR);
    failFirst(world, verb, 1);
    const channel = world.callFrom('acme-201', '999');
    await world.ended();
    const { texts } = await served(world, channel, moments);
    expect(texts).toEqual(['999 answered']);
    expect(legs).toHaveLength(1);
    expect((timesOf(moments, 'addToBridge').at(-1) ?? Number.NaN) - 500).toBeLessThan(500);
  });

  test.each([['createBridge', 2], ['addToBridge', 2], ['answer', 1]] as const)('given %s refused %i times, then the operator is let go, the caller hears ringing, and the second try connects', async (verb, times) => {
    const world = new World({ acme: PLAN });
    const legs = spy(world);
    const moments = follow(world);
    world.telephony.phones.set('PJSIP/999@trunk-sim', OPERATOR);
    failFirst(world, verb, times);
    const channel = world.callFrom('acme-201', '999');
    await world.ended();
    const { texts, record, heard } = await served(world, channel, moments);
    expect(texts).toEqual(['the operator answered and could not be joined: not now', '999 answered']);
    expect(legs).toHaveLength(2);
    expect(timesOf(moments, 'ring')).toHaveLength(2);
    expect(heard).toEqual([]);
    // Neither side sits in silence: the first operator is let go within a second of the answer, and the caller rings again by then.
    const letGo = timesOf(moments, 'hangup', record.legs[0]?.channel)[0] ?? Number.NaN;
    expect(letGo - 500).toBeLessThan(1_000);
    expect((timesOf(moments, 'ring')[1] ?? Number.NaN) - letGo).toBeLessThan(200);
    expect(record.end).toMatchObject({ by: 'callee', code: 'hung-up' });
  });

  test('given a switch that can join nobody at all, then the caller hears that it cannot be connected', async () => {
    const { texts, heard, record } = await serve(PLAN, (world) => {
      world.telephony.phones.set('PJSIP/999@trunk-sim', OPERATOR);
      world.telephony.failing.set('createBridge', new TelephonyError('failed', 'no'));
      return world.callFrom('acme-201', '999');
    });
    expect(texts).toEqual(['the operator answered and could not be joined: no', 'the operator answered and could not be joined: no']);
    expect(heard).toEqual(['cannot-connect']);
    expect(record.end).toMatchObject({ code: 'emergency-not-connected' });
  });

  test('given a switch that refuses to signal ringing, then the call goes out all the same', async () => {
    const { texts } = await serve(PLAN, (world) => {
      world.telephony.phones.set('PJSIP/999@trunk-sim', OPERATOR);
      world.telephony.failing.set('ring', new TelephonyError('refused', 'no'));
      return world.callFrom('acme-201', '999');
    });
    expect(texts).toEqual(['999 answered']);
  });

  test('given state and records that cannot be kept, then the call goes out all the same', async () => {
    const world = new World({ acme: PLAN });
    world.telephony.phones.set('PJSIP/999@trunk-sim', OPERATOR);
    world.state.putCall = async () => Promise.reject(new Error('no space left on the disk'));
    const channel = world.callFrom('acme-201', '999');
    await world.ended();
    const { texts } = await served(world, channel);
    expect(texts).toEqual(['999 answered']);
    expect(world.alarms.get('state-store')).toContain('no space left on the disk');
  });

  test('given a restart while it rings, then the same leg goes on ringing and nobody is called twice', async () => {
    const world = new World({ acme: PLAN });
    const moments = follow(world);
    world.telephony.phones.set('PJSIP/999@trunk-sim', { kind: 'answers', afterMs: 4_000, hangsUpAfterMs: 3_000 });
    const channel = world.callFrom('acme-201', '999');
    await world.clock.pass(1_000);
    await restart(world);
    await world.ended();
    const { texts, record } = await served(world, channel);
    expect(texts).toEqual(['taken over after a restart', '999 answered']);
    expect(timesOf(moments, 'createLeg')).toHaveLength(1);
    expect(record).toMatchObject({ adoptions: 1, end: { by: 'callee' } });
  });

  test('given a caller who hangs up while it rings, then the leg ends', async () => {
    const { record, world } = await serve(PLAN, (given) => {
      given.telephony.phones.set('PJSIP/999@trunk-sim', { kind: 'rings-on' });
      const channel = given.callFrom('acme-201', '999');
      given.clock.worldAfter(3_000, () => given.telephony.hangUp(channel));
      return channel;
    });
    expect(record.end).toMatchObject({ by: 'caller', code: 'hung-up' });
    expect([...world.telephony.farEndings.values()]).toEqual([487]);
  });

  test('given a caller who sends the operator on to a colleague, then the colleague is rung and connected', async () => {
    const { texts, record } = await serve(PLAN, (world) => {
      world.telephony.phones.set('PJSIP/999@trunk-sim', { kind: 'answers', afterMs: 500 });
      world.phone('acme', '202', { kind: 'answers', afterMs: 1_000, hangsUpAfterMs: 2_000 });
      const channel = world.callFrom('acme-201', '999');
      world.clock.worldAfter(2_000, () => world.telephony.refer(channel, '202'));
      return channel;
    });
    expect(texts).toEqual(['999 answered', 'transferred to Tom Evans by the caller', 'Tom Evans answered']);
    expect(record.end).toMatchObject({ by: 'callee', fault: 'none', code: 'hung-up' });
  });

  test('given a REFER to an outside number, then it is refused and the two talk on', async () => {
    const { texts } = await serve(PLAN, (world) => {
      world.telephony.phones.set('PJSIP/999@trunk-sim', OPERATOR);
      const channel = world.callFrom('acme-201', '999');
      world.clock.worldAfter(2_000, () => world.telephony.refer(world.telephony.legs()[0] ?? '', '02079460018'));
      return channel;
    });
    expect(texts).toEqual(['999 answered', 'transfer refused: 02079460018 is no extension here; outside numbers cannot be transferred to']);
  });

  test('given 999 dialled from outside to us, then it is an unknown number and nothing goes out', async () => {
    const { record, heard } = await serve(PLAN, (world) => world.callIn({ to: '999' }));
    expect(record).toMatchObject({ legs: [], end: { code: 'unknown-number' } });
    expect(heard).toEqual([]);
  });

  test('given a phone whose customer has no plan loaded, when it dials 999, then the call goes all the same', async () => {
    const world = new World({ acme: PLAN });
    world.telephony.phones.set('PJSIP/999@trunk-sim', OPERATOR);
    world.callFrom('gone-201', '999');
    await world.ended();
    expect(world.records[0]?.legs).toMatchObject([{ to: '999', result: 'answered' }]);
    expect(await world.leftovers()).toEqual([]);
  });

  test('given a phone whose customer has no plan loaded, when it dials anything else, then it is refused and recorded', async () => {
    const world = new World({ acme: PLAN });
    world.callFrom('gone-201', '202');
    await world.ended();
    expect(world.records[0]?.end).toMatchObject({ code: 'unknown-phone', cause: 21 });
    expect(await world.leftovers()).toEqual([]);
  });
});
