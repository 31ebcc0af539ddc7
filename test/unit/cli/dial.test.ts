// genvoice dial, phones pin and numbers evidence against a server over the fake world: words and exit codes.
import { describe, expect, test } from 'vitest';
import type { CallEvent, PlaceCall } from '../../../src/http/deps.ts';
import { aLiveCall, fakeDeps, NOW_MS } from '../http/fake-deps.ts';
import type { FakeWorld } from '../http/fake-deps.ts';
import { genvoiceAt } from './run-cli.ts';

const ID = 'c1c000000000';
const about = { callId: ID, customer: 'bramley-finch' } as const;
const step = (outcome: string, text: string, atMs: number): CallEvent => ({ ...about, kind: 'call-step', atMs: NOW_MS + atMs, line: { atMs: NOW_MS + atMs, step: null, kind: 'call', outcome, text, next: null, tookFallback: false } });
const ended = (end: Extract<CallEvent, { kind: 'call-ended' }>['end']): CallEvent => ({ ...about, kind: 'call-ended', atMs: NOW_MS + 9_000, end });
const STARTED: CallEvent = { ...about, kind: 'call-started', atMs: NOW_MS, direction: 'internal', dialled: '+447700900123', caller: '201', isTest: false };

/** A world whose placed call does what `events` say. */
function world(events: readonly CallEvent[], asked: PlaceCall[] = []): FakeWorld {
  const deps: FakeWorld = fakeDeps({
    placeCall: async (request) => {
      asked.push(request);
      deps.live.push(aLiveCall(ID));
      for (const event of [STARTED, ...events]) deps.emit(event);
      return { kind: 'placed', callId: ID, isRepeat: false };
    },
  });
  return deps;
}
const DIAL = ['dial', '--as', '201', '--to', '07700900123'];

describe('genvoice dial', () => {
  const talked = [
    step('rings-own-phone', 'the phone of Priya (201) is rung first', 1), step('picked-up', 'Priya picked up', 2_000), step('leaves', '07700 900123, showing 01632 960018', 2_010),
    step('connected', '07700 900123 answered over Sim\u001b[31m', 5_000), ended({ by: 'callee', fault: 'none', code: 'hung-up', cause: 16 }),
  ];

  test('tells how the call goes on, and ends with 0 when it was answered', async () => {
    const asked: PlaceCall[] = [];
    const { exit, out, err } = await genvoiceAt(world(talked, asked), [...DIAL, '--cli', '01632 960018', '--purpose', 'service', '--auto-answer']);
    expect(out.split('\n')).toEqual([
      '14:03:22.418  the phone of Priya (201) is rung first', '14:03:24.417  Priya picked up', '14:03:24.427  07700 900123, showing 01632 960018', expect.stringMatching(/^14:03:27\.417 {2}07700 900123 answered over Sim/),
      `✓ Answered, and ended by callee. Trace: genvoice calls show ${ID}`, '',
    ]);
    expect(out).not.toContain('\u001b');
    expect(err).toContain(`Call ${ID}`);
    expect(exit).toBe(0);
    expect(asked).toMatchObject([{ customer: 'bramley-finch', extension: '201', to: '07700900123', cli: '+441632960018', purpose: 'service', isAutoAnswer: true, key: expect.stringMatching(/^[0-9a-f-]{36}$/) }]);
  });

  test.each<[string, CallEvent, number, RegExp]>([
    ['the own phone declines', ended({ by: 'caller', fault: 'none', code: 'own-phone-not-reached', cause: 21, detail: 'Priya: declined' }), 1, /✗ Not reached: Priya: declined\./],
    ['a rule refuses', ended({ by: 'us', fault: 'none', code: 'cli-returnable', cause: 21, detail: '01632 960018 is not proven returnable.' }), 1, /✗ Not reached: 01632 960018 is not proven returnable\. Trace/],
    ['nobody answers', ended({ by: 'callee', fault: 'none', code: 'no-answer', cause: 19 }), 1, /✗ Not reached: no answer\./],
    ['the server failed', ended({ by: 'us', fault: 'ours', code: 'unexpected-error', cause: 41 }), 3, /unexpected error/],
  ])('given that %s, then it says so', async (_, end, code, words) => {
    const { exit, out } = await genvoiceAt(world([end]), DIAL);
    expect(out).toMatch(words);
    expect(exit).toBe(code);
  });

  test('with --json there is one document', async () => {
    const { exit, out } = await genvoiceAt(world(talked), [...DIAL, '--json']);
    expect(JSON.parse(out)).toMatchObject({ callId: ID, isConnected: true, end: { code: 'hung-up' }, progress: [{ kind: 'call-started' }, { line: { outcome: 'rings-own-phone' } }, {}, {}, {}] });
    expect(exit).toBe(0);
  });

  test('Ctrl+C leaves the call alone and says how it ends', async () => {
    const interrupt = new AbortController();
    const { exit, err } = await genvoiceAt(world([step('rings-own-phone', 'the phone of Priya (201) is rung first', 1)]), DIAL, { interrupted: interrupt.signal, onOut: () => interrupt.abort() });
    expect(err).toMatch(/The call was left alone\.\nIt ends when the phone of 201 or the other side hangs up/);
    expect(exit).toBe(130);
  });

  test.each<[string, string[], number]>([
    ['no --as', ['dial', '--to', '07700900123'], 2], ['no --to', ['dial', '--as', '201'], 2], ['a CLI that is none', [...DIAL, '--cli', 'sales'], 2], ['an unknown extension', ['dial', '--as', '299', '--to', '07700900123'], 1],
  ])('%s', async (_, args, code) => {
    expect((await genvoiceAt(world([]), args)).exit).toBe(code);
  });

  test('a server that drains is exit 3 with its words', async () => {
    const { exit, err } = await genvoiceAt(fakeDeps({ placeCall: async () => ({ kind: 'not-now', code: 'draining', message: 'The server is about to end.', retryAfterS: 30 }) }), DIAL);
    expect([exit, err.includes('about to end')]).toEqual([3, true]);
  });
});

