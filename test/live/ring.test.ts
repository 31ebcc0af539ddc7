// Ring steps on the real application: when a caller is answered, who talks, and what those hear who do not.
import { describe, expect, test } from 'vitest';
import type { App } from './app.ts';
import { handset } from './handset.ts';
import type { Handset } from './handset.ts';
import { answered, ended, hears, hearsHz } from './hearing.ts';
import { DDI } from './plans.ts';
import { appForFile, CALLER_HZ, fromCaller, fromPhone, PHONE_HZ } from './talk.ts';
import { until, within } from './until.ts';

let app: App;
appForFile((started) => void (app = started));

const results = (record: { legs: readonly { to: string; result: string | null }[] }): Record<string, string | null> => Object.fromEntries(record.legs.map((leg) => [leg.to, leg.result]));

describe('a ring step reached first', () => {
  test('given a phone that answers, then the caller gets 180, is answered only when the person answers, and both hear each other', async () => {
    const phone = await handset(app, 'acme', '201');
    const call = await app.call(DDI.direct, { sendAudio: fromCaller });
    const incoming = await phone.next();
    incoming.ring();
    await within('180 reaches the caller', 3_000, call.once('ringing'));
    expect(call.state).toBe('early');
    await incoming.accept({ sendAudio: fromPhone });
    await answered(call);
    await hearsHz(call, PHONE_HZ);
    await hearsHz(incoming.call, CALLER_HZ);
    expect(call.history.map((event) => event.kind)).toEqual(['trying', 'ringing', 'answered']);
    await incoming.call.hangup();
    expect((await ended(call)).by).toBe('remote');
    const record = await app.record(call);
    const [leg] = record.legs;
    expect(record.end).toMatchObject({ by: 'callee', fault: 'none', code: 'hung-up' });
    expect(Date.parse(leg?.ringingAt ?? '')).toBeLessThanOrEqual(Date.parse(leg?.answeredAt ?? ''));
    expect(Date.parse(record.answeredAt ?? '')).toBeGreaterThanOrEqual(Date.parse(leg?.answeredAt ?? ''));
    expect(Date.parse(record.answeredAt ?? '')).toBeLessThan(Date.parse(record.endedAt ?? ''));
  });

  test('given a phone that diverts with 302, then it counts as declined and the plan goes on', async () => {
    await app.phone('acme', '201', { kind: 'redirect', target: '+447700900777' });
    const call = await app.call(DDI.direct);
    await hears(call, 'greeting');
    await call.hangup();
    const record = await app.record(call);
    expect(results(record)).toEqual({ 201: 'declined' });
    expect(record.trace.map((line) => line.outcome)).toEqual(['declined', 'left']);
  });

  test('given nobody answers within the ring time, then the phone stops ringing and the plan goes on', async () => {
    const phone = await handset(app, 'acme', '201');
    const call = await app.call(DDI.direct);
    (await phone.next()).ring();
    await hears(call, 'greeting');
    expect((await ended((await phone.next()).call)).cause.sipCode).toBe(487);
    await call.hangup();
    expect(results(await app.record(call))).toEqual({ 201: 'no-answer' });
  });
});

describe('a group rung together', () => {
  test('given one busy and one that declines, then the third talks', async () => {
    const others = await Promise.all([app.phone('acme', '201', { kind: 'busy' }), app.phone('acme', '202', { kind: 'decline' })]);
    const third = await handset(app, 'acme', '203');
    const call = await app.call(DDI.all, { sendAudio: fromCaller });
    const incoming = await third.next();
    // Whoever is rung after the answer says "answered elsewhere": the refusals come first here.
    await until('both have refused', 5_000, () => others.every((phone) => phone.calls[0]?.end !== undefined));
    await incoming.accept({ sendAudio: fromPhone });
    await hearsHz(call, PHONE_HZ);
    await hearsHz(incoming.call, CALLER_HZ);
    await call.hangup();
    await ended(incoming.call);
    expect(results(await app.record(call))).toEqual({ 201: 'busy', 202: 'declined', 203: 'answered' });
  });

  test('given nobody is there, then the caller is never answered and hears busy', async () => {
    const call = await app.call(DDI.all);
    expect((await ended(call)).cause.sipCode).toBe(486);
    const record = await app.record(call);
    expect(record.answeredAt).toBeNull();
    expect(results(record)).toEqual({ 201: 'unreachable', 202: 'unreachable', 203: 'unreachable' });
  });

  test('given three ringing phones, when one answers, then the others get CANCEL that says so', async () => {
    const phones = await Promise.all(['201', '202', '203'].map((extension) => handset(app, 'acme', extension)));
    const call = await app.call(DDI.all);
    const rung = await Promise.all(phones.map((phone) => phone.next()));
    for (const incoming of rung) incoming.ring();
    await rung[1]?.accept({ sendAudio: fromPhone });
    await hearsHz(call, PHONE_HZ);
    for (const loser of [rung[0], rung[2]]) {
      const end = await ended(loser?.call ?? call);
      expect(end).toMatchObject({ by: 'remote', cause: { sipCode: 487 } });
      expect(end.cause.reasonHeader).toMatch(/cause=(26|200)/);
    }
    await call.hangup();
    expect(results(await app.record(call))).toEqual({ 201: 'answered-elsewhere', 202: 'answered', 203: 'answered-elsewhere' });
  });

  test('given two phones that answer in the same instant, then exactly one talks and the other is hung up at once', async () => {
    const [one, two] = await Promise.all([handset(app, 'acme', '201'), handset(app, 'acme', '202')]);
    const call = await app.call(DDI.all, { sendAudio: fromCaller });
    const rung = await Promise.all([one, two].map((phone: Handset) => phone.next()));
    await Promise.all(rung.map((incoming) => incoming.accept({ sendAudio: fromPhone })));
    await answered(call);
    const loser = await within('one of the two is hung up', 3_000, Promise.race(rung.map((incoming) => incoming.call.ended.then(() => incoming))));
    const winner = rung.find((incoming) => incoming !== loser);
    await hearsHz(call, PHONE_HZ);
    await hearsHz(winner?.call ?? call, CALLER_HZ);
    expect(winner?.call.state).toBe('answered');
    await call.hangup();
    await ended(winner?.call ?? call);
    expect(new Set(Object.values(results(await app.record(call))))).toEqual(new Set(['answered', 'answered-elsewhere', 'unreachable']));
  });
});

describe('a group rung in order', () => {
  test('given no answer, then busy, then an answer, then each is rung when its turn comes', async () => {
    const [first, third] = await Promise.all([handset(app, 'acme', '201'), handset(app, 'acme', '203')]);
    const second = await app.phone('acme', '202', { kind: 'busy' });
    const call = await app.call(DDI.order);
    const firstRing = await first.next();
    firstRing.ring();
    expect(second.calls).toHaveLength(0);
    expect(third.calls).toHaveLength(0);
    const thirdRing = await third.next();
    expect((await ended(firstRing.call)).cause.sipCode).toBe(487);
    expect(second.calls).toHaveLength(1);
    await thirdRing.accept({ sendAudio: fromPhone });
    await hearsHz(call, PHONE_HZ);
    await thirdRing.call.hangup();
    await ended(call);
    expect(results(await app.record(call))).toEqual({ 201: 'no-answer', 202: 'busy', 203: 'answered' });
  });
});
