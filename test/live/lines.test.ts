// Carriers as they come: digits as tones in the speech or as INFO, a line that registers, IPv6; and audio before the answer.
// Everything is told from RTP at the caller's side, from the record, and from what the carrier's registrar saw.
import { networkInterfaces } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { alawTone } from '../../src/sipua/g711.ts';
import type { UserAgent } from '../../src/sipua/user-agent.ts';
import { startApp } from './app.ts';
import type { App } from './app.ts';
import { handset } from './handset.ts';
import { answered, ended, hears, hearsHz, tonesOf } from './hearing.ts';
import { alawKeys } from './keypad.ts';
import { acme, bolt, DDI } from './plans.ts';
import { startRegistrar } from './registrar.ts';
import type { Registrar } from './registrar.ts';
import { until, within } from './until.ts';

const INBAND = '127.0.0.12';
const INFO = '127.0.0.13';
const LINE = '127.0.0.14';
const LOOPBACK6 = '::1';
const PASSWORD = 'correct-horse';
const EARLY_HZ = 2_100;
const TALK_HZ = 2_300;
/** Collects four digits and says no secret of them. */
const account = { kind: 'collect', variable: 'account', say: ['sub'], minDigits: 4, maxDigits: 4, firstDigitMs: 5_000, interDigitMs: 1_500, retries: 0, on: { collected: 'by-account', 'no-input': 'nothing', 'no-match': 'wrong' }, fallback: 'bye' };
const byAccount = { kind: 'branch', variable: 'account', cases: [{ equals: '1123', to: 'one' }], on: { otherwise: 'wrong' }, fallback: 'wrong' };

let app: App;
let registrar: Registrar;
beforeAll(async () => {
  const hasIpv6 = Object.values(networkInterfaces()).flat().some((one) => one?.address === LOOPBACK6);
  if (!hasIpv6) throw new Error('This machine has no ::1, so calls over IPv6 cannot be tested. Switch IPv6 on for loopback: sysctl net.ipv6.conf.lo.disable_ipv6=0');
  registrar = await startRegistrar(LINE, 'line-7', PASSWORD);
  app = await startApp({
    plans: { acme: acme({ steps: { account, 'by-account': byAccount } }), bolt: bolt() },
    trunks: {
      inband: { name: 'Tones in the speech', match: [INBAND], dtmf: 'inband' }, info: { name: 'Digits as INFO', match: [INFO], dtmf: 'info' },
      six: { name: 'Over IPv6', match: [LOOPBACK6] },
      line: { name: 'Registering line', registration: { server: `${LINE}:${registrar.port}`, user: 'line-7', passwordFromEnv: 'LINE_PASSWORD' } },
    },
    env: { GENVOICE_IPV6: 'true', LINE_PASSWORD: PASSWORD },
  });
}, 120_000);
afterEach(async () => {
  await app.clean();
  await app.closePhones();
});
afterAll(async () => {
  await app.close();
  await registrar.close();
});

describe('audio before the answer', () => {
  test('given a phone that sends 183 with audio, then the caller hears it, is answered only with 200, and hears the phone on', async () => {
    const phone = await handset(app, 'acme', '201');
    const call = await app.call(DDI.direct);
    const incoming = await phone.next();
    await incoming.progress({ sendAudio: alawTone(EARLY_HZ, 20_000) });
    await hearsHz(call, EARLY_HZ);
    expect(call.state).toBe('early');
    expect(call.history.map((event) => event.kind)).not.toContain('answered');
    expect((await app.doing(call, 'ringing', 'direct')).answeredAt).toBeNull();
    const acceptedAt = Date.now();
    await incoming.accept({ sendAudio: alawTone(TALK_HZ, 20_000) });
    await answered(call);
    await hearsHz(call, TALK_HZ);
    await call.hangup();
    await ended(incoming.call);
    const record = await app.record(call);
    expect(Date.parse(record.answeredAt ?? '')).toBeGreaterThanOrEqual(acceptedAt);
    expect(record.legs.map((leg) => leg.result)).toEqual(['answered']);
  });

  test('given a phone that sends 183 with audio and is then busy, then the caller heard it and was not answered by it', async () => {
    const phone = await handset(app, 'acme', '201');
    const call = await app.call(DDI.direct);
    const incoming = await phone.next();
    await incoming.progress({ sendAudio: alawTone(EARLY_HZ, 20_000) });
    await hearsHz(call, EARLY_HZ);
    expect(call.state).toBe('early');
    incoming.reject(486);
    await hears(call, 'greeting');
    await call.hangup();
    const record = await app.record(call);
    expect(record.legs.map((leg) => [leg.result, leg.answeredAt])).toEqual([['busy', null]]);
    expect(Date.parse(record.answeredAt ?? '')).toBeGreaterThanOrEqual(Date.parse(record.legs[0]?.endedAt ?? ''));
  });
});

