// The plans as shipped, on whatever day the test runs: what does not depend on the hour, and what the plan's own explanation says for
// the hour there is.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { NumberRow } from '../../src/http/wire.ts';
import { REPOSITORY, startApp } from './app.ts';
import type { App } from './app.ts';
import { handset } from './handset.ts';
import { answered, ended, hearsHz } from './hearing.ts';
import { evidenceOf, held } from './outside.ts';
import { until } from './until.ts';

const MAIN = '+441632960018';
const DIRECT = '+441632960019';
const MATTER = '+442079460018';

let app: App;
beforeAll(async () => {
  app = await startApp({ plans: 'demo', env: { GENVOICE_TRUNKS: join(REPOSITORY, 'dialplan/trunks.json') } });
}, 120_000);
afterEach(async () => {
  await app.clean();
  await app.closePhones();
});
afterAll(() => app.close());

test('given a start, then it prints its numbers, what each does, and how to call one', () => {
  expect(app.output).toMatch(/^GENVoice is ready/m);
  expect(app.output).toContain('01632 960018');
  expect(app.output).toMatch(/npm run -s genvoice -- call \+441632960018/);
  expect(app.output).toContain(app.url);
});

test('given the trunk file as shipped and evidence for a number, then a phone\'s outside call comes to the demo carrier, and 999 is not answered there', async () => {
  expect(app.output).toContain('demo carrier');
  const phone = await handset(app, 'bramley-finch', '201');
  const early = await phone.dial('07700900123');
  await ended(early);
  expect((await evidenceOf(app, early)).decision).toMatchObject({ refusedBy: 'cli-evidence' });
  await app.api.post(`/v1/customers/bramley-finch/numbers/${DIRECT}/evidence`, { type: 'allocation', reference: 'order 1234', checkedBy: 'Priya', checkedOn: new Date(Date.now() - 60_000).toISOString() });
  await until('the number may be shown', 10_000, async () => (await held(app, 'bramley-finch')).find(({ number }) => number === DIRECT)?.isUsable, () => held(app, 'bramley-finch'));
  const call = await phone.dial('07700900123');
  await hearsHz(call, 440, 10_000);
  await call.hangup();
  expect((await evidenceOf(app, call)).decision).toMatchObject({ presentation: DIRECT, end: 'answered', attempts: [{ trunk: 'loopback', result: 'answered' }] });
  const emergency = await phone.dial('999');
  await ended(emergency, 20_000);
  const { record, decision } = await evidenceOf(app, emergency);
  expect(record.legs.map(({ result }) => result)).not.toContain('answered');
  expect(decision).toMatchObject({ end: 'emergency-not-connected', answeredAt: null });
  const tried = await app.api.send('POST', '/v1/test-calls', { to: '07700900123', from: '201', customer: 'bramley-finch', hangUpAfterMs: 1_000 });
  expect(tried).toMatchObject({ status: 200 });
  expect(JSON.stringify(tried.body)).toContain('as-planned');
});

test('given the night switch is on, then the main line plays the night message and ends', async () => {
  await app.api.put('/v1/switches/bramley-finch/night', { position: 'on' });
  const call = await app.call(MAIN);
  await answered(call);
  await ended(call, 40_000);
  const { fromMs, toMs } = { fromMs: call.history.find((event) => event.kind === 'answered')?.atMs ?? 0, toMs: call.history.at(-1)?.atMs ?? 0 };
  expect(call.rtp?.longestSilentGapMs(fromMs, toMs)).toBeLessThan(4_000);
  const record = await app.record(call);
  expect(record.trace.map((line) => line.step)).toEqual(['night-switch', 'night', 'goodbye']);
  expect(record.end).toMatchObject({ code: 'plan-end', cause: 16 });
  await app.api.put('/v1/switches/bramley-finch/night', { position: 'off' });
});

test('given a matter number that begins with 1, when it is confirmed, then conveyancing is rung and answers', async () => {
  const phone = await app.phone('bramley-finch', '201', { kind: 'answer' });
  const call = await app.call(MATTER);
  await answered(call);
  await call.sendDigits('123456');
  // The read-back of the digits is a prompt of its own; the key counts whenever it comes.
  await app.doing(call, 'step', 'matter-number');
  await call.rtp?.waitForAudio(5_000, performance.now());
  await call.sendDigits('1');
  await app.doing(call, 'connected', 'conveyancing', 20_000);
  expect(phone.calls).toHaveLength(1);
  await call.hangup();
  const record = await app.record(call);
  expect(record.trace.map((line) => line.step)).toEqual(['matter-number', 'by-matter', 'conveyancing']);
  expect(record.legs.find((leg) => leg.to === '201')).toMatchObject({ name: 'Priya Shah', result: 'answered' });
});

test('given the direct line and a busy phone, then the office voicemail takes the call', async () => {
  await app.phone('bramley-finch', '201', { kind: 'busy' });
  const call = await app.call(DIRECT);
  await answered(call);
  await app.doing(call, 'step', 'office-voicemail');
  await call.hangup();
  expect((await app.record(call)).trace.map((line) => line.outcome)).toEqual(['busy', 'left']);
});

test('given the numbers of the API, then they are those of the files', async () => {
  const { numbers } = await app.api.get<{ numbers: NumberRow[] }>('/v1/numbers');
  const files = ['bramley-finch', 'harbour-dental'].flatMap((customer) => Object.keys((JSON.parse(readFileSync(join(REPOSITORY, `dialplan/plans/${customer}.json`), 'utf8')) as { numbers: object }).numbers));
  expect(numbers.map((row) => row.ddi).toSorted()).toEqual(files.toSorted());
  expect(numbers.every((row) => row.does.length > 5)).toBe(true);
});
