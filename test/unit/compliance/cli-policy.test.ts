// The verdict table: numbers x evidence x purposes x times. Each row of each table says by hand which rules it breaks; a
// combination must be denied by exactly the rules that its four rows break, and allowed when they break none.
import { describe, expect, test } from 'vitest';
import type { CliAttempt, Evidence, ReturnProof } from '../../../src/compliance/attempt.ts';
import { judge } from '../../../src/compliance/cli-policy.ts';
import type { E164 } from '../../../src/numbering/e164.ts';
import type { Purpose, RegisteredNumber } from '../../../src/routing/outbound.ts';
import { e164 } from '../numbering/arbitraries.ts';
import { aNumber, anAttempt, aPiece, MAIN, PLAN, PROVEN } from './attempt.ts';

const ORDER = [
  'cli-format', 'cli-foreign', 'cli-test-number', 'cli-class', 'cli-registered', 'cli-held', 'cli-evidence', 'cli-direction', 'cli-do-not-originate', 'cli-purpose', 'cli-withheld', 'cli-site',
  'cli-returnable',
];
const ALL_PURPOSES: readonly Purpose[] = ['service', 'marketing', 'claims', 'pensions', 'emergency'];
const OTHER = e164('+441632960019');
const LOOP = e164('+441632960020');

