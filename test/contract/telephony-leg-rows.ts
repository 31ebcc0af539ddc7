// Rows of the telephony contract: legs that we create and dial.
import { expect, test } from 'vitest';
import { answeredCaller, answeredLeg, enteredLeg, faultOf, ringingLeg, type World } from './telephony-steps.ts';
import { newId } from './telephony-world.ts';

export function legRows(world: World): void {
  test('a created leg enters down and rings nobody; hung up, it is destroyed', async () => {
    const { telephony, log } = world();
    const phone = await world().phone();
    const leg = await enteredLeg(world(), phone.endpoint);
    expect(await log.on('entered', leg)).toMatchObject({ args: ['leg'], state: 'down', replaces: null });
    await telephony.hangup(leg, 'normal');
    expect(await log.on('destroyed', leg)).toMatchObject({ cause: 16 });
    // Asterisk asks for the hang-up of a channel that never had a dialog a second time.
    expect([...new Set(log.of(leg))]).toEqual(['entered', 'hangup-requested', 'left', 'destroyed']);
  });

  test('no phone registered, or no such endpoint: unreachable, at once and without an event', async () => {
    const { telephony, log } = world();
    for (const endpoint of [await world().offline(), 'PJSIP/nobody-here']) {
      const channel = newId('leg');
      expect(await faultOf(telephony.createLeg({ channel, endpoint, variables: {}, originator: null }))).toBe('unreachable');
      expect(log.of(channel)).toEqual([]);
    }
  });

  test('an id that is in use is refused, and the first channel unharmed', async () => {
    const { telephony, log } = world();
    const { endpoint } = await world().phone();
    const channel = await enteredLeg(world(), endpoint);
    expect(await faultOf(telephony.createLeg({ channel, endpoint, variables: {}, originator: null }))).toBe('refused');
    expect(log.of(channel)).toEqual(['entered']);
    await telephony.hangup(channel, 'normal');
  });

  test('an originator that has gone does not matter', async () => {
    const { telephony, log } = world();
    const caller = await answeredCaller(world());
    await caller.hangUp();
    await log.on('left', caller.channel);
    const channel = newId('leg');
    await telephony.createLeg({ channel, endpoint: (await world().phone()).endpoint, variables: {}, originator: caller.channel });
    await log.on('entered', channel);
    await telephony.hangup(channel, 'normal');
  });

  test('dialled before it has entered: works, or says gone or refused, and leaves nothing', async () => {
    const { telephony, log } = world();
    const { endpoint } = await world().phone();
    const channel = newId('leg');
    const [created, dialled] = await Promise.all([telephony.createLeg({ channel, endpoint, variables: {}, originator: null }), telephony.dialLeg(channel, 5_000)].map(faultOf));
    expect(created).toBe('ok');
    expect(['ok', 'gone', 'refused']).toContain(dialled);
    await log.on('entered', channel);
    await telephony.hangup(channel, 'normal');
  });

  test('who was dialled and answered hears what is played to them, and their keys are told, before any bridge', async () => {
    const { telephony, log, media } = world();
    const { leg, phone } = await answeredLeg(world());
    const playback = newId('pb');
    await telephony.play(leg, playback, [media.long]);
    expect(await phone.hears()).toBe(true);
    await phone.press('1');
    await log.until((event) => event.type === 'digit' && event.channel === leg && event.digit === '1', 'the key of the dialled phone');
    await telephony.stopPlayback(playback);
    await log.until((event) => event.type === 'playback-ended' && event.playback === playback, 'the end of what was played');
    await telephony.hangup(leg, 'normal');
    await log.on('destroyed', leg);
  });

  test('a phone rings, answers, hangs up', async () => {
    const { log } = world();
    const { leg, phone } = await answeredLeg(world());
    await phone.hangUp();
    expect(await log.on('hangup-requested', leg)).toMatchObject({ soft: false, techCause: null });
    expect(await log.on('destroyed', leg)).toMatchObject({ cause: 16, techCause: null });
    const told = log.of(leg);
    expect(told[0]).toBe('entered');
    // Two of Asterisk's topics, and it tells of dialling once the INVITE is on its way, which a quick phone's 180 can
    // overtake (22.10, seen on a busy machine): their order is chance.
    expect(told.slice(1, 4).toSorted()).toEqual(['dialling other', 'dialling ringing', 'state ringing']);
    expect(told.indexOf('state up')).toBeGreaterThan(3);
    expect(told.slice(-3)).toEqual(['hangup-requested', 'left', 'destroyed']);
  });

  test.each([[486, 17], [603, 21], [480, 19], [302, 23]] as const)('a phone refuses with %i: cause %i, and the SIP code with it', async (code, cause) => {
    const { telephony, log } = world();
    const phone = await world().phone();
    const leg = await enteredLeg(world(), phone.endpoint);
    await telephony.dialLeg(leg, 20_000);
    await phone.called();
    phone.refuse(code);
    expect(await log.on('destroyed', leg)).toMatchObject({ cause, techCause: code });
    expect(await log.on('hangup-requested', leg)).toMatchObject({ cause, techCause: code, soft: false });
    // After a 302 Asterisk goes on telling of "dialling" on the way out.
    expect(log.of(leg).filter((one) => one !== 'dialling other')).toEqual(['entered', 'hangup-requested', 'left', 'destroyed']);
    expect(await phone.ended()).toBe(code);
  });

  test('hung up while it rings: the phone gets CANCEL, and a late answer goes nowhere', async () => {
    const { telephony, log } = world();
    const { leg, phone } = await ringingLeg(world());
    await telephony.hangup(leg, 'normal');
    expect(await log.on('hangup-requested', leg)).toMatchObject({ cause: 32, soft: true });
    expect(await log.on('destroyed', leg)).toMatchObject({ cause: 16 });
    expect(await phone.ended()).toBe(487);
    expect(await phone.answer()).toBe(false);
    expect(log.of(leg)).not.toContain('state up');
  });

  test('glare: answered in the moment of our hang-up, it ends all the same', async () => {
    const { telephony, log } = world();
    for (let round = 0; round < 5; round += 1) {
      const { leg, phone } = await ringingLeg(world());
      const [fault] = await Promise.all([faultOf(telephony.hangup(leg, 'answered-elsewhere')), phone.answer()]);
      expect(fault).toBe('ok');
      await log.on('destroyed', leg);
      await phone.ended();
      const told = log.of(leg);
      expect(told.filter((one) => one === 'left' || one === 'destroyed')).toEqual(['left', 'destroyed']);
    }
  });

  test('nobody answers: the limit of dial ends it with 19, 480 and soft', async () => {
    const { telephony, log } = world();
    const phone = await world().phone();
    const leg = await enteredLeg(world(), phone.endpoint);
    await telephony.dialLeg(leg, 1_000);
    await phone.called();
    phone.ring();
    expect(await log.on('destroyed', leg)).toMatchObject({ cause: 19, techCause: 480 });
    expect(await log.on('hangup-requested', leg)).toMatchObject({ cause: 32, soft: true });
    expect(await phone.ended()).toBe(487);
  });

  test('early media is progress and no answer', async () => {
    const { telephony, log } = world();
    const phone = await world().phone();
    const leg = await enteredLeg(world(), phone.endpoint);
    await telephony.dialLeg(leg, 20_000);
    await phone.called();
    await phone.progress();
    await log.until((event) => event.type === 'dialling' && event.channel === leg && event.status === 'progress');
    expect(log.of(leg)).not.toContain('state up');
    expect(await phone.answer()).toBe(true);
    await log.state(leg, 'up');
    await telephony.hangup(leg, 'normal');
    await log.on('destroyed', leg);
  });

  test('a blind REFER is told once with its target; "ok" is what the phone hears', async () => {
    const { telephony, log } = world();
    const { leg, phone } = await answeredLeg(world());
    const referred = phone.refer('202');
    expect(await log.on('transfer-requested', leg)).toMatchObject({ target: '202', attended: false });
    await telephony.transferProgress(leg, 'trying');
    await telephony.transferProgress(leg, 'ok');
    expect(await referred).toBe(200);
    await telephony.hangup(leg, 'normal');
    await log.on('destroyed', leg);
    expect(log.of(leg).filter((one) => one === 'transfer-requested')).toHaveLength(1);
    // Asterisk has moved nobody by itself.
    expect(await world().leftovers()).toEqual([]);
  });

  test('a REFER that we refuse: 603 for the phone, and its call goes on', async () => {
    const { telephony, log } = world();
    const { leg, phone } = await answeredLeg(world());
    const referred = phone.refer('+441632960999');
    expect(await log.on('transfer-requested', leg)).toMatchObject({ target: '+441632960999' });
    await telephony.transferProgress(leg, 'refused');
    expect(await referred).toBe(603);
    expect(log.of(leg)).not.toContain('hangup-requested');
    await telephony.hangup(leg, 'normal');
    await log.on('destroyed', leg);
  });
}
