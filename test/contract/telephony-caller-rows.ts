// Rows of the telephony contract: channels that came in through the dialplan.
import { expect, test } from 'vitest';
import type { HangupReason } from '../../src/ports/telephony.ts';
import { answeredCaller, enteredLeg, faultOf, type World } from './telephony-steps.ts';
import { newId } from './telephony-world.ts';

/** What the caller's side gets before the answer. */
const REASONS: readonly (readonly [HangupReason, number, number])[] = [
  ['normal', 603, 16], ['busy', 486, 17], ['no-answer', 480, 19], ['declined', 403, 21], ['unknown-number', 404, 1],
  ['congestion', 503, 42], ['answered-elsewhere', 603, 26], ['failure', 500, 38],
];

export function callerRows(world: World): void {
  test('a call enters ringing, with the arguments of the dialplan, and is not answered by that', async () => {
    const caller = await world().callIn();
    const entered = await world().log.on('entered', caller.channel);
    expect(entered).toMatchObject({ state: 'ringing', replaces: null });
    expect(entered.args.slice(0, 2)).toEqual(['trunk', '%2B441632960101']);
    expect(await world().telephony.listChannels()).toMatchObject([{ channel: caller.channel, state: 'ringing' }]);
  });

  test('ring sends 180 and no answer', async () => {
    const caller = await world().callIn();
    await world().telephony.ring(caller.channel);
    await caller.heardRinging();
    await world().telephony.ringStop(caller.channel);
    expect(world().log.of(caller.channel)).toEqual(['entered']);
  });

  test('answered twice: both succeed, one event', async () => {
    const { telephony, log } = world();
    const caller = await answeredCaller(world());
    await log.state(caller.channel, 'up');
    await telephony.answer(caller.channel);
    await telephony.hangup(caller.channel, 'normal');
    await log.on('left', caller.channel);
    expect(log.of(caller.channel)).toEqual(['entered', 'state up', 'hangup-requested', 'left']);
  });

  test.each(REASONS)('hung up with %s before the answer: %i, cause %i', async (reason, sipCode, cause) => {
    const caller = await world().callIn();
    await world().telephony.hangup(caller.channel, reason);
    expect(await caller.ended()).toEqual({ sipCode, cause });
    expect(await world().log.on('hangup-requested', caller.channel)).toMatchObject({ cause: 32, soft: true, techCause: null });
    await world().log.on('left', caller.channel);
    expect(world().log.of(caller.channel)).toEqual(['entered', 'hangup-requested', 'left']);
  });

  test('hung up after the answer: BYE with the cause', async () => {
    const caller = await answeredCaller(world());
    await world().telephony.hangup(caller.channel, 'busy');
    expect(await caller.ended()).toEqual({ sipCode: null, cause: 17 });
  });

  test('the caller hangs up: asked, left, and never a "destroyed"', async () => {
    const caller = await answeredCaller(world());
    await caller.hangUp();
    expect(await world().log.on('hangup-requested', caller.channel)).toMatchObject({ cause: 0, soft: false, techCause: null });
    await world().log.on('left', caller.channel);
    expect(await world().leftovers()).toEqual([]);
    expect(world().log.of(caller.channel)).toEqual(['entered', 'state up', 'hangup-requested', 'left']);
  });

  test('the caller gives up before the answer: cause 127 with 487', async () => {
    const caller = await world().callIn();
    await world().telephony.ring(caller.channel);
    await caller.heardRinging();
    await caller.hangUp();
    expect(await world().log.on('hangup-requested', caller.channel)).toMatchObject({ cause: 127, soft: false, techCause: 487 });
    await world().log.on('left', caller.channel);
    expect(world().log.of(caller.channel)).toEqual(['entered', 'hangup-requested', 'left']);
  });

  test('every request for a channel that is gone says so', async () => {
    const { telephony, log } = world();
    const caller = await answeredCaller(world());
    const { channel } = caller;
    await caller.hangUp();
    await log.on('left', channel);
    const record = { name: newId('rec'), channel, maxMs: 1_000, silenceEndMs: 0, terminateOn: 'none' } as const;
    const requests: Readonly<Record<string, Promise<void>>> = {
      answer: telephony.answer(channel), ring: telephony.ring(channel), ringStop: telephony.ringStop(channel), hangup: telephony.hangup(channel, 'normal'),
      dialLeg: telephony.dialLeg(channel, 1_000), play: telephony.play(channel, newId('pb'), [world().media.short]), startMusic: telephony.startMusic(channel),
      stopMusic: telephony.stopMusic(channel), record: telephony.record(record), leaveTo: telephony.leaveTo(channel, 'gv-congestion', 's'),
      transferProgress: telephony.transferProgress(channel, 'ok'),
    };
    const faults = await Promise.all(Object.entries(requests).map(async ([verb, request]) => [verb, await faultOf(request)]));
    expect(Object.fromEntries(faults)).toEqual(Object.fromEntries(Object.keys(requests).map((verb) => [verb, 'gone'])));
  });

  test('requests in the moment of the hang-up succeed or say gone or refused', async () => {
    const { telephony } = world();
    const { channel } = await answeredCaller(world());
    const faults = await Promise.all([
      telephony.hangup(channel, 'normal'), telephony.answer(channel), telephony.ring(channel), telephony.play(channel, newId('pb'), [world().media.short]),
      telephony.startMusic(channel), telephony.hangup(channel, 'busy'),
    ].map(faultOf));
    expect(faults[0]).toBe('ok');
    for (const fault of faults) expect(['ok', 'gone', 'refused']).toContain(fault);
  });

  test('keys arrive in order, once each, with how long they were held', async () => {
    const { log } = world();
    const caller = await answeredCaller(world());
    await caller.press('12*00#');
    await log.until((event) => event.type === 'digit' && event.channel === caller.channel && event.digit === '#');
    const digits = log.all.flatMap((event) => (event.type === 'digit' && event.channel === caller.channel ? [event] : []));
    expect(digits.map((one) => one.digit).join('')).toBe('12*00#');
    for (const one of digits) expect(Math.abs(one.durationMs - 100)).toBeLessThanOrEqual(20);
  });

  test('hold and resume are told', async () => {
    const { log } = world();
    const caller = await answeredCaller(world());
    await caller.hold(true);
    expect(await log.on('held', caller.channel)).toMatchObject({ isHeld: true });
    await caller.hold(false);
    await log.until((event) => event.type === 'held' && event.channel === caller.channel && !event.isHeld);
    expect(log.of(caller.channel)).toEqual(['entered', 'state up', 'held', 'held']);
  });

  test('sent back to the dialplan: it has left, and is no longer ours to touch', async () => {
    const { telephony, log } = world();
    const caller = await answeredCaller(world());
    await telephony.leaveTo(caller.channel, 'gv-congestion', 's');
    await log.on('left', caller.channel);
    expect(await faultOf(telephony.play(caller.channel, newId('pb'), [world().media.short]))).toBe('gone');
    await caller.hangUp();
    expect(await world().leftovers()).toEqual([]);
    expect(log.of(caller.channel)).toEqual(['entered', 'state up', 'left']);
  });

  test('a global variable is set as it is, separators and all', async () => {
    await world().telephony.setGlobal('GV_CONTRACT', 'a b&c=d,ü%');
    expect(await world().globalOf('GV_CONTRACT')).toBe('a b&c=d,ü%');
  });

  test('a mailbox count is taken without an event, one with a separator in its name refused', async () => {
    const { telephony, log } = world();
    const before = log.all.length;
    await telephony.setMailbox('acme-office', 3, 1);
    expect(await faultOf(telephony.setMailbox('office@gv-phone/n', 1, 0))).toBe('refused');
    expect(await world().leftovers()).toEqual([]);
    // The next event of ours is the next call's.
    await enteredLeg(world(), (await world().phone()).endpoint).then((leg) => telephony.hangup(leg, 'normal'));
    expect(log.all[before]).toMatchObject({ type: 'entered' });
  });
}
