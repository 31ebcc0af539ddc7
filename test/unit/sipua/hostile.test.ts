import { expect, test } from 'vitest';
import fc from 'fast-check';
import { cseqOf, headerOf, headersOf } from '../../../src/sipua/message.ts';
import { tagOf } from '../../../src/sipua/address.ts';
import { buildOffer } from '../../../src/sipua/sdp.ts';
import { agent, HOST, isCode, isMethod, nextIncoming, rawPeer, talking } from './peers.ts';

const offer = buildOffer({ host: HOST, port: 40_000, sessionId: 1, version: 1, direction: 'sendrecv' });
const withSdp = (head: readonly string[], sdp = offer): string[] => [...head, 'Content-Type: application/sdp', `Content-Length: ${sdp.length}`, '', sdp.slice(0, -2)];

test('a repeated INVITE rings once, 200 is repeated until ACK, and not after it', async () => {
  const b = await agent(9);
  const peer = await rawPeer(b.port);
  let arrivals = 0;
  b.onIncoming((incoming) => {
    arrivals++;
    return incoming.accept().then(() => undefined);
  });
  const invite = withSdp(peer.head('INVITE', 1));
  peer.send(...invite);
  peer.send(...invite);
  await peer.until((_m, all) => all.filter(isCode(200, 'INVITE')).length >= 3);
  const answer = await peer.until(isCode(200, 'INVITE'));
  expect(arrivals).toBe(1);
  const to = headerOf(answer, 'to') ?? '';
  peer.send(...peer.head('ACK', 1, { branch: 'other', to }));
  peer.send(...peer.head('OPTIONS', 2, { to }));
  await peer.until(isCode(200, 'OPTIONS'));
  const before = peer.got.length;
  peer.send(...peer.head('BYE', 3, { to }));
  await peer.until(isCode(200, 'BYE'));
  expect(peer.got.slice(before).map((m) => cseqOf(m).method)).toEqual(['BYE']);
});

test('without any ACK the call is ended with BYE', async () => {
  const b = await agent(9, { timers: { t1Ms: 4, t2Ms: 16 } });
  const peer = await rawPeer(b.port);
  const arrival = nextIncoming(b);
  peer.send(...withSdp(peer.head('INVITE', 1)));
  const incoming = await arrival;
  await incoming.accept();
  expect(headerOf(await peer.until(isMethod('BYE')), 'reason')).toContain('cause=408');
  expect(await incoming.call.ended).toMatchObject({ by: 'network' });
});

test('an INVITE without SDP gets our offer, and the ACK brings the answer', async () => {
  const b = await agent(9);
  const peer = await rawPeer(b.port);
  const arrival = nextIncoming(b);
  peer.send(...peer.head('INVITE', 1));
  const incoming = await arrival;
  await incoming.accept();
  const ok = await peer.until(isCode(200, 'INVITE'));
  expect(ok.body).toContain('m=audio');
  const to = headerOf(ok, 'to') ?? '';
  peer.send(...withSdp(peer.head('ACK', 1, { branch: 'ack', to })));
  peer.send(...peer.head('OPTIONS', 2, { to }));
  await peer.until(isCode(200, 'OPTIONS'));
  expect(incoming.call.rtp?.stats().packetsSent).toBeGreaterThan(0);
});

test.each([
  ['an offer without a codec of ours', 488, withSdp, 'v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 9\r\n\r\n'],
  ['an offer that is no SDP', 488, withSdp, 'hello world\r\n\r\n'],
])('%s gets %i', async (_name, code, make, sdp) => {
  const b = await agent(9);
  const peer = await rawPeer(b.port);
  b.onIncoming((incoming) => incoming.accept().then(() => undefined));
  peer.send(...make(peer.head('INVITE', 1), sdp));
  expect(await peer.until(isCode(code, 'INVITE'))).toBeDefined();
});

test.each([
  ['BYE', '<sip:201@h>;tag=unknown', 481], ['BYE', undefined, 481], ['CANCEL', undefined, 481], ['INFO', undefined, 481], ['INVITE', '<sip:201@h>;tag=unknown', 481],
  ['OPTIONS', undefined, 200], ['NOTIFY', undefined, 200], ['MESSAGE', undefined, 405], ['REGISTER', undefined, 405],
] as const)('%s out of nowhere (To %s) gets %i', async (method, to, code) => {
  const b = await agent(9);
  const peer = await rawPeer(b.port);
  peer.send(...peer.head(method, 1, to === undefined ? {} : { to }));
  expect(await peer.until(isCode(code, method))).toBeDefined();
});

