// SIP over TLS and encrypted speech (SRTP) as set by an operator, with a certificate of the test's own: who speaks both is
// served, and who does not is told so. Read from RTP on both sides and from what travelled between.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freeTcpPort } from '../../src/embedded/processes.ts';
import { alawTone } from '../../src/sipua/g711.ts';
import { CERTIFICATE, KEY } from '../unit/lookup/certificate.ts';
import { HOST, startApp } from './app.ts';
import type { App } from './app.ts';
import { handset } from './handset.ts';
import { answered, ended, hearsHz } from './hearing.ts';
import { DDI } from './plans.ts';
import { openRelay } from './secure-relay.ts';
import type { SecureRelay } from './secure-relay.ts';

const CALLER_HZ = 2_100;
const PHONE_HZ = 2_300;

let folder: string;
let tlsPort: number;
let env: Record<string, string>;
let app: App;
const relays: SecureRelay[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gv-tls-'));
  tlsPort = await freeTcpPort(HOST);
  writeFileSync(join(folder, 'cert.pem'), CERTIFICATE);
  writeFileSync(join(folder, 'key.pem'), KEY, { mode: 0o600 });
  env = { GENVOICE_SIP_TLS_CERT: join(folder, 'cert.pem'), GENVOICE_SIP_TLS_KEY: join(folder, 'key.pem'), GENVOICE_SIP_TLS_PORT: String(tlsPort), GENVOICE_SRTP: 'true' };
  app = await startApp({ env });
}, 120_000);
afterEach(async () => {
  await app.clean();
  await app.closePhones();
  await Promise.all(relays.splice(0).map((relay) => relay.close()));
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A phone whose SIP goes over TLS. */
async function secureHandset(extension: string, isSpeechEncrypted: boolean) {
  const relay = await openRelay({ tlsPort, ca: CERTIFICATE, isSpeechEncrypted });
  relays.push(relay);
  const agent = await app.agent(HOST, { host: HOST, port: relay.port });
  return { relay, phone: await handset(app, 'acme', extension, agent) };
}

describe('a phone over TLS with SRTP', () => {
  test('given a caller from a carrier, then both hear each other, and the phone\'s side is encrypted', async () => {
    const { relay, phone } = await secureHandset('201', true);
    expect(relay.protocol).toMatch(/^TLSv1\.[23]$/);
    const call = await app.call(DDI.direct, { sendAudio: alawTone(CALLER_HZ, 20_000) });
    const incoming = await phone.next();
    await incoming.accept({ sendAudio: alawTone(PHONE_HZ, 20_000) });
    await answered(call);
    await hearsHz(call, PHONE_HZ);
    await hearsHz(incoming.call, CALLER_HZ);
    await incoming.call.hangup();
    await ended(call);
    expect(relay.offered[0]).toMatch(/ RTP\/SAVP /);
    expect(relay.speech.right).toBeGreaterThanOrEqual(5);
    expect(relay.speech.wrong).toBe(0);
    expect((await app.record(call)).end?.by).toBe('callee');
  });

  test('given two such phones, when one dials the other, then both hear each other', async () => {
    const [one, two] = [await secureHandset('201', true), await secureHandset('202', true)];
    const call = await one.phone.dial('202', { sendAudio: alawTone(CALLER_HZ, 20_000) });
    const incoming = await two.phone.next();
    await incoming.accept({ sendAudio: alawTone(PHONE_HZ, 20_000) });
    await hearsHz(call, PHONE_HZ);
    await hearsHz(incoming.call, CALLER_HZ);
    await call.hangup();
    await ended(incoming.call);
    expect([one.relay.speech.wrong, two.relay.speech.wrong]).toEqual([0, 0]);
    expect(await app.record(call)).toMatchObject({ direction: 'internal', sip: { endpoint: 'acme-201', transport: 'TLS' } });
  });
});

describe('a phone without SRTP', () => {
  test('given a call that it places, then it is refused as 488 and leaves nothing', async () => {
    const { phone } = await secureHandset('202', false);
    const call = await phone.dial('201');
    expect((await ended(call)).cause.sipCode).toBe(488);
  });

  test('given a call to it, then it is not answered in the clear', async () => {
    const { relay, phone } = await secureHandset('201', false);
    const call = await app.call(DDI.direct);
    expect(await (await phone.next()).accept()).toBe(false);
    await app.doing(call, 'recording', 'voicemail', 15_000);
    await call.hangup();
    expect(relay.offered[0]).toMatch(/ RTP\/SAVP /);
    expect((await app.record(call)).legs.map((leg) => leg.result)).not.toContain('answered');
  });

  test('given a test call that needs a test phone, then it is refused in words', async () => {
    const place = (body: object) => app.api.send('POST', '/v1/test-calls', body);
    const asPhone = await place({ to: '202', from: '201', customer: 'acme' });
    expect(JSON.stringify(asPhone.body)).toContain('Phones speak encrypted here (GENVOICE_SRTP), and a test phone cannot');
    const toPhone = await place({ to: DDI.direct, answers: { 201: 'answered' } });
    expect(JSON.stringify(toPhone.body)).toContain('201 is offline, and a test phone cannot stand in for it: phones speak encrypted here (GENVOICE_SRTP)');
    expect([asPhone.status, toPhone.status]).toEqual([409, 409]);
  });

  test('given a test call that rings nobody, then it works as planned', async () => {
    const answer = await app.api.send('POST', '/v1/test-calls', { to: DDI.busy });
    expect(JSON.stringify(answer.body)).toContain('as-planned');
  });
});
