// Rows of the telephony contract: the connection to the switch lost and back, seen from the port.
import { expect, test } from 'vitest';
import { answeredCaller, faultOf, type World } from './telephony-steps.ts';

export function linkRows(world: World): void {
  test('lost: told once, requests say so, the audio path stays; back: told, events flow, what happened meanwhile is not told', async () => {
    const { telephony, log, links } = world();
    const stays = await answeredCaller(world());
    const goes = await answeredCaller(world());
    await log.state(goes.channel, 'up');
    const before = links.length;
    await world().setLink(false);
    expect(telephony.isUp).toBe(false);
    expect(await faultOf(telephony.hangup(stays.channel, 'normal'))).toBe('no-link');
    await goes.hangUp();
    await world().setLink(true);
    expect(telephony.isUp).toBe(true);
    expect(links.slice(before)).toMatchObject([{ type: 'down', isReplaced: false }, { type: 'up', isFirst: false }]);
    expect((await telephony.listChannels()).map((one) => one.channel)).toEqual([stays.channel]);
    await stays.hangUp();
    await log.on('left', stays.channel);
    expect(log.of(goes.channel)).toEqual(['entered', 'state up']);
    const next = await answeredCaller(world());
    await log.state(next.channel, 'up');
  });
}
