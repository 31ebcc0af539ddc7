// Calls that never reach the application leave their one record all the same: turned away by the dialplan, taken back in the same
// millisecond, carried by the last known route or as an emergency call while it is dead. None is doubled by a restart.
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freeSipPort } from '../../src/embedded/processes.ts';
import { runSipp } from '../../src/embedded/sipp.ts';
import { createUserAgent } from '../../src/sipua/user-agent.ts';
import type { UserAgent } from '../../src/sipua/user-agent.ts';
import { HOST, REPOSITORY, ROOT_FOLDER, startApp } from './app.ts';
import type { App } from './app.ts';
import { handset } from './handset.ts';
import { answered, ended, hears } from './hearing.ts';
import { DDI } from './plans.ts';
import { until } from './until.ts';

const FLOOD = 200;

let app: App;
let carrier: UserAgent;
beforeAll(async () => {
  const port = await freeSipPort(HOST);
  app = await startApp({ trunks: { rescue: { name: 'Emergency carrier', address: `${HOST}:${port}`, match: ['127.0.0.7'], emergency: true } } });
  carrier = await createUserAgent({ bindHost: HOST, bindPort: port, remote: app.sip });
  carrier.onIncoming(async (incoming) => void (await incoming.accept()));
}, 120_000);
afterEach(async () => {
  await app.clean();
  await app.closePhones();
});
afterAll(async () => {
  await carrier.close();
  await app.close();
});

/** Ids of all records, once there are `count` more than `before`. */
async function recordsAfter(before: number, count: number): Promise<string[]> {
  let seen = 0;
  await until(`${count} more records`, 15_000, async () => (seen = (await app.recent()).length) >= before + count, () => seen - before);
  return (await app.recent()).map(({ id }) => id);
}

test('given that new calls are turned away, then each call has a record that says so', async () => {
  const before = (await app.recent()).length;
  await app.ari('asterisk/variable?variable=GV_OVERLOAD&value=9999999999', 'POST');
  const calls = [];
  try {
    for (let count = 0; count < 5; count += 1) calls.push(await app.call(DDI.main));
    for (const call of calls) expect((await ended(call)).cause.sipCode).toBe(503);
  } finally {
    await app.ari('asterisk/variable?variable=GV_OVERLOAD&value=0', 'POST');
  }
  await recordsAfter(before, calls.length);
  for (const call of calls) {
    const record = await app.record(call);
    expect(record).toMatchObject({ customer: 'acme', ddi: DDI.main, direction: 'inbound', answeredAt: null, end: { by: 'us', code: 'overload', cause: 42 }, sip: { endpoint: 'trunk-sim', transport: 'UDP' } });
    expect(record.trace.map(({ text }) => text)).toEqual(['turned away with 503: new calls were not taken at this time']);
    expect(record.sip.sourceAddress).toContain(HOST);
  }
  expect(await recordsAfter(before, calls.length)).toHaveLength(before + calls.length);
});

test(`given ${FLOOD} calls that are taken back at 100, then there are ${FLOOD} records, each of a caller who left`, async () => {
  const before = (await app.recent()).length;
  const result = await runSipp({
    rootFolder: ROOT_FOLDER, scenarioXml: join(REPOSITORY, 'test/sipp/caller-cancels-at-100-expect-487.xml'), target: `${HOST}:${app.sip.port}`,
    args: ['-i', HOST, '-s', DDI.aside, '-m', String(FLOOD), '-r', '100'], timeoutMs: 60_000, traceMessages: false,
  });
  expect(result, result.errors).toMatchObject({ successful: FLOOD, failed: 0 });
  await app.clean();
  const ids = await recordsAfter(before, FLOOD);
  expect(new Set(ids).size).toBe(before + FLOOD);
  const fresh = (await app.recent()).slice(0, FLOOD);
  for (const record of fresh) expect(record).toMatchObject({ customer: 'acme', ddi: DDI.aside, answeredAt: null, end: { by: 'caller' } });
  process.stderr.write(`of ${FLOOD} early CANCELs ${fresh.filter(({ end }) => end?.code === 'cancelled-before-service').length} never reached the application\n`);
});

test('given calls while the application is dead, then each has its record after the return, and none has two after another', async () => {
  const [ann, ben] = [await handset(app, 'acme', '201'), await handset(app, 'acme', '202')];
  const served = await app.call(DDI.night);
  await hears(served, 'day');
  await served.hangup();
  await app.record(served);
  const before = (await app.recent()).length;
  await app.kill();
  const talked = await app.call(DDI.direct);
  await (await ann.next()).accept();
  await answered(talked);
  await talked.hangup();
  const refused = await app.call('+441632960999');
  expect((await ended(refused)).cause.sipCode).toBe(503);
  const internal = await ben.dial('201');
  expect((await ended(internal)).cause.sipCode).toBe(503);
  const rescue = await ben.dial('999');
  await answered(rescue);
  await rescue.hangup();
  await ended(rescue);
  await app.start();
  await recordsAfter(before, 4);
  expect(await app.record(talked)).toMatchObject({
    customer: 'acme', ddi: DDI.direct, end: { by: 'caller', code: 'served-by-last-known-route', cause: 16 }, legs: [{ to: '201', name: 'Acme Ann', result: 'answered' }],
    trace: [{ text: 'the application was away: the last known route answered' }],
  });
  expect((await app.record(talked)).answeredAt).not.toBeNull();
  expect(await app.record(refused)).toMatchObject({ customer: null, dialled: '+441632960999', end: { by: 'us', code: 'application-away', cause: 34 } });
  expect(await app.record(internal)).toMatchObject({ customer: 'acme', direction: 'internal', dialled: '201', end: { by: 'us', code: 'application-away' } });
  expect(await app.record(rescue)).toMatchObject({ customer: 'acme', direction: 'internal', dialled: '999', end: { by: 'caller', code: 'emergency-without-application' }, legs: [{ to: '999', result: 'answered' }] });
  const once = await recordsAfter(before, 4);
  await app.kill();
  await app.start();
  const again = await app.call(DDI.night);
  await hears(again, 'day');
  await again.hangup();
  expect((await app.record(again)).end?.code).toBe('hung-up');
  expect((await recordsAfter(before, 5)).toSorted()).toEqual([...once, (await app.record(again)).id].toSorted());
});