describe.each<[string, string, (call: Awaited<ReturnType<App['call']>>, keys: string) => Promise<void>]>([
  ['as tones in the speech', INBAND, async (call, keys) => call.rtp?.play(alawKeys(keys))],
  ['as INFO', INFO, async (call, keys) => {
    for (const key of keys) expect(await call.info(key)).toMatchObject({ ok: true });
  }],
])('digits %s', (_, address, press) => {
  test('given a key in a menu, then its choice is taken, once', async () => {
    const call = await app.call(DDI.main, { via: await app.agent(address) });
    await answered(call);
    await hears(call, 'menu');
    await press(call, '6');
    await hears(call, 'sub');
    // A second 6 would be no choice of the second menu.
    await press(call, '1');
    await hears(call, 'other');
    expect(tonesOf(call)).not.toContain('wrong');
    await call.hangup();
    expect((await app.record(call)).trace.filter((line) => line.kind === 'menu').map((line) => [line.step, line.outcome])).toEqual([['menu', 'choice'], ['submenu', 'choice']]);
  });

  test('given four digits of which two are alike, then exactly those are collected', async () => {
    const call = await app.call(DDI.collect, { via: await app.agent(address) });
    await answered(call);
    await hears(call, 'sub');
    await press(call, '1123');
    await hears(call, 'one');
    await call.hangup();
    expect((await app.record(call)).trace.map((line) => line.next)).toContain('one');
  });
});

describe('a line that registers', () => {
  const carrier = (): Promise<UserAgent> => app.agent(LINE);

  test('given a digest challenge, then our Asterisk is registered with the right password, which never travels', async () => {
    expect(await registrar.contact()).toMatch(/^sip:trunk-line@127\.0\.0\.1:\d+;line=\w+$/);
    expect(registrar.verdicts.slice(0, 2)).toEqual(['asked', 'right']);
  });

  test('given a call to the contact with the DDI as its user, then it is served as a call of that trunk', async () => {
    const contact = await registrar.contact();
    const call = await app.call(contact.replace('trunk-line', DDI.main), { via: await carrier() });
    await hears(call, 'menu');
    await call.sendDigits('6');
    await hears(call, 'sub');
    await call.hangup();
    expect(await app.record(call)).toMatchObject({ customer: 'acme', ddi: DDI.main, sip: { endpoint: 'trunk-line' } });
  });

  test('given the same address without the token of the registration, then the call is not taken', async () => {
    const call = await app.call(DDI.main, { via: await carrier() });
    expect((await ended(call, 40_000)).cause.sipCode).toBe(401);
    expect(await app.find(call)).toBeUndefined();
  });
});

describe('a line whose password the carrier changes', () => {
  const alarm = async (): Promise<string | undefined> => (await app.api.get<{ alarms: { code: string; text: string }[] }>('/v1/alarms')).alarms.find(({ code }) => code === 'registration')?.text;

  test('given a refused password, then an alarm names the line, and it ends when the password is right again', async () => {
    await registrar.contact();
    expect(await alarm()).toBeUndefined();
    registrar.setPassword('another');
    const text = await until('an alarm tells of the line', 40_000, alarm, () => registrar.verdicts);
    expect(text).toBe(`Registering line (line) is not registered at ${LINE}:${registrar.port}: user name or password of line-7 was refused.`);
    expect(registrar.verdicts).toContain('wrong');
    registrar.setPassword(PASSWORD);
    await until('the alarm has ended', 40_000, async () => (await alarm()) === undefined, () => registrar.verdicts);
  }, 100_000);
});

describe('over IPv6', () => {
  const six = (): Promise<UserAgent> => app.agent(LOOPBACK6, { host: LOOPBACK6, port: app.sip.port });

  test('given a call from ::1, then menu and digits work, speech flows over ::1, and our BYE arrives', async () => {
    const call = await app.call(DDI.main, { via: await six() });
    await answered(call);
    await hears(call, 'menu');
    await call.sendDigits('1');
    await hears(call, 'one');
    await hears(call, 'bye');
    expect((await ended(call)).by).toBe('remote');
    expect(await app.record(call)).toMatchObject({ ddi: DDI.main, end: { by: 'us' }, sip: { endpoint: 'trunk-six' } });
  });

  test('given a phone on ::1 and a caller on 127.0.0.1, then both hear each other', async () => {
    const phone = await handset(app, 'acme', '201', await six());
    const call = await app.call(DDI.direct, { sendAudio: alawTone(EARLY_HZ, 20_000) });
    const incoming = await phone.next();
    await incoming.accept({ sendAudio: alawTone(TALK_HZ, 20_000) });
    await answered(call);
    await hearsHz(call, TALK_HZ);
    await hearsHz(incoming.call, EARLY_HZ);
    await incoming.call.hangup();
    await within('the caller is hung up too', 5_000, call.ended);
    expect((await app.record(call)).end?.by).toBe('callee');
  });
});
