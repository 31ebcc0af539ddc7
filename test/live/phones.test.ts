// Phones of customers on the real application: extension to extension, switches by code, hold, refresh, transfers, and two
// customers with the same extensions that never meet.
import { describe, expect, test } from 'vitest';
import { alawTone } from '../../src/sipua/g711.ts';
import type { SwitchRow } from '../../src/http/wire.ts';
import type { App } from './app.ts';
import { handset } from './handset.ts';
import { answered, ended, hears, hearsHz } from './hearing.ts';
import { DDI, OTHER_DDI } from './plans.ts';
import { appForFile, CALLER_HZ, fromCaller, fromPhone, PHONE_HZ } from './talk.ts';
import { until, within } from './until.ts';

let app: App;
appForFile((started) => void (app = started));

const night = async (customer: string): Promise<string | undefined> =>
  (await app.api.get<{ switches: SwitchRow[] }>('/v1/switches')).switches.find((row) => row.customer === customer && row.name === 'night')?.position;

describe('extension to extension', () => {
  test('given two phones of a customer, when one dials the other, then both talk and the record says internal', async () => {
    const [ann, ben] = await Promise.all([handset(app, 'acme', '201'), handset(app, 'acme', '202')]);
    const call = await ann.dial('202', { sendAudio: fromCaller });
    const incoming = await ben.next();
    expect(incoming.from).toMatchObject({ user: '201', displayName: 'Acme Ann' });
    await incoming.accept({ sendAudio: fromPhone });
    await hearsHz(call, PHONE_HZ);
    await hearsHz(incoming.call, CALLER_HZ);
    await call.hangup();
    await ended(incoming.call);
    expect(await app.record(call)).toMatchObject({ direction: 'internal', customer: 'acme', ddi: null, caller: { kind: 'extension', number: '201' }, end: { by: 'caller' } });
  });

  test('given two customers with the same extensions, then calls stay with their customer', async () => {
    const [acmeAnn, boltAnn] = await Promise.all([handset(app, 'acme', '201'), handset(app, 'bolt', '201')]);
    const [acmeBen, boltBen] = await Promise.all([handset(app, 'acme', '202'), handset(app, 'bolt', '202')]);
    const fromAcme = await acmeBen.dial('201');
    const fromBolt = await boltBen.dial('201');
    const [atAcme, atBolt] = await Promise.all([acmeAnn.next(), boltAnn.next()]);
    expect(atAcme.from.displayName).toBe('Acme Ben');
    expect(atBolt.from.displayName).toBe('Bolt Ben');
    await Promise.all([atAcme.accept({ sendAudio: fromCaller }), atBolt.accept({ sendAudio: fromPhone })]);
    await Promise.all([hearsHz(fromAcme, CALLER_HZ), hearsHz(fromBolt, PHONE_HZ)]);
    await Promise.all([fromAcme.hangup(), fromBolt.hangup()]);
    const outside = await app.call(OTHER_DDI);
    await hears(outside, 'menu', 8_000, 'bolt');
    await outside.sendDigits('3');
    await (await boltAnn.next(1)).accept();
    await app.doing(outside, 'connected');
    await outside.hangup();
    expect((await app.record(outside)).customer).toBe('bolt');
    expect(acmeAnn.calls).toHaveLength(1);
  });

  test('given an outside number dialled from a phone of a plan that says no number to show, then it is refused with a reason and nobody is called', async () => {
    const ann = await handset(app, 'acme', '201');
    const call = await ann.dial('07700900555');
    await ended(call);
    const record = await app.record(call);
    expect(record.end).toMatchObject({ by: 'us', code: 'cli-none' });
    expect(record.legs).toEqual([]);
  });

  test('given a wrong password, then a call from a phone is not served', async () => {
    const ann = await handset(app, 'acme', '201');
    const call = await ann.agent.call({ to: '202', from: { user: 'acme-201' }, auth: { username: 'acme-201', password: 'wrong' } });
    const end = await ended(call, 40_000);
    expect(end.cause.sipCode).toBe(401);
    expect(await app.find(call)).toBeUndefined();
  });
});