interface NumberCase {
  readonly name: string;
  readonly number: E164;
  /** null = not in the registry. */
  readonly registry?: Partial<RegisteredNumber> | null;
  readonly attempt?: Partial<CliAttempt>;
  readonly proofOf?: (number: E164) => ReturnProof | null;
  readonly breaks: readonly string[];
}
const UNREGISTERED = ['cli-registered', 'cli-held', 'cli-direction', 'cli-purpose', 'cli-site', 'cli-returnable'];
const NUMBERS: readonly NumberCase[] = [
  { name: 'geographic', number: MAIN, breaks: [] },
  { name: 'geographic of 01x1', number: e164('+441214960018'), breaks: [] },
  { name: 'London', number: e164('+442079460018'), breaks: [] },
  { name: 'Northern Ireland, older range', number: e164('+442890180018'), breaks: [] },
  { name: 'mobile', number: e164('+447700900123'), breaks: [] },
  { name: 'freephone', number: e164('+448081570123'), breaks: [] },
  { name: 'UK-wide', number: e164('+443069990123'), breaks: [] },
  { name: 'drama number outside test mode', number: MAIN, attempt: { isTestMode: false }, breaks: ['cli-test-number'] },
  { name: 'premium', number: e164('+449098790123'), breaks: ['cli-class'] },
  { name: 'premium, listed all the same', number: e164('+449098790123'), attempt: { alsoShow: [e164('+449098790123')] }, breaks: ['cli-class'] },
  { name: '084', number: e164('+448441234567'), breaks: ['cli-class'] },
  { name: '084, listed', number: e164('+448441234567'), attempt: { alsoShow: [e164('+448441234567')], isTestMode: false }, breaks: [] },
  { name: '087', number: e164('+448711234567'), breaks: ['cli-class'] },
  { name: '087, listed', number: e164('+448711234567'), attempt: { alsoShow: [e164('+448711234567')] }, breaks: [] },
  { name: '070', number: e164('+447012345678'), breaks: ['cli-class'] },
  { name: '070, listed', number: e164('+447012345678'), attempt: { alsoShow: [e164('+447012345678')] }, breaks: [] },
  { name: 'pager, listed', number: e164('+447612345678'), attempt: { alsoShow: [e164('+447612345678')] }, breaks: ['cli-class'] },
  { name: 'not in public use', number: e164('+446012345678'), breaks: ['cli-class'] },
  { name: 'not in public use, listed', number: e164('+446012345678'), attempt: { alsoShow: [e164('+446012345678')] }, breaks: ['cli-class'] },
  { name: 'too short for a number to show', number: e164('+448001111'), breaks: ['cli-format'] },
  { name: 'a digit too many', number: e164('+4416329600181'), breaks: ['cli-format', 'cli-class'] },
  { name: 'foreign', number: e164('+33123456789'), breaks: ['cli-foreign', 'cli-class'] },
  { name: 'foreign, listed', number: e164('+33123456789'), attempt: { alsoShow: [e164('+33123456789')] }, breaks: [] },
  { name: 'foreign, too short to be one, listed', number: e164('+3300000'), attempt: { alsoShow: [e164('+3300000')] }, breaks: ['cli-foreign'] },
  { name: 'of no country, listed', number: e164('+881612345678'), attempt: { alsoShow: [e164('+881612345678')] }, breaks: ['cli-foreign'] },
  { name: 'not registered', number: MAIN, registry: null, breaks: UNREGISTERED },
  { name: 'held since nobody knows when', number: MAIN, registry: { heldSince: null }, breaks: ['cli-held'] },
  { name: 'held since no date', number: MAIN, registry: { heldSince: '01/06/2020' }, breaks: ['cli-held'] },
  { name: 'inbound only', number: MAIN, registry: { capability: 'inbound-only' }, breaks: ['cli-direction'] },
  { name: 'outbound only', number: MAIN, registry: { capability: 'outbound-only', returnTo: OTHER }, breaks: [] },
  { name: 'outbound only, no return', number: MAIN, registry: { capability: 'outbound-only' }, breaks: ['cli-direction', 'cli-returnable'] },
  { name: 'outbound only, returning to itself', number: MAIN, registry: { capability: 'outbound-only', returnTo: MAIN }, breaks: ['cli-direction'] },
  { name: 'outbound only, returning to another such', number: MAIN, registry: { capability: 'outbound-only', returnTo: LOOP }, breaks: ['cli-direction'] },
  { name: 'outbound only, return not proven', number: MAIN, registry: { capability: 'outbound-only', returnTo: OTHER }, proofOf: (number) => (number === OTHER ? null : PROVEN), breaks: ['cli-returnable'] },
  { name: 'on the do-not-originate list', number: MAIN, attempt: { isOnDoNotOriginate: (number) => number === MAIN }, breaks: ['cli-do-not-originate'] },
  { name: 'of the site', number: MAIN, registry: { site: 'leeds' }, breaks: [] },
  { name: 'of another site', number: MAIN, registry: { site: 'york' }, breaks: ['cli-site'] },
  { name: 'of another site, phone of none', number: MAIN, registry: { site: 'york' }, attempt: { site: null }, breaks: ['cli-site'] },
  { name: "of another site, the customer's default", number: MAIN, registry: { site: 'york' }, attempt: { defaultCli: MAIN }, breaks: [] },
  { name: 'of another site, another default', number: MAIN, registry: { site: 'york' }, attempt: { defaultCli: OTHER }, breaks: ['cli-site'] },
  { name: 'never proven', number: MAIN, proofOf: () => null, breaks: ['cli-returnable'] },
  { name: 'proven on an older plan', number: MAIN, proofOf: () => ({ ...PROVEN, planHash: 'hash-40' }), breaks: ['cli-returnable'] },
  { name: 'shown not to be returnable', number: MAIN, proofOf: () => ({ planHash: PLAN, isReturnable: false, text: 'Sundays end in congestion at "Sales".' }), breaks: ['cli-returnable'] },
  { name: 'everything at once', number: e164('+449098790123'), registry: { capability: 'inbound-only', heldSince: null, site: 'york' }, proofOf: () => null, attempt: { isTestMode: false, isOnDoNotOriginate: () => true },
    breaks: ['cli-test-number', 'cli-class', 'cli-held', 'cli-direction', 'cli-do-not-originate', 'cli-site', 'cli-returnable'] },
];

/** Local days: 31 May, 1 June (23:30 in UTC is half past midnight in London), 22 Nov. Numbers are held since 1 June. */
const TIMES = [
  { name: 'the evening before the number is held', nowMs: Date.UTC(2026, 4, 31, 20), breaks: ['cli-held'] },
  { name: 'half past midnight of the first day', nowMs: Date.UTC(2026, 4, 31, 23, 30), breaks: [] },
  { name: 'months later', nowMs: Date.UTC(2026, 10, 22, 12), breaks: [] },
] as const;

