// Who calls whom, as carriers write it: spellings of a number, where a trunk puts it, hidden callers, and what strangers send.
// One record each, and the calls of others unharmed.
import { createSocket } from 'node:dgram';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { HOST, startApp } from './app.ts';
import type { App } from './app.ts';
import { answered, ended, hears, tonesOf } from './hearing.ts';
import { DDI } from './plans.ts';
import { until } from './until.ts';

const INFO_HOST = '127.0.0.2';
const TO_HOST = '127.0.0.3';

let app: App;
beforeAll(async () => {
  app = await startApp({ trunks: { keys: { name: 'Keys by INFO', match: [INFO_HOST], dtmf: 'info' }, pilot: { name: 'Pilot number', match: [TO_HOST], ddiFrom: 'to' } } });
}, 120_000);
afterEach(async () => {
  await app.clean();
  await app.closePhones();
});
afterAll(() => app.close());

describe('the dialled number', () => {
  test.each(['+441632960105', '01632960105', '441632960105', '00441632960105'])('given %s, then the number of the plan is found', async (dialled) => {
    const call = await app.call(dialled);
    await hears(call, 'day');
    await call.hangup();
    expect(await app.record(call)).toMatchObject({ ddi: DDI.night, dialled, customer: 'acme' });
  });

  test.each(['+441632960999', '02079460000', '1', '*97', '999999999999999999999', "x';DROP"])('given %s, which no plan has, then 404 comes and one record is left', async (dialled) => {
    const call = await app.call(dialled);
    expect((await ended(call)).cause.sipCode).toBe(404);
    expect(await app.record(call)).toMatchObject({ customer: null, answeredAt: null, end: { by: 'us', code: 'unknown-number', cause: 1 } });
  });

  test('given a trunk that puts it into To, then the request URI does not count', async () => {
    const via = await app.agent(TO_HOST);
    const call = await app.call(DDI.night, { via });
    await hears(call, 'day');
    await call.hangup();
    expect(await app.record(call)).toMatchObject({ ddi: DDI.night, sip: { endpoint: 'trunk-pilot' } });
    const answers = await raw(inviteTo({ uri: 'pilot', to: DDI.night, port: app.sip.port }), TO_HOST);
    expect(answers.some((text) => text.startsWith('SIP/2.0 200'))).toBe(true);
  });
});

describe('the caller', () => {
  test.each([
    ['a number', { from: { user: '+447700900111' } }, { kind: 'e164', number: '+447700900111' }, 'day'],
    ['a national number', { from: { user: '07700900112' } }, { kind: 'e164', number: '+447700900112' }, 'day'],
    ['a number on a list', { from: { user: '+447700900999' } }, { kind: 'e164', number: '+447700900999' }, 'gold'],
    ['anonymous@anonymous.invalid', { from: { user: 'anonymous', displayName: 'Anonymous', host: 'anonymous.invalid' } }, { kind: 'withheld', number: null }, 'night'],
    ['Privacy: id', { from: { user: '+447700900113' }, headers: { Privacy: ['id'], 'P-Asserted-Identity': ['<sip:+447700900113@127.0.0.1>'] } }, { kind: 'withheld', number: null }, 'night'],
    ['a word', { from: { user: 'unknown' } }, { number: null }, 'plain'],
  ] as const)('given %s, then the plan and the record see it as that', async (_, options, seen, tone) => {
    const call = await app.call(DDI.caller, { from: options.from, ...('headers' in options ? { headers: { Privacy: [...options.headers.Privacy], 'P-Asserted-Identity': [...options.headers['P-Asserted-Identity']] } } : {}) });
    await hears(call, tone);
    await call.hangup();
    const record = await app.record(call);
    expect(record.caller).toMatchObject(seen);
    if (seen.number === null) expect(JSON.stringify(record.caller)).not.toContain('0113');
  });

  test.each(['${SHELL(id)}', 'Ann :) (office', '"; DROP TABLE calls', '<script>alert(1)</script>', '\u202Ertl \u{1F600}', '%00%0d%0aVia: x', 'a'.repeat(400), '),,,,trunk'])('given the name %s, then it stays text and the call is served', async (displayName) => {
    const call = await app.call(DDI.night, { from: { user: '+447700900114', displayName } });
    await hears(call, 'day');
    await call.hangup();
    const record = await app.record(call);
    expect(record).toMatchObject({ customer: 'acme', ddi: DDI.night, caller: { number: '+447700900114' } });
    expect(record.sip).toMatchObject({ endpoint: 'trunk-sim', transport: 'UDP', sipCallId: call.callId });
    expect((record.caller.name ?? '').length).toBeLessThanOrEqual(400);
  });
});

