// Our user agent against a real Asterisk 22.10 over loopback: digest with an HA1, digits, audio, hold, transfer, every ending.
// The Stasis application here is a few lines, so that only the user agent is on trial.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { startEmbedded } from '../../src/embedded/asterisk.ts';
import type { EmbeddedAsterisk } from '../../src/embedded/asterisk.ts';
import { removeInstanceFolder } from '../../src/embedded/instance-folder.ts';
import { ensureRootFolder } from '../../src/embedded/root-folder.ts';
import { createAnsweringPhone } from '../../src/sipua/answering-phone.ts';
import type { PhonePolicy } from '../../src/sipua/answering-phone.ts';
import { alawTone } from '../../src/sipua/g711.ts';
import { createUserAgent } from '../../src/sipua/user-agent.ts';
import type { UserAgent } from '../../src/sipua/user-agent.ts';

const REPOSITORY = new URL('../..', import.meta.url).pathname;
const APP = 'gv-sipua';
const HOST = '127.0.0.1';
const ha1 = (user: string, password: string): string => createHash('md5').update(`${user}:asterisk:${password}`).digest('hex');

interface AriEvent {
  readonly type: string;
  readonly channel?: { readonly id: string; readonly name: string };
  readonly peer?: { readonly id: string };
  readonly digit?: string;
  readonly args?: readonly string[];
  readonly cause?: number;
  readonly [key: string]: unknown;
}

let asterisk: EmbeddedAsterisk;
let world: string;
let events: WebSocket;
const log: AriEvent[] = [];
const checks = new Set<() => void>();

beforeAll(async () => {
  const root = await ensureRootFolder({ folder: join(REPOSITORY, '.genvoice/root'), onProgress: (line) => process.stderr.write(`${line}\n`) });
  world = mkdtempSync(join(tmpdir(), 'gv-sipua-'));
  mkdirSync(join(world, 'media'), { mode: 0o755 });
  writeFileSync(join(world, 'media/tone.alaw'), alawTone(440, 600), { mode: 0o644 });
  asterisk = await startEmbedded({
    root, instanceFolder: join(world, 'one'), mediaFolder: join(world, 'media'), dialplanFile: join(REPOSITORY, 'dialplan/extensions.conf'), appName: APP,
    trunks: [{ id: 'sim', match: [HOST], address: `${HOST}:9`, dtmf: 'rfc4733', ddiFrom: 'request-uri' }],
  });
  events = new WebSocket(`${asterisk.ariUrl.replace('http', 'ws')}/events?app=${APP}`, { headers: { authorization: authorisation() } });
  events.on('message', (text: Buffer) => {
    log.push(JSON.parse(text.toString()) as AriEvent);
    for (const check of checks) check();
  });
  await new Promise((resolve, reject) => events.once('open', resolve).once('error', reject));
}, 300_000);

afterAll(async () => {
  events.close();
  await asterisk.stop();
  removeInstanceFolder(asterisk.instanceFolder);
  rmSync(world, { recursive: true });
});

const authorisation = (): string => `Basic ${Buffer.from(`${asterisk.ariUser}:${asterisk.ariPassword}`).toString('base64')}`;

