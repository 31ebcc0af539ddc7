// The other parts that can be chosen: state in a real Redis, and the second transport to Asterisk. Same calls, same ends.
import { afterEach, describe, expect, test } from 'vitest';
import { alawTone } from '../../src/sipua/g711.ts';
import { startRedis } from '../parts/redis.ts';
import type { TestRedis } from '../parts/redis.ts';
import { startApp } from './app.ts';
import type { App } from './app.ts';
import { handset } from './handset.ts';
import { ended, hears, hearsHz } from './hearing.ts';
import { DDI } from './plans.ts';
import { until } from './until.ts';

let app: App | null = null;
let redis: TestRedis | null = null;
afterEach(async () => {
  await app?.close();
  await redis?.stop();
  app = null;
  redis = null;
});

async function menuAndRing(one: App): Promise<void> {
  const call = await one.call(DDI.main);
  await hears(call, 'menu');
  await call.sendDigits('1');
  await hears(call, 'one');
  await ended(call);
  expect((await one.record(call)).end?.code).toBe('plan-end');
  const ann = await handset(one, 'acme', '201');
  const ringing = await one.call(DDI.direct, { sendAudio: alawTone(2_100, 10_000) });
  const incoming = await ann.next();
  incoming.ring();
  await incoming.accept({ sendAudio: alawTone(2_300, 10_000) });
  await hearsHz(ringing, 2_300);
  await hearsHz(incoming.call, 2_100);
  await incoming.call.hangup();
  await ended(ringing);
  expect((await one.record(ringing)).end).toMatchObject({ by: 'callee', code: 'hung-up' });
  await one.clean();
}

describe('GENVOICE_ARI=ari-client', () => {
  test('given menu and ring, then all goes as with our own transport', async () => {
    app = await startApp({ env: { GENVOICE_ARI: 'ari-client' } });
    await menuAndRing(app);
    const silent = await app.call(DDI.all);
    expect((await ended(silent)).cause.sipCode).toBe(486);
    expect(app.output).not.toMatch(/deprecat/i);
    await app.clean();
  });
});

describe('GENVOICE_STATE=redis', () => {
  test('given a live call, when the application is killed and started, then the call is carried on from Redis', async () => {
    redis = await startRedis();
    app = await startApp({ env: { GENVOICE_STATE: 'redis', REDIS_URL: redis.url } });
    await menuAndRing(app);
    await app.closePhones();
    const call = await app.call(DDI.patient);
    await hears(call, 'menu');
    const { id } = await app.doing(call, 'step', 'patient');
    await app.kill();
    await app.start();
    await until('the call is carried on', 10_000, async () => (await app?.find(call))?.trace.some((line) => line.outcome === 'taken-over'));
    await call.sendDigits('1');
    await hears(call, 'one');
    await ended(call);
    expect(await app.record(call)).toMatchObject({ id, adoptions: 1, end: { code: 'plan-end' } });
    await app.clean();
  });
});
