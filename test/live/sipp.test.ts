// SIPp as caller and as carrier against the real application: orders and shapes of SIP that our own user agent would never send.
// Each scenario of test/sipp says by its name what is expected.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freeSipPort } from '../../src/embedded/processes.ts';
import { runSipp } from '../../src/embedded/sipp.ts';
import type { SippResult } from '../../src/embedded/sipp.ts';
import { HOST, REPOSITORY, ROOT_FOLDER, startApp } from './app.ts';
import type { App } from './app.ts';
import { handset } from './handset.ts';
import { ended } from './hearing.ts';
import { DDI } from './plans.ts';
import { until } from './until.ts';

const SCENARIOS = join(REPOSITORY, 'test/sipp');
/** What each caller's scenario dials, whose end the record names, and how many calls run. */
const CALLERS: Readonly<Record<string, { readonly to: string; readonly by: string; readonly isAnswered: boolean }>> = {
  'caller-cancels-at-100-expect-487': { to: DDI.aside, by: 'caller', isAnswered: false },
  'caller-cancels-at-180-expect-487': { to: DDI.aside, by: 'caller', isAnswered: false },
  'caller-sends-bye-in-menu-expect-200': { to: DDI.main, by: 'caller', isAnswered: true },
  'caller-sends-no-rtp-expect-bye': { to: DDI.main, by: 'us', isAnswered: true },
  'caller-tears-headers-expect-200': { to: DDI.main, by: 'caller', isAnswered: true },
  'caller-repeats-bye-expect-200': { to: DDI.main, by: 'caller', isAnswered: true },
};
const CALLS = 3;

let app: App;
let carrierPort = 0;
beforeAll(async () => {
  carrierPort = await freeSipPort(HOST);
  app = await startApp({ trunks: { rescue: { name: 'Emergency carrier', address: `${HOST}:${carrierPort}`, match: ['127.0.0.7'], emergency: true } } });
}, 120_000);
afterEach(async () => {
  await app.clean();
  await app.closePhones();
});
afterAll(() => app.close());

function expectSuccess(result: SippResult, calls: number): void {
  expect(result, result.errors + result.messages).toMatchObject({ exitCode: 0, ended: 'by-itself', successful: calls, failed: 0 });
}

test('given the folder of scenarios, then each is run here', () => {
  const names = readdirSync(SCENARIOS).map((name) => name.replace(/\.xml$/, ''));
  expect(names.toSorted()).toEqual([...Object.keys(CALLERS), 'carrier-answers-after-cancel-expect-bye'].toSorted());
});

test.each(Object.entries(CALLERS))('%s', async (name, { to, by, isAnswered }) => {
  await app.phone('acme', '203', { kind: 'no-answer' });
  const before = (await app.recent()).length;
  const result = await runSipp({ rootFolder: ROOT_FOLDER, scenarioXml: join(SCENARIOS, `${name}.xml`), target: `${HOST}:${app.sip.port}`, args: ['-i', HOST, '-s', to, '-m', String(CALLS), '-r', '5'], timeoutMs: 60_000, traceMessages: true });
  expectSuccess(result, CALLS);
  await app.clean();
  await until('the records are written', 5_000, async () => (await app.recent()).length >= before + CALLS);
  const all = await app.recent();
  const records = all.slice(0, all.length - before);
  expect(records).toHaveLength(CALLS);
  for (const record of records) expect(record).toMatchObject({ ddi: to, end: { by } });
  expect(records.map((record) => record.answeredAt !== null)).toEqual(records.map(() => isAnswered));
});

test('carrier-answers-after-cancel-expect-bye', async () => {
  const name = 'carrier-answers-after-cancel-expect-bye';
  const ann = await handset(app, 'acme', '201');
  const carrier = runSipp({ rootFolder: ROOT_FOLDER, scenarioXml: join(SCENARIOS, `${name}.xml`), args: ['-i', HOST, '-p', String(carrierPort), '-m', '1'], timeoutMs: 60_000, traceMessages: true });
  const call = await ann.dial('999');
  await until('the carrier rings', 10_000, async () => (await app.find(call))?.legs.some((leg) => leg.ringingAt !== null));
  await call.hangup();
  await ended(call);
  expectSuccess(await carrier, 1);
  expect(await app.record(call)).toMatchObject({ answeredAt: null, end: { by: 'caller' }, legs: [{ to: '999', answeredAt: null }] });
});