/** `stands`: for each time, whether the evidence counts. */
const EVIDENCE: readonly { readonly name: string; readonly pieces: (number: E164) => readonly Evidence[]; readonly stands: readonly [boolean, boolean, boolean] }[] = [
  { name: 'none', pieces: () => [], stands: [false, false, false] },
  { name: 'without an end', pieces: (number) => [aPiece(number)], stands: [true, true, true] },
  { name: 'until 31 May', pieces: (number) => [aPiece(number, { expiresOn: '2026-05-31' })], stands: [true, false, false] },
  { name: 'until 1 June', pieces: (number) => [aPiece(number, { expiresOn: '2026-06-01' })], stands: [true, true, false] },
  { name: 'until 22 Nov', pieces: (number) => [aPiece(number, { expiresOn: '2026-11-22' })], stands: [true, true, true] },
  { name: 'one that ended and one that stands', pieces: (number) => [aPiece(number, { expiresOn: '2020-01-01' }), aPiece(number, { type: 'supplier-letter' })], stands: [true, true, true] },
  { name: 'checked on 1 July', pieces: (number) => [aPiece(number, { checkedOnMs: Date.UTC(2026, 6, 1) })], stands: [false, false, true] },
  { name: "another customer's", pieces: (number) => [aPiece(number, { customer: 'bolt' })], stands: [false, false, false] },
  { name: "another number's", pieces: () => [aPiece(e164('+441632960099'))], stands: [false, false, false] },
  { name: 'with an end that is no date', pieces: (number) => [aPiece(number, { expiresOn: 'never' })], stands: [false, false, false] },
];

const PURPOSES: readonly { readonly name: string; readonly purpose: Purpose; readonly isWithheld: boolean; readonly may: readonly Purpose[]; readonly breaks: readonly string[] }[] = [
  { name: 'service', purpose: 'service', isWithheld: false, may: ['service'], breaks: [] },
  { name: 'service, withheld', purpose: 'service', isWithheld: true, may: ['service'], breaks: [] },
  { name: 'marketing', purpose: 'marketing', isWithheld: false, may: ALL_PURPOSES, breaks: [] },
  { name: 'marketing, withheld', purpose: 'marketing', isWithheld: true, may: ALL_PURPOSES, breaks: ['cli-withheld'] },
  { name: 'marketing with a service number', purpose: 'marketing', isWithheld: false, may: ['service'], breaks: ['cli-purpose'] },
  { name: 'claims, withheld', purpose: 'claims', isWithheld: true, may: ['claims'], breaks: ['cli-withheld'] },
  { name: 'pensions with a claims number, withheld', purpose: 'pensions', isWithheld: true, may: ['claims'], breaks: ['cli-purpose', 'cli-withheld'] },
  { name: 'emergency, claimed for another call', purpose: 'emergency', isWithheld: false, may: ALL_PURPOSES, breaks: ['cli-purpose'] },
];

function attemptOf(one: NumberCase, evidence: (typeof EVIDENCE)[number], purpose: (typeof PURPOSES)[number], nowMs: number): CliAttempt {
  const own = one.registry === null ? null : aNumber(one.number, { purposes: purpose.may, ...one.registry });
  return anAttempt({
    wanted: one.number, nowMs, purpose: purpose.purpose, isWithheld: purpose.isWithheld,
    registered: (number) => {
      if (number === one.number) return own;
      if (number === OTHER) return aNumber(OTHER);
      return number === LOOP ? aNumber(LOOP, { capability: 'outbound-only', returnTo: one.number }) : null;
    },
    evidence: evidence.pieces, ...(one.proofOf === undefined ? {} : { proof: one.proofOf }), ...one.attempt,
  });
}

