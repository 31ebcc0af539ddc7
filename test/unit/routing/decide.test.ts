import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/routing/decide.ts';
import { traceText } from '../../../src/routing/describe.ts';
import { evaluate, isPureStep, switchPosition } from '../../../src/routing/evaluate.ts';
import type { Facts } from '../../../src/routing/facts.ts';
import { OUTCOMES } from '../../../src/routing/outcomes.ts';
import { deepFreeze } from '../../../src/routing/freeze.ts';
import type { CallerNumber } from '../../../src/numbering/caller.ts';
import type { E164 } from '../../../src/numbering/e164.ts';
import type { Outcome, Step } from '../../../src/routing/plan.ts';
import { compileFile } from './read-plan.ts';

const plan = compileFile('test/plans/good/every-kind.json');
const small = compileFile('test/plans/good/small.json');
const step = (id: string): Step => {
  const found = plan.steps.get(id);
  if (!found) throw new Error(`no step ${id}`);
  return found;
};
const NONE = { values: new Map<string, string>(), secrets: new Set<string>() };
const facts = (part: Partial<Facts>): Facts => ({ nowMs: Date.parse('2026-11-23T10:00Z'), caller: { number: { kind: 'none' } }, switches: new Map(), variables: NONE, ...part });
const caller = (number: CallerNumber): Partial<Facts> => ({ caller: { number } });
const e164 = (text: string): CallerNumber => ({ kind: 'e164', e164: text as E164 });

function judge(id: string, part: Partial<Facts> = {}): { outcome: Outcome; text: string; to: string } {
  const at = step(id);
  if (!isPureStep(at)) throw new Error(`${id} is not pure`);
  const outcome = evaluate(plan, at, facts(part));
  const next = decide(plan, at, outcome);
  return { outcome, text: traceText(plan, at, outcome, facts(part)), to: next.kind === 'go' ? next.to : next.how };
}

describe('decide', () => {
  test.each<[string, Outcome, object]>([
    ['menu', { name: 'choice', digits: '1' }, { kind: 'go', to: 'sales', tookFallback: false }],
    ['menu', { name: 'choice', digits: '9' }, { kind: 'go', to: 'sales', tookFallback: true }],
    ['menu', { name: 'extension', digits: '201', to: '@201' }, { kind: 'go', to: '@201', tookFallback: false }],
    ['menu', { name: 'extension', digits: '299', to: '@299' }, { kind: 'go', to: 'sales', tookFallback: true }],
    ['menu', { name: 'no-input' }, { kind: 'go', to: 'sales', tookFallback: false }],
    ['menu', { name: 'constructor' }, { kind: 'go', to: 'sales', tookFallback: true }],
    ['menu', { name: 'fault', digits: '1' }, { kind: 'go', to: 'sales', tookFallback: true }],
    ['sales', { name: 'busy' }, { kind: 'go', to: 'voicemail', tookFallback: true }],
    ['sales', { name: 'answered' }, { kind: 'end', how: 'answered' }],
    ['sales', { name: 'transferred', to: '@202' }, { kind: 'go', to: '@202', tookFallback: false }],
    ['voicemail', { name: 'recorded' }, { kind: 'end', how: 'goodbye' }],
    ['voicemail', { name: 'mailbox-full' }, { kind: 'go', to: 'bye', tookFallback: true }],
    ['busy', { name: 'ended' }, { kind: 'end', how: 'busy' }],
    ['bye', { name: 'fault' }, { kind: 'end', how: 'hang-up' }],
    ['jump', { name: 'goto', to: 'opening' }, { kind: 'go', to: 'opening', tookFallback: false }],
    ['opening', { name: 'holiday' }, { kind: 'go', to: 'voicemail', tookFallback: false }],
    ['club', { name: 'holiday' }, { kind: 'go', to: 'voicemail', tookFallback: false }],
  ])('%s %j', (id, outcome, expected) => expect(decide(plan, step(id), outcome)).toEqual(expected));

  test('every outcome of every kind leads to a step of the plan or to an end', () => {
    for (const at of plan.steps.values()) {
      for (const name of [...OUTCOMES[at.kind], 'fault', 'unheard-of']) {
        const next = decide(plan, at, { name });
        expect(next.kind === 'end' || plan.steps.has(next.to), `${at.id} ${name}`).toBe(true);
      }
    }
  });
});