describe('strangers', () => {
  test('given datagrams that are no SIP, torn SIP, and headers of 60 kB, then a call at the same time is served', async () => {
    const call = await app.call(DDI.patient);
    await hears(call, 'menu');
    const invite = inviteTo({ uri: DDI.night, to: DDI.night, port: app.sip.port });
    const hostile = [
      'x', '\r\n\r\n', '\0'.repeat(1_000), `INVITE sip:${'9'.repeat(50_000)}@${HOST} SIP/2.0\r\n\r\n`, invite.slice(0, 200), invite.replace('Max-Forwards: 70', `X-Long: ${'a'.repeat(60_000)}`),
      invite.replace(/From: [^\r]*/, `From: "${'n'.repeat(59_000)}" <sip:1@${HOST}>;tag=1`), invite.replace('CSeq: 1 INVITE', 'CSeq: 99999999999999999999 INVITE'), invite.replace(/Content-Length: \d+/, 'Content-Length: -5'), invite.replace(/Content-Length: \d+/, 'Content-Length: 65000'),
      invite.replace('INVITE sip:', 'REFER sip:'), `OPTIONS sip:${HOST} SIP/2.0\r\n${'Via: SIP/2.0/UDP 127.0.0.1:9\r\n'.repeat(1_500)}\r\n`,
    ];
    for (const text of hostile) await raw(text, HOST, 150);
    await call.sendDigits('1');
    await hears(call, 'one');
    await ended(call);
    expect((await app.record(call)).end?.code).toBe('plan-end');
    // Torn calls that Asterisk took as calls end by themselves; none is left as live.
    await until('no call of a stranger is left', 40_000, async () => (await app.live()).length === 0);
    expect(await app.api.send('GET', '/readyz')).toMatchObject({ status: 200 });
  }, 90_000);

  test('given the same INVITE five times, as a lossy network makes it, then it is one call', async () => {
    const before = (await app.recent()).length;
    const answers = await raw(inviteTo({ uri: DDI.night, to: DDI.night, port: app.sip.port }), HOST, 3_000, 5);
    expect(new Set(answers.filter((text) => text.startsWith('SIP/2.0 200') && /CSeq: 1 INVITE/i.test(text)).map((text) => /^To: .*tag=(\S+)/im.exec(text)?.[1])).size).toBe(1);
    await until('its record is written', 5_000, async () => (await app.recent()).length > before);
    await app.clean();
    expect(await app.recent()).toHaveLength(before + 1);
  });

  test('given 200 digits in a row, then the call goes on by its plan and ends once', async () => {
    const call = await app.call(DDI.main);
    await answered(call);
    await call.sendDigits('8'.repeat(200), { durationMs: 40, gapMs: 20 });
    await ended(call, 30_000);
    expect(tonesOf(call).at(-1)).toBe('bye');
    expect((await app.record(call)).trace.map((line) => `${line.step ?? ''} ${line.outcome}`)).toEqual(['opening open', 'menu no-match', 'wrong done', 'bye ended']);
  });

  test('given keys by INFO on a trunk that has them so, then they choose in the menu', async () => {
    const via = await app.agent(INFO_HOST);
    const call = await app.call(DDI.main, { via });
    await hears(call, 'menu');
    expect(await call.info('6')).toMatchObject({ ok: true });
    await hears(call, 'sub');
    expect(await call.info('1')).toMatchObject({ ok: true });
    await hears(call, 'other');
    await ended(call);
    expect((await app.record(call)).sip.endpoint).toBe('trunk-keys');
  });

  test('given an address that no trunk has, then the call is refused and leaves no record', async () => {
    const call = await app.call(DDI.night, { via: await app.agent('127.0.0.9') });
    const end = await ended(call, 40_000);
    expect([401, 403, 404]).toContain(end.cause.sipCode);
    expect(await app.find(call)).toBeUndefined();
  });
});

function inviteTo({ uri, to, port }: { uri: string; to: string; port: number }): string {
  const id = Math.round(performance.now() * 1_000);
  const sdp = `v=0\r\no=- 1 1 IN IP4 ${HOST}\r\ns=-\r\nc=IN IP4 ${HOST}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n`;
  return [
    `INVITE sip:${uri}@${HOST}:${port} SIP/2.0`, `Via: SIP/2.0/UDP ${HOST}:5999;rport;branch=z9hG4bK${id}`, 'Max-Forwards: 70', `From: <sip:+447700900150@${HOST}>;tag=${id}`, `To: <sip:${to}@${HOST}>`,
    `Call-ID: raw-${id}@${HOST}`, 'CSeq: 1 INVITE', `Contact: <sip:raw@${HOST}:5999>`, 'Content-Type: application/sdp', `Content-Length: ${sdp.length}`, '', sdp,
  ].join('\r\n');
}

/** Sends a datagram, as often as said; gives what comes back within the time, and takes an answered call down with BYE. */
async function raw(text: string, bindHost: string, forMs = 3_000, times = 1): Promise<string[]> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(0, bindHost, resolve));
  const answers: string[] = [];
  let done: () => void = () => undefined;
  const isOver = new Promise<void>((resolve) => (done = resolve));
  const timer = setTimeout(done, forMs);
  socket.on('message', (bytes) => {
    const answer = bytes.toString('latin1');
    answers.push(answer);
    if (!answer.startsWith('SIP/2.0 200') || !/CSeq: 1 INVITE/i.test(answer)) {
      if (answer.startsWith('SIP/2.0 200')) done();
      return;
    }
    const pick = (name: string): string => new RegExp(`^${name}: ([^\r]*)`, 'im').exec(answer)?.[1] ?? '';
    const request = (method: string, seq: number): string => [`${method} sip:${HOST}:${app.sip.port} SIP/2.0`, `Via: SIP/2.0/UDP ${HOST}:5999;rport;branch=z9hG4bK${method}${performance.now()}`, 'Max-Forwards: 70', `From: ${pick('From')}`, `To: ${pick('To')}`, `Call-ID: ${pick('Call-ID')}`, `CSeq: ${seq} ${method}`, 'Content-Length: 0', '', ''].join('\r\n');
    socket.send(request('ACK', 1), app.sip.port, HOST);
    socket.send(request('BYE', 2), app.sip.port, HOST);
  });
  for (let sent = 0; sent < times; sent += 1) socket.send(Buffer.from(text, 'latin1'), app.sip.port, HOST, () => undefined);
  await isOver;
  clearTimeout(timer);
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return answers;
}
