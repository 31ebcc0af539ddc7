// The application dies (kill -9) and comes back: Asterisk rings phones by the last known route meanwhile, every live call is carried
// on, and each leaves one record.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { alawTone } from '../../src/sipua/g711.ts';
import type { CallDetail } from '../../src/http/wire.ts';
import type { OutgoingCall } from '../../src/sipua/outgoing-call.ts';
import { startApp } from './app.ts';
import type { App } from './app.ts';
import { handset } from './handset.ts';
import type { Handset } from './handset.ts';
import { answered, ended, hears, hearsHz } from './hearing.ts';
import { DDI } from './plans.ts';
import { until } from './until.ts';

const CALLER_HZ = 2_100;
const PHONE_HZ = 2_300;
/** From "the new process is up" until every call is its again. */
const CARRIED_ON_MS = 1_000;
const fromCaller = alawTone(CALLER_HZ, 120_000);
const fromPhone = alawTone(PHONE_HZ, 120_000);
type Kind = 'menu' | 'ringing' | 'connected' | 'recording';
const KINDS: readonly Kind[] = ['menu', 'ringing', 'connected', 'recording'];

let app: App;
beforeAll(async () => {
  app = await startApp();
}, 120_000);
afterEach(async () => {
  await app.clean(15_000);
  await app.closePhones();
});
afterAll(() => app.close());

/** `count` calls, a quarter in each kind. */
async function placeCalls(count: number, talker: Handset): Promise<{ kind: Kind; call: OutgoingCall }[]> {
  const calls: { kind: Kind; call: OutgoingCall }[] = [];
  for (let index = 0; index < count; index += 1) {
    const kind = KINDS[index % KINDS.length] ?? 'menu';
    const call = await app.call({ menu: DDI.patient, ringing: DDI.aside, connected: DDI.direct, recording: DDI.voicemail }[kind], { sendAudio: fromCaller, keepAudioMs: 20_000 });
    calls.push({ kind, call });
    if (kind === 'connected') await (await talker.next(Math.floor(index / KINDS.length))).accept({ sendAudio: fromPhone });
  }
  const expected = { step: count / 4, ringing: count / 4, connected: count / 4, recording: count / 4 };
  let seen: unknown;
  await until('all calls are where they belong', 30_000, async () => {
    const live = await app.live();
    const counts: Record<string, number> = {};
    for (const { doing } of live) counts[doing ?? ''] = (counts[doing ?? ''] ?? 0) + 1;
    seen = counts;
    return Object.entries(expected).every(([doing, number]) => counts[doing] === number);
  }, () => seen);
  return calls;
}

async function details(): Promise<CallDetail[]> {
  return Promise.all((await app.live()).map((call) => app.api.get<CallDetail>(`/v1/calls/${call.id}`)));
}

describe('without the application', () => {
  test('given that it is dead, when a number is called, then the phone of the last known route rings; back again, it serves', async () => {
    const ann = await handset(app, 'acme', '201');
    await app.kill();
    const call = await app.call(DDI.direct, { sendAudio: fromCaller });
    const incoming = await ann.next();
    await incoming.accept({ sendAudio: fromPhone });
    await hearsHz(call, PHONE_HZ);
    await hearsHz(incoming.call, CALLER_HZ);
    await call.hangup();
    await ended(incoming.call);
    const spelled = await app.call(`0${DDI.direct.slice(3)}`);
    await (await ann.next(1)).accept();
    await answered(spelled);
    await spelled.hangup();
    await app.start();
    const again = await app.call(DDI.night);
    await hears(again, 'day');
    await again.hangup();
    expect((await app.record(again)).customer).toBe('acme');
  });

  test('given a live call whose caller leaves while it is dead, then its record says so after the return', async () => {
    const call = await app.call(DDI.patient);
    await hears(call, 'menu');
    const { id } = await app.doing(call, 'step', 'patient');
    await app.kill();
    await call.hangup();
    await app.start();
    const record = await app.record(call);
    expect(record).toMatchObject({ id, adoptions: 1, end: { by: 'caller', code: 'ended-unseen', cause: 16 } });
  });
});

describe('with live calls', () => {
  test.each([8, 40])('given %i calls in menus, ringing, talking and being recorded, when it is killed and started, then all are carried on and each leaves one record', async (count) => {
    const [talker, ringer] = await Promise.all([handset(app, 'acme', '201'), handset(app, 'acme', '203')]);
    const recordsBefore = (await app.recent()).length;
    const calls = await placeCalls(count, talker);
    ringer.calls.forEach((incoming) => incoming.ring());
    const ids = new Set((await app.live()).map((call) => call.id));
    await app.kill();
    await app.start();
    let taken: CallDetail[] = [];
    await until('every call is carried on', 10_000, async () => {
      taken = await details();
      return taken.length === count && taken.every((call) => call.trace.some((line) => line.outcome === 'taken-over'));
    }, () => taken.map((call) => `${call.id} ${call.trace.map((line) => line.outcome).join()}`));
    expect(performance.now() - app.readyAtMs).toBeLessThan(CARRIED_ON_MS);
    expect(new Set(taken.map((call) => call.id))).toEqual(ids);
    const nowMs = performance.now();
    for (const { kind, call } of calls) {
      expect(call.state, kind).toBe(kind === 'ringing' ? 'early' : 'answered');
      if (kind === 'connected') expect(await call.rtp?.waitForAudio(3_000, nowMs), 'the phone is still heard').toBeDefined();
      if (kind === 'menu') expect(await call.rtp?.waitForAudio(8_000, nowMs), 'the menu is offered again').toBeDefined();
    }
    const late = ringer.calls[0];
    await late?.accept({ sendAudio: fromPhone });
    const lateCall = calls.find(({ kind }) => kind === 'ringing')?.call;
    if (lateCall !== undefined) await answered(lateCall);
    const [first] = calls;
    await first?.call.sendDigits('1');
    await hears(first?.call ?? calls[0]!.call, 'one');
    await Promise.all(calls.map(({ call }) => call.hangup()));
    await app.clean(20_000);
    const records = (await app.recent()).slice(0, (await app.recent()).length - recordsBefore);
    expect(records.map((one) => one.id).toSorted()).toEqual([...ids].toSorted());
    for (const { call } of calls.slice(0, 8)) expect((await app.record(call)).adoptions).toBe(1);
  });
});