test('an extension that we do not know is refused by name; session timers are let through', async () => {
  const b = await agent(9);
  const peer = await rawPeer(b.port);
  b.onIncoming((incoming) => incoming.ring());
  peer.send(...peer.head('INVITE', 1), 'Require: 100rel, timer');
  expect(headersOf(await peer.until(isCode(420, 'INVITE')), 'unsupported')).toEqual(['100rel']);
  peer.send(...peer.head('INVITE', 2, { callId: 'second' }), 'Require: timer', 'Session-Expires: 90');
  expect(tagOf(await peer.until(isCode(180, 'INVITE')), 'to')).not.toBe('');
});

test('BYE for a call that still rings ends the INVITE too', async () => {
  const b = await agent(9);
  const peer = await rawPeer(b.port);
  const arrival = nextIncoming(b);
  peer.send(...peer.head('INVITE', 1));
  const incoming = await arrival;
  incoming.ring();
  peer.send(...peer.head('BYE', 2, { to: headerOf(await peer.until(isCode(180, 'INVITE')), 'to') ?? '' }));
  await Promise.all([peer.until(isCode(200, 'BYE')), peer.until(isCode(487, 'INVITE'))]);
  expect(await incoming.call.ended).toMatchObject({ by: 'remote' });
});

test('a BYE of somebody who learned the dialog but not both tags gets 481 and changes nothing', async () => {
  const { far, b, call } = await talking();
  const peer = await rawPeer(b.port);
  const { localTag } = far as unknown as { localTag: string };
  peer.send(...peer.head('BYE', 50, { callId: far.callId, to: `<sip:201@h>;tag=${localTag}` }));
  await peer.until(isCode(481, 'BYE'));
  expect([far.state, call.state]).toEqual(['answered', 'answered']);
});

test('a request with an old sequence number gets 500 and changes nothing', async () => {
  const b = await agent(9);
  const peer = await rawPeer(b.port);
  const arrival = nextIncoming(b);
  peer.send(...withSdp(peer.head('INVITE', 7)));
  const incoming = await arrival;
  await incoming.accept();
  const to = headerOf(await peer.until(isCode(200, 'INVITE')), 'to') ?? '';
  peer.send(...peer.head('ACK', 7, { branch: 'a7', to }));
  peer.send(...peer.head('BYE', 6, { to }));
  await peer.until(isCode(500, 'BYE'));
  expect(incoming.call.state).toBe('answered');
});

test('a refresh by re-INVITE or UPDATE is answered and the call goes on', async () => {
  const b = await agent(9);
  const peer = await rawPeer(b.port);
  const arrival = nextIncoming(b);
  peer.send(...withSdp(peer.head('INVITE', 1)));
  const incoming = await arrival;
  await incoming.accept();
  const to = headerOf(await peer.until(isCode(200, 'INVITE')), 'to') ?? '';
  peer.send(...peer.head('ACK', 1, { branch: 'a1', to }));
  peer.send(...peer.head('UPDATE', 2, { to }), 'Session-Expires: 90;refresher=uac');
  expect((await peer.until(isCode(200, 'UPDATE'))).body).toBe('');
  peer.send(...withSdp(peer.head('INVITE', 3, { to }), offer.replace('sendrecv', 'inactive')));
  expect((await peer.until((m) => isCode(200, 'INVITE')(m) && cseqOf(m).seq === 3)).body).toContain('a=inactive');
  peer.send(...peer.head('ACK', 3, { branch: 'a3', to }));
  expect(incoming.call.state).toBe('answered');
  expect(incoming.call.history.map((e) => e.kind)).toEqual(['answered', 'media']);
});

test('garbage between calls does no harm, and a flood leaves nothing behind', async () => {
  const b = await agent(9);
  const peer = await rawPeer(b.port);
  // In rounds that wait for their last answer: a burst would overrun the kernel's socket buffer and test that instead.
  for (let round = 1; round <= 20; round++) {
    for (const bytes of fc.sample(fc.uint8Array({ minLength: 1, maxLength: 400 }), 10)) peer.sendBytes(bytes);
    for (let i = 0; i < 15; i++) peer.send(...peer.head('OPTIONS', round, { branch: `flood${round}-${i}`, callId: `f${round}-${i}` }));
    await peer.until((m) => isCode(200, 'OPTIONS')(m) && headerOf(m, 'call-id') === `f${round}-14`);
  }
  expect(peer.got.filter(isCode(200, 'OPTIONS')).length).toBe(300);
  expect(b.size).toBeGreaterThan(0);
  await b.close();
  expect(b.size).toBe(0);
});

test('garbage on the RTP port does not disturb the audio path', async () => {
  const { call, far } = await talking();
  const peer = await rawPeer(far.rtp?.port ?? 1);
  for (const bytes of fc.sample(fc.uint8Array({ minLength: 1, maxLength: 200 }), 200)) peer.sendBytes(bytes.map((b, i) => (i === 1 ? 200 : b)));
  expect(await call.sendDigits('5', { durationMs: 40, gapMs: 20 })).toBe(1);
  expect(await far.once('digit')).toMatchObject({ digit: '5' });
});
