// When a call is answered, and what a caller who never was answered gets instead.
import { describe, expect, test } from 'vitest';
import { serve, timesOf } from './served.ts';
import { planOf } from './world.ts';

const ring = { kind: 'ring', targets: [{ extension: '202' }], ringMs: 8_000, fallback: 'sorry' };

describe('answering', () => {
  test('given a plan whose first step speaks, when the call comes in, then it is answered before it is spoken to', async () => {
    const { record, moments, texts } = await serve(planOf('bye', { bye: { kind: 'end', say: ['welcome'] } }), (world) => world.callIn());
    expect(timesOf(moments, 'answer')).toEqual([0]);
    expect(timesOf(moments, 'play')).toEqual([1]);
    expect(record.answeredAtMs).toBe(record.startedAtMs + 1);
    expect(texts).toEqual(['plays a message and hangs up']);
  });

  test('given a ring step first, when a person answers, then the caller got 180 and the answer time is the person\'s', async () => {
    const { record, moments, texts } = await serve(planOf('tom', { tom: ring }), (world) => {
      world.phone('acme', '202', { kind: 'answers', afterMs: 3_000, hangsUpAfterMs: 2_000 });
      return world.callIn();
    });
    expect(timesOf(moments, 'ring')).toEqual([0]);
    expect(timesOf(moments, 'answer')).toHaveLength(1);
    expect(timesOf(moments, 'answer')[0]).toBeGreaterThanOrEqual(3_000);
    expect((record.answeredAtMs ?? 0) - record.startedAtMs).toBeGreaterThan(3_000);
    expect(record.legs[0]).toMatchObject({ to: '202', result: 'answered' });
    expect(texts).toEqual(['Tom Evans answered']);
  });

  test('given a ring step first, when nobody answers, then the call is answered only for the message that follows', async () => {
    const { record, moments, texts } = await serve(planOf('tom', { tom: ring }), (world) => world.callIn());
    expect(timesOf(moments, 'answer')[0]).toBeGreaterThanOrEqual(8_000);
    expect(record.answeredAtMs).toBeGreaterThan(record.startedAtMs + 8_000);
    expect(texts).toEqual(['no answer, Tom Evans: no answer', 'plays a message and hangs up']);
  });

  test('given 183 with audio from the phone, when it never answers, then that was no answer', async () => {
    const { record, texts } = await serve(planOf('tom', { tom: { ...ring, on: { 'no-answer': 'quiet' } }, quiet: { kind: 'end' } }), (world) => {
      world.phone('acme', '202', { kind: 'manual' });
      world.clock.worldAfter(1_000, () => world.telephony.legs().forEach((leg) => world.telephony.farProgress(leg)));
      return world.callIn();
    });
    expect(record.answeredAtMs).toBeNull();
    expect(texts).toEqual(['no answer, Tom Evans: no answer', 'hangs up']);
  });

  test.each([
    ['busy', 486, 17, 'busy tone'],
    ['congestion', 503, 42, 'congestion tone'],
  ])('given an end step "%s", when the call comes in, then it ends with %i and is never answered', async (how, sipCode, cause, text) => {
    const { world, channel, record, texts, moments } = await serve(planOf('bye', { bye: { kind: 'end', how } }), (given) => given.callIn());
    expect(world.telephony.endings.get(channel)).toEqual({ sipCode, cause });
    expect(timesOf(moments, 'answer')).toEqual([]);
    expect(record.answeredAtMs).toBeNull();
    expect(record.end).toMatchObject({ by: 'us', fault: 'none', code: 'plan-end', cause });
    expect(texts).toEqual([text]);
  });

  test('given a number that no plan has, when it is called, then the caller gets 404 and is never answered', async () => {
    const { world, channel, record, texts } = await serve(planOf('bye', { bye: { kind: 'end' } }), (given) => given.callIn({ to: '01632960999' }));
    expect(world.telephony.endings.get(channel)).toEqual({ sipCode: 404, cause: 1 });
    expect(record).toMatchObject({ customer: null, answeredAtMs: null, end: { code: 'unknown-number', fault: 'caller' } });
    expect(texts).toEqual(['no plan has +441632960999']);
  });

  test('given hours, a switch, a caller test and a branch, when none of them speaks, then the call is not answered by them', async () => {
    const plan = planOf('open', {
      open: { kind: 'hours', hours: 'office', on: { open: 'who' }, fallback: 'sorry' },
      who: { kind: 'caller', cases: [{ withheld: true, to: 'bye' }], on: {}, fallback: 'sorry' },
      bye: { kind: 'end', how: 'busy' },
    }, { hours: { office: { week: { tue: ['09:00-17:30'] } } } });
    const { record, texts } = await serve(plan, (world) => world.callIn({ from: '<sip:anonymous@anonymous.invalid>', privacy: 'id' }));
    expect(record.answeredAtMs).toBeNull();
    expect(record.caller.number.kind).toBe('withheld');
    expect(texts).toEqual(['open until 17:30', 'withheld number', 'busy tone']);
  });

  test('given a caller who hangs up while it rings, then the record has no answer and every ringing leg ended', async () => {
    const { world, record, texts } = await serve(planOf('sales', { sales: { kind: 'ring', targets: [{ group: 'sales' }], ringMs: 20_000, fallback: 'sorry' } }), (given) => {
      const channel = given.callIn();
      given.clock.worldAfter(4_000, () => given.telephony.hangUp(channel));
      return channel;
    });
    expect(record).toMatchObject({ answeredAtMs: null, end: { by: 'caller', code: 'hung-up' } });
    expect(record.legs.map((leg) => leg.result)).toEqual(['caller-left', 'caller-left', 'caller-left']);
    expect([...world.telephony.farEndings.values()]).toEqual([487, 487, 487]);
    expect(texts).toEqual(['caller ended the call here']);
  });
});
