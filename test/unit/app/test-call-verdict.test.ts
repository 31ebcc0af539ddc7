// Whether a call ended where the plan says, for every way in which calls end.
import { expect, test } from 'vitest';
import { judge } from '../../../src/app/test-call-verdict.ts';
import type { CallEnd, CallRecord, LegRecord, TraceLine } from '../../../src/ports/records.ts';
import { explain, type Explanation, type Question } from '../../../src/routing/explain.ts';
import { demoPlan } from './demo-plans.ts';

const plan = demoPlan('bramley-finch');
const TUESDAY_TEN_MS = Date.UTC(2026, 10, 24, 10);
const SUNDAY_MS = Date.UTC(2026, 10, 22, 10);
const predicted = (question: Partial<Question>): Explanation => explain(plan, { to: '+441632960018', atMs: TUESDAY_TEN_MS, ...question });

const line = (step: string | null, kind: TraceLine['kind'], outcome: string): TraceLine => ({ atMs: 0, step, kind, outcome, text: '', next: null, tookFallback: false });
const leg = (name: string, result: string): LegRecord => ({
  channel: 'leg', to: '201', name, isTestPhone: true, placedAtMs: 0, ringingAtMs: 0, answeredAtMs: null, endedAtMs: 0, result, cause: 16, techCause: null,
});
const hungUp = (by: 'caller' | 'callee'): CallEnd => ({ by, fault: 'none', code: 'hung-up', cause: 16 });
const planEnd = (step: string, cause = 16): CallEnd => ({ by: 'us', fault: 'none', code: 'plan-end', cause, detail: step });
function record(end: CallEnd, trace: TraceLine[], legs: LegRecord[] = []): CallRecord {
  return {
    id: 'x', customer: 'bramley-finch', planVersion: 7, planHash: 'h', direction: 'inbound', isTest: true, dialled: '+441632960018', ddi: '+441632960018',
    caller: { number: { kind: 'none' } }, startedAtMs: 0, answeredAtMs: 1, endedAtMs: 2, end, trace, legs,
    sip: { endpoint: '', sourceAddress: '', transport: 'UDP', sipCallId: '' }, adoptions: 0,
  };
}

const priya = predicted({ to: '+441632960019' });
const priyaBusy = predicted({ to: '+441632960019', answers: { 201: 'busy' } });
const closedHours = predicted({ atMs: SUNDAY_MS, keys: ['2'] });

test('the predictions are those that the cases below need', () => {
  expect(priya.end).toMatchObject({ kind: 'answered', step: 'priya' });
  expect(priyaBusy.end).toMatchObject({ kind: 'goodbye', step: 'office-voicemail' });
  expect(closedHours.end).toMatchObject({ kind: 'hang-up', step: 'goodbye-with-number' });
});

test.each<[string, Explanation | null, CallRecord, boolean, string]>([
  ['somebody answered', priya, record(hungUp('callee'), [line('priya', 'ring', 'connected')], [leg('Priya Shah', 'answered')]), true, 'Priya Shah'],
  ['another phone of the same step answered', priya, record(hungUp('callee'), [line('priya', 'ring', 'connected')], [leg('Tom Evans', 'answered')]), true, 'Tom Evans'],
  ['somebody of another step answered', priya, record(hungUp('callee'), [line('tom', 'ring', 'connected')], [leg('Tom Evans', 'answered')]), false, 'Tom Evans'],
  ['the caller left while it rang', priya, record(hungUp('caller'), [line('priya', 'ring', 'left')], [leg('Priya Shah', 'caller-left')]), false, 'Priya Shah'],
  ['busy, then a message that our side ended', priyaBusy, record(planEnd('office-voicemail'), [line('priya', 'ring', 'busy'), line(null, 'voicemail', 'message-kept'), line('office-voicemail', 'voicemail', 'recorded')], [leg('Priya Shah', 'busy')]), true, 'Office voicemail'],
  ['busy, then a message that the caller ended', priyaBusy, record(hungUp('caller'), [line('priya', 'ring', 'busy'), line('office-voicemail', 'voicemail', 'left'), line(null, 'voicemail', 'message-kept')]), true, 'Office voicemail'],
  ['the caller left during the greeting', priyaBusy, record(hungUp('caller'), [line('priya', 'ring', 'busy'), line('office-voicemail', 'voicemail', 'left')]), false, 'Office voicemail'],
  ['nothing was recorded and the goodbye was said', priyaBusy, record(planEnd('goodbye'), [line('office-voicemail', 'voicemail', 'nothing-recorded'), line('goodbye', 'end', 'ended')]), false, 'Goodbye'],
  ['closed, opening hours, goodbye', closedHours, record(planEnd('goodbye-with-number'), [line('opening-hours', 'play', 'done'), line('goodbye-with-number', 'end', 'ended')]), true, 'Goodbye, with our number'],
  ['busy tone in place of a hang-up', closedHours, record(planEnd('goodbye-with-number', 17), [line('goodbye-with-number', 'end', 'ended')]), false, 'Goodbye, with our number'],
  ['the caller left in the menu', closedHours, record(hungUp('caller'), [line('closed-menu', 'menu', 'left')]), false, 'Closed menu'],
  ['our side failed', priya, record({ by: 'us', fault: 'ours', code: 'failsafe', cause: 16 }, [line(null, 'call', 'failsafe')]), false, 'failsafe'],
  ['turned away', priya, record({ by: 'us', fault: 'ours', code: 'overload', cause: 42 }, []), false, 'overload'],
  ['a code did its work', null, record({ by: 'us', fault: 'none', code: 'feature-done', cause: 16, detail: 'voicemail' }, []), true, 'the end of +441632960018 (voicemail)'],
  ['a code did not', null, record({ by: 'us', fault: 'none', code: 'wrong-pin', cause: 21 }, []), false, 'wrong pin'],
])('%s', (_, expected, found, isAsPlanned, endedAt) => {
  expect(judge(plan, found, expected)).toMatchObject({ isAsPlanned, endedAt });
});

test('says where the plan leads when the call went elsewhere', () => {
  expect(judge(plan, record(hungUp('caller'), []), priya).expectedAt).toBe('Priya Shah');
  expect(judge(plan, record(hungUp('caller'), []), closedHours).expectedAt).toBe('Goodbye, with our number');
});