let rows = 0;
describe('numbers x evidence x purposes x times', () => {
  test.each(NUMBERS)('$name', (one) => {
    for (const evidence of EVIDENCE) {
      for (const purpose of PURPOSES) {
        TIMES.forEach((time, place) => {
          rows += 1;
          const broken = new Set([...one.breaks, ...purpose.breaks, ...(one.registry === null ? [] : time.breaks), ...(evidence.stands[place] === true ? [] : ['cli-evidence'])]);
          const verdict = judge(attemptOf(one, evidence, purpose, time.nowMs));
          const row = `${one.name} / evidence ${evidence.name} / ${purpose.name} / ${time.name}`;
          const denied = verdict.reasons.filter(({ outcome }) => outcome === 'deny').map(({ rule }) => rule);
          expect(denied, row).toEqual(ORDER.filter((rule) => broken.has(rule)));
          expect(verdict.allow, row).toBe(broken.size === 0);
          expect(verdict.allow ? null : verdict.rule, row).toBe(denied[0] ?? null);
        });
      }
    }
  });

  test('the table has its 300 rows and many more', () => {
    expect(rows).toBe(NUMBERS.length * EVIDENCE.length * PURPOSES.length * TIMES.length);
    expect(rows).toBeGreaterThan(10_000);
  });
});

describe('a verdict', () => {
  test('given everything in order, then it shows the number, says where the wish came from, and has a reason for every rule', () => {
    const verdict = judge(anAttempt({ source: 'site', isWithheld: true }));
    expect(verdict).toMatchObject({ allow: true, presentation: MAIN, source: 'site', purpose: 'service', isWithheld: true, network: null });
    expect(verdict.reasons.map(({ rule }) => rule)).toEqual(ORDER);
    for (const { version, outcome, text } of verdict.reasons) expect([/^\d{4}-\d\d-\d\d$/.test(version), outcome, /[.?!]$/.test(text)]).toEqual([true, 'allow', true]);
  });

  test('given a number that is not returnable, then the words say which number and why', () => {
    const verdict = judge(anAttempt({ proof: () => ({ planHash: PLAN, isReturnable: false, text: 'Sundays end in congestion at "Sales".' }) }));
    expect(verdict.reasons.at(-1)?.text).toBe('01632 960018 is not proven returnable. Sundays end in congestion at "Sales". Mend the route or choose another number.');
  });

  test('given evidence that ended, then the words say when', () => {
    const verdict = judge(anAttempt({ evidence: (number) => [aPiece(number, { expiresOn: '2026-11-21' })] }));
    expect(verdict.reasons.find(({ rule }) => rule === 'cli-evidence')?.text).toBe('The evidence for 01632 960018 ended on Sat 21 Nov 2026. Renew it.');
  });

  test.each([
    ['registered', 'cli-registered'], ['evidence', 'cli-evidence'], ['proof', 'cli-returnable'], ['isOnDoNotOriginate', 'cli-do-not-originate'],
  ] as const)('given a look-up "%s" that throws, then %s denies and is named', (lookup, rule) => {
    const verdict = judge(anAttempt({ [lookup]: () => { throw new Error('the store is gone'); } }));
    expect(verdict).toMatchObject({ allow: false });
    const said = verdict.reasons.find((reason) => reason.rule === rule);
    expect(said).toMatchObject({ outcome: 'deny' });
    expect(said?.text).toContain(`${rule} could not be worked out (the store is gone)`);
  });

  test('given a rule that throws or answers with nothing, then it is denied by that rule alone', () => {
    const good = { id: 'good', effectiveFrom: '2026-01-01', source: 'test', check: () => ({ isAllowed: true, text: 'Yes.' }) };
    const broken = { ...good, id: 'broken', check: () => { throw new TypeError('no such table'); } };
    const empty = { ...good, id: 'empty', check: () => undefined as never };
    expect(judge(anAttempt(), [good, broken, empty])).toMatchObject({ allow: false, rule: 'broken', reasons: [{ outcome: 'allow' }, { outcome: 'deny' }, { outcome: 'deny' }] });
    expect(judge(anAttempt(), [])).toMatchObject({ allow: false, rule: 'cli-rules' });
    expect(judge(anAttempt(), [good])).toMatchObject({ allow: true });
  });
});
