// Click-to-dial on the real application: the API rings the own phone, then the carrier, a user agent on loopback.
// Speech both ways, one call a key, nobody outside rung for nothing, and nothing left.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { PlacedCallWire } from '../../src/http/place-call.ts';
import type { CallDetail } from '../../src/http/wire.ts';
import type { App } from './app.ts';
import { handset } from './handset.ts';
import { ended, hearsHz } from './hearing.ts';
import { HELD, OUTSIDE, outsideWorld } from './outside.ts';
import type { OutsideWorld } from './outside.ts';
import { CALLER_HZ, fromCaller, fromPhone, PHONE_HZ } from './talk.ts';
import { until } from './until.ts';

let world: OutsideWorld;
let app: App;
beforeAll(async () => {
  world = await outsideWorld();
  app = world.app;
}, 150_000);
afterEach(async () => {
  await app.clean();
  await app.closePhones();
  world.forget();
});
afterAll(() => world.close());

async function place(more: Readonly<Record<string, unknown>> = {}, key: string = randomUUID()): Promise<PlacedCallWire> {
  const { status, body } = await app.api.send('POST', '/v1/calls', { customer: 'acme', as: '201', to: OUTSIDE, ...more }, { 'Idempotency-Key': key });
  expect([status, body]).toMatchObject([202, { callId: expect.any(String) }]);
  return body as PlacedCallWire;
}
const recordOf = ({ callId }: PlacedCallWire): Promise<CallDetail> =>
  until('the record of the call', 10_000, async () => {
    const call = await app.api.get<CallDetail>(`/v1/calls/${callId}`);
    return call.state === 'ended' ? call : undefined;
  });
const outcomes = (call: CallDetail): string[] => call.trace.map(({ outcome }) => outcome);

async function talking(more: Readonly<Record<string, unknown>> = {}, key?: string) {
  const ann = await handset(app, 'acme', '201');
  const placed = await place(more, key);
  const own = await ann.next();
  own.ring();
  expect(world.arrived(), 'nobody outside is rung before the own phone is picked up').toBe(0);
  await own.accept({ sendAudio: fromPhone });
  const { incoming: far } = await world.good.next();
  far.ring();
  await far.accept({ sendAudio: fromCaller });
  await hearsHz(far.call, PHONE_HZ);
  await hearsHz(own.call, CALLER_HZ);
  return { ann, placed, own, far };
}

test('given a call that is placed, then the own phone rings first, both talk, and the same request again rings nobody, also after a restart', async () => {
  const key = 'order 7';
  const { ann, placed, own, far } = await talking({}, key);
  expect([far.dialled, far.from.user]).toEqual([OUTSIDE, HELD.ann]);
  expect(own.headers('Call-Info')).toEqual([]);
  expect(await place({}, key)).toEqual({ ...placed, isRepeat: true });
  expect((await app.api.send('POST', '/v1/calls', { customer: 'acme', as: '201', to: '+447700900124' }, { 'Idempotency-Key': key })).status).toBe(422);
  await own.call.hangup();
  await ended(far.call);
  const record = await recordOf(placed);
  expect(record).toMatchObject({ direction: 'outbound', customer: 'acme', end: { by: 'caller', code: 'hung-up' }, legs: [{ to: '201' }, { to: OUTSIDE, result: 'answered' }] });
  expect(outcomes(record)).toEqual(['rings-own-phone', 'picked-up', 'leaves', 'connected']);
  await app.clean();
  await app.kill();
  await app.start();
  expect(await place({}, key)).toEqual({ ...placed, isRepeat: true });
  expect([ann.calls.length, world.arrived()]).toEqual([1, 1]);
});

test('given that the far end hangs up, then the own phone is let go', async () => {
  const { placed, own, far } = await talking({ to: '07700900123' });
  await far.call.hangup();
  await ended(own.call);
  expect((await recordOf(placed)).end).toMatchObject({ by: 'callee', code: 'hung-up' });
});

test('given an own phone that declines, then nobody outside is rung', async () => {
  const ann = await handset(app, 'acme', '201');
  const placed = await place();
  (await ann.next()).reject(603);
  const record = await recordOf(placed);
  expect(record).toMatchObject({ answeredAt: null, end: { code: 'own-phone-not-reached', detail: 'Acme Ann: declined' } });
  expect(outcomes(record)).toEqual(['rings-own-phone', 'not-picked-up']);
  expect(world.arrived()).toBe(0);
});

test('given an own phone that is not there, then nobody outside is rung', async () => {
  const record = await recordOf(await place({ as: '203' }));
  expect(record.end).toMatchObject({ code: 'own-phone-not-reached' });
  expect(world.arrived()).toBe(0);
});

test('given autoAnswer, then the phone is asked to pick up by itself', async () => {
  const ann = await handset(app, 'acme', '201');
  const placed = await place({ autoAnswer: true });
  const own = await ann.next();
  expect([own.headers('Call-Info').join(), own.headers('Alert-Info').join()]).toEqual([expect.stringContaining('answer-after=0'), expect.stringContaining('alert-autoanswer')]);
  own.reject(486);
  expect((await recordOf(placed)).end).toMatchObject({ code: 'own-phone-not-reached', cause: 17 });
});
