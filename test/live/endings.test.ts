// Every way in which calls end on the wire: CANCEL early and late, BYE from either side and from both, refusals. One record each,
// naming who it was.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startApp } from './app.ts';
import type { App } from './app.ts';
import { handset } from './handset.ts';
import type { Handset } from './handset.ts';
import { answered, ended, hears } from './hearing.ts';
import { DDI } from './plans.ts';
import { within } from './until.ts';

let app: App;
let phone: Handset;
let taken = 0;
beforeAll(async () => {
  app = await startApp();
  phone = await handset(app, 'acme', '201');
}, 120_000);
afterEach(() => app.clean());
afterAll(() => app.close());

/** The next call to the phone, since the last. */
const rung = async () => {
  const incoming = await phone.next(taken);
  taken = phone.calls.length;
  return incoming;
};

describe('before the answer', () => {
  test('given 100, when the caller sends CANCEL, then 487 comes and the record says that the caller left', async () => {
    const call = await app.call(DDI.direct);
    await within('100 comes', 3_000, call.once('trying'));
    const end = await call.cancel();
    expect(end).toMatchObject({ by: 'local', cause: { sipCode: 487 } });
    const record = await app.record(call);
    expect(record).toMatchObject({ answeredAt: null, end: { by: 'caller', fault: 'none' } });
    taken = phone.calls.length;
  });

  test('given 180, when the caller sends CANCEL, then the phone stops ringing', async () => {
    const call = await app.call(DDI.direct);
    const incoming = await rung();
    incoming.ring();
    await within('180 comes', 3_000, call.once('ringing'));
    expect((await call.cancel()).cause.sipCode).toBe(487);
    expect(await ended(incoming.call)).toMatchObject({ by: 'remote', cause: { sipCode: 487 } });
    const record = await app.record(call);
    expect(record).toMatchObject({ answeredAt: null, end: { by: 'caller' }, legs: [{ to: '201', answeredAt: null }] });
  });

  test('given a ringing phone, when CANCEL and its 200 cross, then nobody is left talking to nobody', async () => {
    for (let round = 0; round < 5; round += 1) {
      const call = await app.call(DDI.direct);
      const incoming = await rung();
      incoming.ring();
      await within('180 comes', 3_000, call.once('ringing'));
      await Promise.all([call.cancel(), incoming.accept()]);
      await Promise.all([ended(call), ended(incoming.call)]);
      expect((await app.record(call)).end?.by).toBe('caller');
    }
  });

  test('given the end step busy, then the caller gets 486 and was never answered', async () => {
    const call = await app.call(DDI.busy);
    expect((await ended(call)).cause.sipCode).toBe(486);
    expect(await app.record(call)).toMatchObject({ answeredAt: null, end: { by: 'us', code: 'plan-end', cause: 17 } });
  });
});

describe('after the answer', () => {
  test('given a menu, when the caller sends BYE, then the call ends in the same moment', async () => {
    const call = await app.call(DDI.main);
    await hears(call, 'menu');
    await call.hangup();
    const record = await app.record(call);
    expect(record.end).toEqual({ by: 'caller', fault: 'none', code: 'hung-up', cause: 16, detail: null });
    expect(record.trace.at(-1)).toMatchObject({ step: 'menu', outcome: 'left' });
  });

  test('given a conversation, when both send BYE at once, then both ends are over and one record is left', async () => {
    const call = await app.call(DDI.direct);
    const incoming = await rung();
    await incoming.accept();
    await answered(call);
    await Promise.all([call.hangup(), incoming.call.hangup()]);
    const record = await app.record(call);
    expect(['caller', 'callee']).toContain(record.end?.by);
    expect((await app.recent(`&number=${encodeURIComponent(record.caller.number ?? '')}`)).map((one) => one.id)).toEqual([record.id]);
  });

  test.each(['caller', 'callee'] as const)('given a conversation, when the %s hangs up, then the other side gets BYE', async (by) => {
    const call = await app.call(DDI.direct);
    const incoming = await rung();
    await incoming.accept();
    await answered(call);
    const [leaver, stayer] = by === 'caller' ? [call, incoming.call] : [incoming.call, call];
    await leaver.hangup();
    expect((await ended(stayer, 3_000)).by).toBe('remote');
    expect((await app.record(call)).end).toMatchObject({ by, code: 'hung-up', cause: 16 });
  });

  test('given a phone that answers and leaves at once, then the call ends as ended by the callee', async () => {
    const call = await app.call(DDI.direct);
    const incoming = await rung();
    await incoming.accept();
    await incoming.call.hangup();
    await ended(call);
    const record = await app.record(call);
    expect(record.end?.by).toBe('callee');
    expect(record.legs).toHaveLength(1);
  });
});
