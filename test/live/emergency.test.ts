// 999 and 112 from a phone, to a carrier that is a user agent on loopback and never anything else: with the application, without
// it, and while new calls are turned away.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freeSipPort } from '../../src/embedded/processes.ts';
import { alawTone } from '../../src/sipua/g711.ts';
import type { IncomingCall } from '../../src/sipua/incoming-call.ts';
import { createUserAgent } from '../../src/sipua/user-agent.ts';
import type { UserAgent } from '../../src/sipua/user-agent.ts';
import { HOST, startApp } from './app.ts';
import type { App } from './app.ts';
import { handset } from './handset.ts';
import { answered, ended, hearsHz } from './hearing.ts';
import { DDI } from './plans.ts';
import { until } from './until.ts';

const OPERATOR_HZ = 2_600;
const operatorVoice = alawTone(OPERATOR_HZ, 20_000);

let app: App;
let carrier: UserAgent;
let taken: IncomingCall[] = [];
beforeAll(async () => {
  const port = await freeSipPort(HOST);
  app = await startApp({ trunks: { rescue: { name: 'Emergency carrier', address: `${HOST}:${port}`, match: ['127.0.0.7'], emergency: true } } });
  carrier = await createUserAgent({ bindHost: HOST, bindPort: port, remote: app.sip });
  carrier.onIncoming(async (incoming) => {
    taken.push(incoming);
    await incoming.accept({ sendAudio: operatorVoice });
  });
}, 120_000);
afterEach(async () => {
  await app.clean();
  await app.closePhones();
  taken = [];
});
afterAll(async () => {
  await carrier.close();
  await app.close();
});

describe('emergency calls', () => {
  test.each(['999', '112'])('given %s dialled on a phone, then the operator is reached with the number of the address', async (digits) => {
    const ann = await handset(app, 'acme', '201');
    const call = await ann.dial(digits);
    await answered(call);
    await hearsHz(call, OPERATOR_HZ);
    expect(taken).toHaveLength(1);
    expect(taken[0]?.dialled).toBe(digits);
    expect(taken[0]?.from.user).toBe(DDI.main);
    expect(taken[0]?.headers('P-Asserted-Identity').join()).toContain(DDI.main);
    await call.hangup();
    await ended(taken[0]?.call ?? call);
    const record = await app.record(call);
    expect(record).toMatchObject({ direction: 'internal', customer: 'acme', legs: [{ to: digits, result: 'answered' }], end: { by: 'caller' } });
  });

  test('given that new calls are turned away, then 999 goes out and others get 503', async () => {
    const ann = await handset(app, 'acme', '201');
    await app.ari('asterisk/variable?variable=GV_OVERLOAD&value=9999999999', 'POST');
    try {
      const refused = await app.call(DDI.main);
      expect((await ended(refused)).cause.sipCode).toBe(503);
      const call = await ann.dial('999');
      await hearsHz(call, OPERATOR_HZ);
      await call.hangup();
    } finally {
      await app.ari('asterisk/variable?variable=GV_OVERLOAD&value=0', 'POST');
    }
  });

  test('given that the application is dead, then 999 goes out all the same', async () => {
    const ann = await handset(app, 'acme', '201');
    await app.kill();
    try {
      const call = await ann.dial('999');
      await hearsHz(call, OPERATOR_HZ);
      expect(taken[0]?.dialled).toBe('999');
      await call.hangup();
      await ended(taken[0]?.call ?? call);
      await until('Asterisk holds no channel', 5_000, async () => (await app.leftovers()).channels.length === 0);
    } finally {
      await app.start();
    }
  });
});
