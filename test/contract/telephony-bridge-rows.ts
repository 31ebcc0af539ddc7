// Rows of the telephony contract: bridges.
import { expect, test } from 'vitest';
import { answeredCaller, answeredLeg, enteredLeg, faultOf, ringingLeg, type World } from './telephony-steps.ts';
import { newId } from './telephony-world.ts';

export function bridgeRows(world: World): void {
  const members = async (bridge: string): Promise<readonly string[] | undefined> => {
    const found = (await world().telephony.listBridges()).find((one) => one.bridge === bridge);
    return found?.channels.toSorted();
  };
  const bridgeOf = async (...channels: string[]): Promise<string> => {
    const bridge = newId('br');
    await world().telephony.createBridge(bridge);
    if (channels.length > 0) await world().telephony.addToBridge(bridge, channels);
    return bridge;
  };

  test('bridge, then dial: the leg answers inside', async () => {
    const { telephony, log } = world();
    const caller = await answeredCaller(world());
    const phone = await world().phone();
    const leg = await enteredLeg(world(), phone.endpoint);
    const bridge = await bridgeOf(caller.channel, leg);
    await telephony.dialLeg(leg, 20_000);
    await phone.called();
    expect(await phone.answer()).toBe(true);
    await log.state(leg, 'up');
    expect(await members(bridge)).toEqual([caller.channel, leg].toSorted());
    await telephony.destroyBridge(bridge);
    await telephony.hangup(leg, 'normal');
  });

  test('bridged while it rings; when the phone leaves, the bridge and the caller stay', async () => {
    const { telephony, log } = world();
    const caller = await answeredCaller(world());
    const { leg, phone } = await ringingLeg(world());
    const bridge = await bridgeOf(caller.channel, leg);
    expect(await phone.answer()).toBe(true);
    await log.state(leg, 'up');
    await phone.hangUp();
    await log.on('destroyed', leg);
    await expect.poll(() => members(bridge)).toEqual([caller.channel]);
    expect(log.of(caller.channel)).toEqual(['entered', 'state up']);
    await telephony.destroyBridge(bridge);
  });

  test('an announcement in a bridge: its members hear it and stay, its end comes, nothing is left', async () => {
    const { telephony, log, media } = world();
    const caller = await answeredCaller(world());
    const bridge = await bridgeOf(caller.channel);
    const playback = newId('pb');
    await telephony.announce(bridge, playback, [media.short]);
    expect(await caller.hears()).toBe(true);
    await log.until((event) => event.type === 'playback-ended' && event.playback === playback && event.result === 'done', 'the end of the announcement');
    expect(await members(bridge)).toEqual([caller.channel]);
    await telephony.destroyBridge(bridge);
    expect(await faultOf(telephony.announce(bridge, newId('pb'), [media.short]))).toBe('gone');
  });

  test('a member that has gone: refused, and the other is not put inside', async () => {
    const { telephony, log } = world();
    const stays = await answeredCaller(world());
    const goes = await answeredCaller(world());
    const bridge = await bridgeOf();
    await goes.hangUp();
    await log.on('left', goes.channel);
    for (const both of [[stays.channel, goes.channel], [goes.channel, stays.channel]]) expect(await faultOf(telephony.addToBridge(bridge, both))).toBe('refused');
    expect(await members(bridge)).toEqual([]);
    await telephony.addToBridge(bridge, [stays.channel]);
    expect(await members(bridge)).toEqual([stays.channel]);
    await telephony.destroyBridge(bridge);
  });

  test('a member that goes at that moment: done or refused, and it does not stay inside', async () => {
    const { telephony, log } = world();
    const stays = await answeredCaller(world());
    const goes = await answeredCaller(world());
    const bridge = await bridgeOf();
    const [fault] = await Promise.all([faultOf(telephony.addToBridge(bridge, [stays.channel, goes.channel])), goes.hangUp()]);
    expect(['ok', 'refused']).toContain(fault);
    await log.on('left', goes.channel);
    await expect.poll(() => members(bridge)).toEqual(fault === 'ok' ? [stays.channel] : []);
    await telephony.destroyBridge(bridge);
  });

  test('destroyed with members inside: they live on, outside', async () => {
    const { telephony, log } = world();
    const caller = await answeredCaller(world());
    const { leg } = await answeredLeg(world());
    const bridge = await bridgeOf(caller.channel, leg);
    await telephony.destroyBridge(bridge);
    // Asterisk takes it apart a moment after its answer.
    await expect.poll(() => members(bridge)).toBeUndefined();
    expect((await telephony.listChannels()).map((one) => one.channel).toSorted()).toEqual([caller.channel, leg].toSorted());
    const playback = newId('pb');
    await telephony.play(caller.channel, playback, [world().media.short]);
    expect(await log.until((event) => event.type === 'playback-ended' && event.playback === playback)).toMatchObject({ result: 'done' });
    await telephony.hangup(leg, 'normal');
  });

  test('a member of one bridge is moved by being added to another', async () => {
    const { telephony } = world();
    const caller = await answeredCaller(world());
    const first = await bridgeOf(caller.channel);
    const second = await bridgeOf(caller.channel);
    expect([await members(first), await members(second)]).toEqual([[], [caller.channel]]);
    await telephony.destroyBridge(first);
    await telephony.destroyBridge(second);
  });

  test('removed: out of the bridge and alive; a second time is refused', async () => {
    const { telephony } = world();
    const caller = await answeredCaller(world());
    const bridge = await bridgeOf(caller.channel);
    await telephony.removeFromBridge(bridge, caller.channel);
    expect(await members(bridge)).toEqual([]);
    expect(await faultOf(telephony.removeFromBridge(bridge, caller.channel))).toBe('refused');
    expect(await telephony.listChannels()).toHaveLength(1);
    await telephony.destroyBridge(bridge);
  });

  test('a bridge that does not exist is gone, one that exists is not made twice', async () => {
    const { telephony } = world();
    const caller = await answeredCaller(world());
    const nowhere = newId('br');
    expect(await faultOf(telephony.addToBridge(nowhere, [caller.channel]))).toBe('gone');
    expect(await faultOf(telephony.removeFromBridge(nowhere, caller.channel))).toBe('gone');
    expect(await faultOf(telephony.destroyBridge(nowhere))).toBe('gone');
    const bridge = await bridgeOf();
    expect(await faultOf(telephony.createBridge(bridge))).toBe('refused');
    await telephony.destroyBridge(bridge);
  });
}