describe('evaluate', () => {
  test.each<[CallerNumber, string, string]>([
    [e164('+447700900123'), 'sales', 'on the list "vip"'],
    [e164('+442079460018'), 'sales', 'on the list "vip"'],
    [e164('+33123456789'), 'sales', 'number begins with +33'],
    [e164('+4930123456'), 'sales', 'number from DE'],
    [e164('+441632960077'), 'opening', 'fits no case'],
    [{ kind: 'withheld' }, 'ask', 'withheld number'],
    [{ kind: 'none' }, 'ask', 'no number sent'],
    [{ kind: 'other', text: '+447700900123' }, 'opening', 'fits no case'],
    [{ kind: 'extension', number: '201' }, 'opening', 'fits no case'],
  ])('caller %j goes to %s: %s', (number, to, text) => expect(judge('who', caller(number))).toMatchObject({ to, text }));

  test.each([
    ['gold', 'read', 'tier is gold'], ['grey', 'read', 'tier begins with g'], ['b', 'sales', 'tier is one of 2'],
    ['100', 'busy', 'tier is at least 100'], ['1e9', 'busy', 'tier is at least 100'], ['99', 'sales', 'fits no case, tier fits no case'],
    ['', 'sales', 'fits no case, tier fits no case'], ['NaN', 'sales', 'fits no case, tier fits no case'],
  ])('branch on %j goes to %s', (value, to, text) => {
    const variables = { values: new Map([['tier', value]]), secrets: new Set<string>() };
    const { to: went, text: said } = judge('by-tier', { variables });
    expect([went, said]).toEqual([to, text.startsWith('fits') ? expect.stringContaining('fits no case') : text]);
  });

  test('a branch on a variable without a value', () => expect(judge('by-tier')).toMatchObject({ to: 'sales', outcome: { name: 'otherwise' } }));

  test('a secret value is in no sentence', () => {
    const variables = { values: new Map([['tier', 'gold']]), secrets: new Set(['tier']) };
    expect(judge('by-tier', { variables }).text).toBe('tier fits');
    expect(traceText(plan, step('sales'), { name: 'busy', detail: 'gold gold' }, facts({ variables }))).not.toContain('gold');
  });

  test('switches: first position until one is set; a position that is gone counts as none', () => {
    expect(judge('sw')).toMatchObject({ to: 'who', text: 'Night switch: off' });
    expect(judge('sw', { switches: new Map([['night', 'on']]) })).toMatchObject({ to: 'club', text: 'Night switch: on' });
    expect(judge('sw', { switches: new Map([['night', 'lunch']]) })).toMatchObject({ to: 'who' });
    expect(switchPosition([], undefined)).toBe('');
  });
  test('hours and goto', () => {
    expect(judge('opening')).toMatchObject({ to: 'menu', text: 'open until 17:30' });
    expect(judge('opening', { nowMs: Date.parse('2026-12-25T09:00Z') })).toMatchObject({ to: 'voicemail', text: 'closed, Christmas Day, bank holiday in Scotland' });
    expect(judge('jump')).toMatchObject({ to: 'opening', text: 'goes on at opening' });
  });
});

describe('trace sentences', () => {
  test.each<[string, Outcome, string]>([
    ['menu', { name: 'choice', digits: '1' }, 'key 1'],
    ['menu', { name: 'no-input', detail: 'offered 3 times' }, 'nothing pressed, offered 3 times'],
    ['menu', { name: 'no-match', detail: 'offered 1 time' }, 'no such choice, offered 1 time'],
    ['menu', { name: 'extension', digits: '201', to: '@201' }, 'extension 201, Priya Shah'],
    ['read', { name: 'done' }, 'played'],
    ['read', { name: 'fault', detail: 'welcome.wav is missing' }, 'failed: welcome.wav is missing'],
    ['ask', { name: 'collected', detail: '4 digits' }, 'collected, 4 digits'],
    ['crm', { name: 'failed', detail: 'no answer within 2,500 ms' }, 'failed, no answer within 2,500 ms'],
    ['crm', { name: 'not-found' }, 'not found'],
    ['sales', { name: 'no-answer', detail: 'Priya Shah: no answer' }, 'no answer, Priya Shah: no answer'],
    ['sales', { name: 'answered', detail: 'Priya Shah answered' }, 'Priya Shah answered'],
    ['voicemail', { name: 'recorded', detail: '12 s for Office' }, 'message left, 12 s for Office'],
    ['voicemail', { name: 'mailbox-full' }, 'mailbox full'],
    ['busy', { name: 'ended' }, 'busy tone'],
    ['bye', { name: 'ended' }, 'plays a message and hangs up'],
  ])('%s %j: %s', (id, outcome, text) => expect(traceText(plan, step(id), outcome)).toBe(text));
});

describe('the compiled plan', () => {
  test('cannot be changed, its maps included, and freezes again after a worker', () => {
    const clone = structuredClone(small);
    for (const frozen of [small, deepFreeze(clone)]) {
      expect(() => (frozen.steps as Map<string, Step>).set('x', step('bye'))).toThrow(TypeError);
      expect(() => (frozen.prompts as Map<string, unknown>).clear()).toThrow(TypeError);
      expect(Object.isFrozen(frozen.steps.get('menu'))).toBe(true);
      expect(Object.isFrozen(frozen.hours.get('office')?.week)).toBe(true);
    }
    expect(clone).toEqual(small);
  });
  test('has a step for each extension, with voicemail or a word at its end', () => {
    expect(small.steps.get('@201')).toMatchObject({ kind: 'ring', ringMs: 20_000, on: { busy: '@201-voicemail' }, fallback: '@201-voicemail' });
    expect(small.steps.get('@201-voicemail')).toMatchObject({ kind: 'voicemail', mailbox: 'office', greeting: [{ kind: 'prompt', name: 'welcome' }] });
    expect(small.steps.get('@202')).toMatchObject({ fallback: '@nobody-available' });
    expect(small.steps.get('@nobody-available')).toMatchObject({ kind: 'end', say: [{ kind: 'phrase', id: 'nobody-available' }] });
  });
  test('fills in what was left out', () => {
    expect(small.steps.get('menu')).toMatchObject({ firstDigitMs: 5000, interDigitMs: 2500, overallMs: 30_000, retries: 2, bargeIn: true, typeAhead: true, dialExtension: false });
    expect(small.switches.get('night')).toMatchObject({ positions: ['off', 'on'], featureCode: '*21' });
    expect(small.limits).toEqual({ maxCalls: 100, maxCallsPerCaller: 20, maxCallMs: 14_400_000 });
    expect(small.steps.get('voicemail')).toMatchObject({ maxMessageMs: 120_000, silenceEndMs: 5000 });
  });
});