describe('genvoice numbers evidence', () => {
  const withPlan = (): FakeWorld => {
    const deps = fakeDeps();
    const row = { customer: 'bramley-finch', name: 'B', version: 1, hash: 'h', publishedAt: '2026-11-23T09:00:00.000Z', publishedBy: 'file', numbers: 1, steps: 1, timeZone: 'Europe/London', problems: [] };
    return { ...deps, plans: { ...deps.plans, list: async () => [row] } };
  };
  const ADD = ['numbers', 'evidence', 'add', '01632 960018', '--type', 'allocation', '--reference', 'order 1234', '--checked-by', 'Priya'];

  test('is added, shown and withdrawn', async () => {
    const deps = withPlan();
    const added = await genvoiceAt(deps, [...ADD, '--expires', '2027-03-31']);
    expect([added.exit, added.out]).toEqual([0, '✓ Evidence 00000000000000a1 for 01632 960018 counts from the next call, until 2027-03-31.\n']);
    expect(await deps.evidence.list('bramley-finch', '+441632960018' as never)).toMatchObject([{ type: 'allocation', reference: 'order 1234', checkedBy: 'Priya', checkedOnMs: NOW_MS + 60_000, expiresOn: '2027-03-31' }]);
    const withdrawn = await genvoiceAt(deps, ['numbers', 'evidence', 'withdraw', '01632960018', '00000000000000a1', '--by', 'Tom', '--reason', 'given back']);
    expect([withdrawn.exit, withdrawn.out]).toEqual([0, '✓ Evidence 00000000000000a1 for 01632 960018 is withdrawn. It stays on record.\n']);
  });

  test.each<[string, string[], number]>([
    ['no type', ['numbers', 'evidence', 'add', '01632960018', '--reference', 'x', '--checked-by', 'y'], 2],
    ['a type that is none', [...ADD.slice(0, 5), 'hearsay', ...ADD.slice(6)], 2],
    ['a number of nobody', [...ADD.slice(0, 3), '01632960077', ...ADD.slice(4)], 1],
    ['no reason', ['numbers', 'evidence', 'withdraw', '01632960018', '00000000000000a1', '--by', 'Tom'], 2],
    ['an id that is not there', ['numbers', 'evidence', 'withdraw', '01632960018', 'ffffffffffffffff', '--by', 'Tom', '--reason', 'x'], 1],
    ['a day that does not exist', [...ADD, '--expires', '2027-02-30'], 1],
  ])('%s', async (_, args, code) => {
    expect((await genvoiceAt(withPlan(), args)).exit).toBe(code);
  });
});