describe('night switch', () => {
  test('given *21, then the switch moves, is kept across kill -9, and moves back', async () => {
    expect(await night('acme')).toBe('off');
    const ann = await handset(app, 'acme', '201');
    const call = await ann.dial('*21');
    await ended(call);
    expect((await app.record(call)).end).toMatchObject({ code: 'feature-done' });
    expect(await night('acme')).toBe('on');
    expect(await night('bolt')).toBe('off');
    await app.clean();
    await app.kill();
    await app.start();
    expect(await night('acme')).toBe('on');
    const outside = await app.call(DDI.night);
    await hears(outside, 'night');
    await outside.hangup();
    await ended(await ann.dial('*21'));
    await until('the switch is off', 3_000, async () => (await night('acme')) === 'off');
    const again = await app.call(DDI.night);
    await hears(again, 'day');
    await again.hangup();
  });
});

describe('in a conversation', () => {
  const talking = async () => {
    const [ann, ben] = await Promise.all([handset(app, 'acme', '201'), handset(app, 'acme', '202')]);
    const call = await app.call(DDI.direct, { sendAudio: fromCaller });
    const incoming = await ann.next();
    await incoming.accept({ sendAudio: fromPhone });
    await answered(call);
    await hearsHz(call, PHONE_HZ);
    return { ann, ben, call, incoming };
  };

  test('given a phone that holds and resumes, then the call goes on and is heard again', async () => {
    const { call, incoming } = await talking();
    expect(await incoming.call.hold()).toMatchObject({ ok: true });
    expect(call.state).toBe('answered');
    expect(await incoming.call.resume()).toMatchObject({ ok: true });
    const resumedAtMs = performance.now();
    await until('the caller hears the phone again', 5_000, () => call.rtp?.wasActive(resumedAtMs + 100));
    await call.hangup();
    await ended(incoming.call);
    expect((await app.record(call)).end?.by).toBe('caller');
  });

  test('given session refreshes by re-INVITE from both sides, then nothing changes', async () => {
    const { call, incoming } = await talking();
    expect(await call.resume()).toMatchObject({ ok: true, code: 200 });
    expect(await incoming.call.resume()).toMatchObject({ ok: true, code: 200 });
    expect((await app.doing(call, 'connected')).trace.filter((line) => line.outcome === 'connected')).toHaveLength(1);
    await call.hangup();
    await ended(incoming.call);
  });

  test('given a blind transfer by the called phone, then the caller talks to the other extension', async () => {
    const { ben, call, incoming } = await talking();
    const referred = incoming.call.refer('202');
    const moved = await ben.next();
    await moved.accept({ sendAudio: alawTone(2_700, 20_000) });
    await hearsHz(call, 2_700);
    expect(await within('the transfer is reported', 10_000, referred)).toMatchObject({ kind: 'finished', code: 200 });
    await ended(incoming.call);
    await moved.call.hangup();
    await ended(call);
    const record = await app.record(call);
    expect(record.end?.by).toBe('callee');
    expect(record.trace.some((line) => line.outcome === 'transferred')).toBe(true);
    expect(record.legs.map((leg) => leg.to)).toEqual(['201', '202']);
  });

  test('given a blind transfer by the calling phone, then the two others talk', async () => {
    const [ann, ben, cat] = await Promise.all([handset(app, 'acme', '201'), handset(app, 'acme', '202'), handset(app, 'acme', '203')]);
    const call = await ann.dial('202');
    const atBen = await ben.next();
    await atBen.accept({ sendAudio: fromPhone });
    await answered(call);
    const referred = call.refer('203');
    const atCat = await cat.next();
    await atCat.accept({ sendAudio: alawTone(2_700, 20_000) });
    await hearsHz(atBen.call, 2_700);
    expect(await within('the transfer is reported', 10_000, referred)).toMatchObject({ kind: 'finished', code: 200 });
    await ended(call);
    expect(atBen.call.state).toBe('answered');
    await atBen.call.hangup();
    await ended(atCat.call);
    expect((await app.record(call)).legs.map((leg) => leg.to)).toEqual(['202', '203']);
  });

  test('given a transfer to an outside number, then it is refused with the reason in the record and the talk goes on', async () => {
    const { call, incoming } = await talking();
    const result = await within('the transfer is answered', 10_000, incoming.call.refer('07700900123'));
    expect(result.kind === 'finished' ? result.code >= 300 : result.kind === 'refused').toBe(true);
    expect(call.state).toBe('answered');
    await call.hangup();
    const record = await app.record(call);
    expect(record.trace.find((line) => line.outcome === 'refused')?.text).toMatch(/outside numbers cannot be transferred to/);
    await ended(incoming.call);
  });
});