async function ari(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${asterisk.ariUrl}/${path}`, {
    method, signal: AbortSignal.timeout(5_000), headers: { authorization: authorisation(), 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** Resolves with the first event, past ones included, that fits. */
function event(fits: (e: AriEvent) => boolean): Promise<AriEvent> {
  return new Promise((resolve) => {
    const check = (): void => {
      const found = log.find(fits);
      if (!found) return;
      checks.delete(check);
      resolve(found);
    };
    checks.add(check);
    check();
  });
}

/** The channel whose INVITE had this Call-ID. */
async function channelOf(callId: string): Promise<string> {
  const start = await event((e) => e.type === 'StasisStart' && (e.args ?? []).some((a) => decodeURIComponent(a) === callId));
  return start.channel?.id ?? '';
}

const remote = () => {
  const [host = '', port = ''] = asterisk.sipAddress.split(':');
  return { host, port: Number(port) };
};

async function carrier(): Promise<UserAgent> {
  const ua = await createUserAgent({ bindHost: HOST, remote: remote() });
  onTestFinished(() => ua.close());
  return ua;
}

const fields = (all: Record<string, string>) => ({ fields: Object.entries(all).map(([attribute, value]) => ({ attribute, value })) });

/** Makes endpoint, auth (as HA1 only) and aor for one extension. */
async function provision(user: string, password: string): Promise<void> {
  const put = (kind: string, all: Record<string, string>): Promise<unknown> => ari('PUT', `asterisk/config/dynamic/res_pjsip/${kind}/${user}`, fields(all));
  await put('auth', { auth_type: 'md5', username: user, md5_cred: ha1(user, password), realm: 'asterisk' });
  await put('aor', { max_contacts: '1', remove_existing: 'yes' });
  await put('endpoint', { context: 'gv-phone', disallow: 'all', allow: '!all,alaw', auth: user, aors: user, direct_media: 'no', dtmf_mode: 'rfc4733' });
}

async function phone(user: string, policy: PhonePolicy) {
  await provision(user, 'secret');
  const made = await createAnsweringPhone({ bindHost: HOST, remote: remote(), credentials: { username: user, ha1: ha1(user, 'secret') }, realm: 'asterisk', expiresS: 60, policy });
  onTestFinished(() => made.close());
  return made;
}

describe('registration', () => {
  test('an HA1 registers, Asterisk sees the phone, unregistering takes it away', async () => {
    const made = await phone('201', { kind: 'busy' });
    // Asterisk 22.10 answers with what is left of the time, which can already be a second less.
    expect(made.registration.expiresS).toBeGreaterThanOrEqual(58);
    expect(made.registration.expiresS).toBeLessThanOrEqual(60);
    expect(await ari('GET', 'endpoints/PJSIP/201')).toMatchObject({ state: 'online' });
    expect(await made.registration.unregister()).toBe(true);
    expect(await ari('GET', 'endpoints/PJSIP/201')).toMatchObject({ state: 'offline' });
  });

  test('a wrong HA1 and a foreign realm are told apart', async () => {
    await provision('202', 'secret');
    const ua = await carrier();
    await expect(ua.register({ username: '202', ha1: ha1('202', 'wrong') })).rejects.toMatchObject({ fault: 'wrong-credentials' });
    await expect(ua.register({ username: '202', ha1: ha1('202', 'secret'), realm: 'other' })).rejects.toMatchObject({ fault: 'wrong-realm' });
  });
});

describe('a call from a carrier', () => {
  test('is answered, Asterisk hears the digits once each, we hear its prompt, BYE from us', async () => {
    const call = await (await carrier()).call({ to: '+441632960101', from: { user: '+447700900123', displayName: 'Ann "A" :)' } });
    const id = await channelOf(call.callId);
    await ari('POST', `channels/${id}/answer`);
    expect(await call.answered).toMatchObject({ isAnswered: true });
    expect(await call.sendDigits('12*0#', { durationMs: 80, gapMs: 60 })).toBe(5);
    await event((e) => e.type === 'ChannelDtmfReceived' && e.channel?.id === id && e.digit === '#');
    expect(log.filter((e) => e.type === 'ChannelDtmfReceived' && e.channel?.id === id).map((e) => e.digit).join('')).toBe('12*0#');
    const askedAtMs = performance.now();
    await ari('POST', `channels/${id}/play?media=sound:${asterisk.soundsMount}/tone`);
    const heardAtMs = await call.rtp?.waitForAudio(2_000, askedAtMs);
    expect((heardAtMs ?? Infinity) - askedAtMs).toBeLessThan(500);
    expect(call.rtp?.stats()).toMatchObject({ lost: 0, duplicates: 0 });
    await call.hangup('Q.850;cause=16');
    await event((e) => e.type === 'StasisEnd' && e.channel?.id === id);
  });

  test('INFO digits are accepted by Asterisk', async () => {
    const call = await (await carrier()).call({ to: '+441632960101', from: { user: '+447700900123' } });
    await ari('POST', `channels/${await channelOf(call.callId)}/answer`);
    await call.answered;
    expect(await call.info('5')).toEqual({ ok: true, code: 200 });
  });

  test('cancelled while it rings: Asterisk lets go at once', async () => {
    const call = await (await carrier()).call({ to: '+441632960101', from: { user: '+447700900123' } });
    const id = await channelOf(call.callId);
    await ari('POST', `channels/${id}/ring`);
    expect(await call.once('ringing')).toMatchObject({ code: 180 });
    expect(await call.cancel()).toMatchObject({ by: 'local', cause: { sipCode: 487 } });
    await event((e) => e.type === 'StasisEnd' && e.channel?.id === id);
  });

  test.each([[17, 486], [21, 403], [1, 404], [34, 503]])('refused with cause %i arrives as %i', async (cause, code) => {
    const call = await (await carrier()).call({ to: '+441632960101', from: { user: '+447700900123' } });
    await ari('DELETE', `channels/${await channelOf(call.callId)}?reason_code=${cause}`);
    expect(await call.ended).toMatchObject({ by: 'remote', cause: { sipCode: code, q850: cause } });
  });

  test('hung up by Asterisk after the answer: the cause comes with BYE', async () => {
    const call = await (await carrier()).call({ to: '+441632960101', from: { user: '+447700900123' } });
    const id = await channelOf(call.callId);
    await ari('POST', `channels/${id}/answer`);
    await call.answered;
    await ari('DELETE', `channels/${id}?reason_code=16`);
    expect(await call.ended).toMatchObject({ by: 'remote', cause: { q850: 16 } });
  });
});

describe('phones', () => {
  test('a carrier call reaches a phone: audio both ways, digits through the bridge, the phone hangs up', async () => {
    const made = await phone('203', { kind: 'answer', sendAudio: alawTone(600, 3_000) });
    const call = await (await carrier()).call({ to: '+441632960101', from: { user: '+447700900123' }, sendAudio: alawTone(440, 3_000) });
    const id = await channelOf(call.callId);
    await ari('POST', `channels/create?endpoint=PJSIP/203&app=${APP}&channelId=leg-203`);
    await event((e) => e.type === 'StasisStart' && e.channel?.id === 'leg-203');
    await ari('POST', 'channels/leg-203/dial?timeout=10');
    await event((e) => e.type === 'ChannelStateChange' && e.channel?.id === 'leg-203' && (e.channel as { state?: string }).state === 'Up');
    await ari('POST', `channels/${id}/answer`);
    await ari('POST', 'bridges/br-203?type=mixing');
    await ari('POST', `bridges/br-203/addChannel?channel=${id},leg-203`);
    const far = made.calls[0]?.call;
    const [heard, farHeard] = await Promise.all([call.rtp?.waitForAudio(3_000), far?.rtp?.waitForAudio(3_000)]);
    expect([heard, farHeard].map((v) => typeof v)).toEqual(['number', 'number']);
    await call.sendDigits('7');
    expect(await far?.once('digit')).toMatchObject({ digit: '7', method: 'rfc4733' });
    await far?.hangup();
    await event((e) => e.type === 'ChannelDestroyed' && e.channel?.id === 'leg-203');
    await call.hangup();
    await ari('DELETE', 'bridges/br-203');
  });

  test.each<[PhonePolicy['kind'], number]>([['busy', 17], ['decline', 21], ['unavailable', 19]])('a phone set to %s: Asterisk sees cause %i', async (kind, cause) => {
    await phone('204', { kind } as PhonePolicy);
    const leg = `leg-${kind}`;
    await ari('POST', `channels/create?endpoint=PJSIP/204&app=${APP}&channelId=${leg}`);
    await event((e) => e.type === 'StasisStart' && e.channel?.id === leg);
    await ari('POST', `channels/${leg}/dial?timeout=10`);
    expect((await event((e) => e.type === 'ChannelDestroyed' && e.channel?.id === leg)).cause).toBe(cause);
  });

  test('a phone that nobody answers is cancelled by Asterisk', async () => {
    const made = await phone('205', { kind: 'no-answer' });
    await ari('POST', `channels/create?endpoint=PJSIP/205&app=${APP}&channelId=leg-205`);
    await event((e) => e.type === 'StasisStart' && e.channel?.id === 'leg-205');
    await ari('POST', 'channels/leg-205/dial?timeout=10');
    await event((e) => e.type === 'Dial' && e.dialstatus === 'RINGING' && e.peer?.id === 'leg-205');
    await ari('DELETE', 'channels/leg-205');
    expect(await made.calls[0]?.call.ended).toMatchObject({ by: 'remote', cause: { sipCode: 487 } });
  });

  test('a phone calls with digest, holds, resumes, and transfers', async () => {
    const made = await phone('206', { kind: 'busy' });
    const call = await made.userAgent.call({ to: '300', from: { user: '206' }, auth: { username: '206', ha1: ha1('206', 'secret') } });
    const id = await channelOf(call.callId);
    await ari('POST', `channels/${id}/answer`);
    expect((await call.answered).isAnswered).toBe(true);
    expect(await call.hold()).toEqual({ ok: true, code: 200 });
    await event((e) => e.type === 'ChannelHold' && e.channel?.id === id);
    expect(await call.resume()).toEqual({ ok: true, code: 200 });
    await event((e) => e.type === 'ChannelUnhold' && e.channel?.id === id);
    const referred = call.refer('301');
    const transfer = await event((e) => e.type === 'ChannelTransfer');
    expect(JSON.stringify(transfer)).toContain('301');
    await ari('POST', `channels/${id}/transfer_progress?states=channel_answered`);
    expect(await referred).toEqual({ kind: 'finished', code: 200 });
    await call.hangup();
  });

  test('without a password the call of a phone is refused', async () => {
    const made = await phone('207', { kind: 'busy' });
    const call = await made.userAgent.call({ to: '300', from: { user: '207' } });
    expect(await call.ended).toMatchObject({ by: 'remote', cause: { sipCode: 401 } });
    const wrong = await made.userAgent.call({ to: '300', from: { user: '207' }, auth: { username: '207', password: 'wrong' } });
    expect(await wrong.ended).toMatchObject({ by: 'remote', cause: { sipCode: 401 } });
  });
});

test('nothing is left in Asterisk', async () => {
  for (const end of log.filter((e) => e.type === 'StasisStart')) await event((e) => e.type === 'StasisEnd' && e.channel?.id === end.channel?.id);
  expect(await ari('GET', 'channels')).toEqual([]);
  expect(await ari('GET', 'bridges')).toEqual([]);
});
