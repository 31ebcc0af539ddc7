// What only a real Asterisk 22.10 can show of the telephony port, through both transports: digits by SIP INFO, the
// message-waiting light on the wire, and that no request of one call ever waits behind another call's.
import { createSocket } from 'node:dgram';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { APP, AsteriskHost, INFO_HOST, type AsteriskWorld, type TransportName } from './telephony-asterisk-world.ts';
import { answeredCaller } from './telephony-steps.ts';
import { newId } from './telephony-world.ts';

const host = new AsteriskHost();
beforeAll(() => host.start(), 300_000);
afterAll(async () => {
  expect(await host.stop(), 'left on this machine').toEqual([]);
});

describe.each<TransportName>(['own', 'ari-client'])('Asterisk by %s', (name) => {
  let world: AsteriskWorld;
  beforeAll(async () => {
    world = await host.world(name);
  });
  afterEach(async () => {
    await world.endRow();
    const left = await world.leftovers();
    if (left.length > 0) await world.sweep();
    expect(left).toEqual([]);
  });
  afterAll(() => world.close());

  test('keys by SIP INFO on a trunk that is set so', async () => {
    const caller = await world.callIn(INFO_HOST);
    await world.telephony.answer(caller.channel);
    await caller.answered();
    for (const key of '12*0#') expect(await caller.call.info(key)).toEqual({ ok: true, code: 200 });
    await world.log.until((event) => event.type === 'digit' && event.channel === caller.channel && event.digit === '#');
    expect(world.log.of(caller.channel).filter((one) => one.startsWith('digit'))).toEqual(['digit 1', 'digit 2', 'digit *', 'digit 0', 'digit #']);
  });

  test('a mailbox count reaches the phone as NOTIFY, without a channel or an event of ours', async () => {
    const lamp = await lampPhone(world);
    const before = world.log.all.length;
    await world.telephony.setMailbox(lamp.mailbox, 3, 1);
    expect(await lamp.next((text) => text.includes('Voice-Message: 3/1'))).toContain('Messages-Waiting: yes');
    await world.telephony.setMailbox(lamp.mailbox, 0, 4);
    expect(await lamp.next((text) => text.includes('Voice-Message: 0/4'))).toContain('Messages-Waiting: no');
    expect(await world.leftovers()).toEqual([]);
    expect(world.log.all.slice(before)).toEqual([]);
  });

  test("no request of one call ever waits behind another call's: 40 blocked ones of 20 calls, and a free one in less than 100 ms", async () => {
    const { telephony } = world;
    const blocked = await Promise.all(Array.from({ length: 20 }, () => answeredCaller(world)));
    const free = await answeredCaller(world);
    const playbacks = blocked.map(() => newId('pb'));
    await Promise.all(blocked.map((caller, at) => telephony.play(caller.channel, playbacks[at] ?? '', [world.media.long])));
    const bridge = newId('br');
    await telephony.createBridge(bridge);
    let settled = 0;
    const requests = blocked.flatMap((caller) => [telephony.answer(caller.channel), telephony.addToBridge(bridge, [caller.channel])]);
    // Either end is fine: they were waited for, or their own deadline or hang-up came.
    const ends = Promise.allSettled(requests.map((one) => one.finally(() => (settled += 1))));
    const tookMs: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      const askedAtMs = performance.now();
      await telephony.ring(free.channel);
      await telephony.ringStop(free.channel);
      tookMs.push((performance.now() - askedAtMs) / 2);
    }
    // A busy machine can hold up one of them; a blocked request holds up all of them, for the 20 s of its prompt.
    expect(Math.min(...tookMs), 'the quickest').toBeLessThan(100);
    expect(Math.max(...tookMs), 'the slowest').toBeLessThan(2_000);
    expect(settled, 'requests that were not blocked after all').toBe(0);
    await Promise.all(playbacks.map((playback) => telephony.stopPlayback(playback)));
    await ends;
    await telephony.destroyBridge(bridge);
  });

  test('setting a channel variable blocks in the same way, and nobody else', async () => {
    const caller = await answeredCaller(world);
    const free = await answeredCaller(world);
    const playback = newId('pb');
    await world.telephony.play(caller.channel, playback, [world.media.long]);
    let isSettled = false;
    const setting = host.ari('POST', `channels/${caller.channel}/variable?variable=GV_X&value=1`).finally(() => (isSettled = true));
    // Answered while the other one is still waited for: it did not stand behind it.
    await world.telephony.ring(free.channel);
    await world.telephony.ringStop(free.channel);
    expect(isSettled).toBe(false);
    await world.telephony.stopPlayback(playback);
    await setting;
  });
});

test('the application is not registered any more when its worlds are closed', async () => {
  expect(((await host.ari('GET', 'applications')) as { name: string }[]).filter((app) => app.name === APP)).toEqual([]);
});

/** A registered phone of which only its NOTIFYs matter; it says 200 to everything. */
async function lampPhone(world: AsteriskWorld): Promise<{ mailbox: string; next(fits: (text: string) => boolean): Promise<string> }> {
  const socket = createSocket('udp4');
  onTestFinished(() => new Promise<void>((resolve) => void socket.close(() => resolve())));
  await new Promise<void>((resolve) => void socket.bind(0, '127.0.0.1', resolve));
  const texts: string[] = [];
  socket.on('message', (bytes, from) => {
    const text = bytes.toString('utf8');
    texts.push(text);
    if (text.startsWith('SIP/2.0')) return;
    const copied = text.split('\r\n').filter((line) => /^(via|from|to|call-id|cseq):/i.test(line));
    socket.send(`SIP/2.0 200 OK\r\n${copied.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`, from.port, from.address);
  });
  const next = async (fits: (text: string) => boolean): Promise<string> => {
    await expect.poll(() => texts.some(fits), { timeout: 5_000 }).toBe(true);
    return texts.find(fits) ?? '';
  };
  // The light is told to registered contacts; nothing here knows a password, so the phone has none.
  const user = await world.provision(false);
  const { port } = socket.address();
  const address = host.asterisk.sipAddress;
  const register = [
    `REGISTER sip:${address} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${user};rport`, 'Max-Forwards: 70', `From: <sip:${user}@${address}>;tag=1`,
    `To: <sip:${user}@${address}>`, `Call-ID: ${user}`, 'CSeq: 1 REGISTER', `Contact: <sip:${user}@127.0.0.1:${port}>`, 'Expires: 60', 'Content-Length: 0', '', '',
  ];
  socket.send(register.join('\r\n'), Number(address.split(':')[1]), '127.0.0.1');
  await next((text) => text.startsWith('SIP/2.0 200'));
  return { mailbox: user, next };
}
