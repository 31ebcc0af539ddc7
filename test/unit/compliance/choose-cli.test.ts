// Whose wish decides, and what becomes of it when it is denied.
import { describe, expect, test } from 'vitest';
import type { CliAttempt } from '../../../src/compliance/attempt.ts';
import { chooseCli, wantedCli } from '../../../src/compliance/choose-cli.ts';
import type { CliWishes } from '../../../src/compliance/choose-cli.ts';
import { emergencyVerdict } from '../../../src/compliance/cli-policy.ts';
import { CLI_SOURCES } from '../../../src/routing/outbound.ts';
import { e164 } from '../numbering/arbitraries.ts';
import { aNumber, anAttempt, aPiece } from './attempt.ts';

const ONE = e164('+441632960001');
const TWO = e164('+441632960002');
const THREE = e164('+441632960003');
const BAD = e164('+441632960066');
const NOTHING: CliWishes = { explicit: null, campaign: null, agent: null, extension: null, site: null, customer: null, choices: [], fallBackTo: null };
/** Every number is in order but BAD, which has no evidence. */
const facts: Omit<CliAttempt, 'wanted' | 'source'> = anAttempt({ registered: (number) => aNumber(number), evidence: (number) => (number === BAD ? [] : [aPiece(number)]) });

describe('whose wish', () => {
  test.each(CLI_SOURCES.map((source, place) => [source, place] as const))('given %s and everything after it, then it decides', (source, place) => {
    const wishes = { ...NOTHING, ...Object.fromEntries(CLI_SOURCES.slice(place).map((name) => [name, name === source ? ONE : TWO])), choices: [ONE] };
    expect(wantedCli(wishes)).toEqual({ wanted: ONE, source });
    expect(chooseCli(wishes, facts)).toMatchObject({ allow: true, presentation: ONE, source });
  });

  test('given none, then the call is refused and told what to set', () => {
    expect(chooseCli({ ...NOTHING, fallBackTo: ONE }, facts)).toMatchObject({ allow: false, rule: 'cli-none', reasons: [{ outcome: 'deny' }] });
  });
});

describe('a wish that is denied', () => {
  test('given a good one behind it, then the call is refused all the same', () => {
    expect(chooseCli({ ...NOTHING, extension: BAD, customer: ONE }, facts)).toMatchObject({ allow: false, rule: 'cli-evidence' });
  });

  test('given a number to fall back to, then that one is shown, with a note', () => {
    const verdict = chooseCli({ ...NOTHING, extension: BAD, customer: TWO, fallBackTo: ONE }, facts);
    expect(verdict).toMatchObject({ allow: true, presentation: ONE, source: 'fall-back' });
    expect(verdict.reasons[0]).toMatchObject({ rule: 'cli-fall-back', outcome: 'note' });
    expect(verdict.reasons[0]?.text).toMatch(/^01632 960001 is shown instead of 01632 960066, as the plan says\. There is no evidence/);
  });

  test('given a number to fall back to that is denied too, then it is refused by the first rule, and both are told', () => {
    const verdict = chooseCli({ ...NOTHING, extension: e164('+449098790123'), fallBackTo: BAD }, facts);
    expect(verdict).toMatchObject({ allow: false, rule: 'cli-class' });
    expect(verdict.reasons.filter(({ outcome }) => outcome === 'deny').map(({ rule }) => rule)).toEqual(['cli-class', 'cli-evidence']);
  });

  test('given itself to fall back to, then it is judged once', () => {
    const verdict = chooseCli({ ...NOTHING, extension: BAD, fallBackTo: BAD }, facts);
    expect(verdict.reasons.filter(({ rule }) => rule === 'cli-evidence')).toHaveLength(1);
  });
});

describe('a choice of the user', () => {
  test.each([
    { name: 'one that is offered', explicit: TWO, choices: [ONE, TWO], fallBackTo: null, expected: { allow: true, presentation: TWO, source: 'explicit' } },
    { name: 'one that is not offered', explicit: THREE, choices: [ONE, TWO], fallBackTo: null, expected: { allow: false, rule: 'cli-choice' } },
    { name: 'any where none is offered', explicit: ONE, choices: [], fallBackTo: null, expected: { allow: false, rule: 'cli-choice' } },
    { name: 'one that is offered and denied', explicit: BAD, choices: [BAD], fallBackTo: null, expected: { allow: false, rule: 'cli-evidence' } },
    { name: 'one that is not offered, with a number to fall back to', explicit: THREE, choices: [ONE], fallBackTo: ONE, expected: { allow: true, presentation: ONE, source: 'fall-back' } },
  ])('given $name', ({ explicit, choices, fallBackTo, expected }) => {
    expect(chooseCli({ ...NOTHING, explicit, customer: ONE, choices, fallBackTo }, facts)).toMatchObject(expected);
  });
});

describe('an emergency call', () => {
  const address = { text: '1 High Street, Leeds', verifiedOn: '2026-01-05' };
  const leeds = { name: 'Leeds', emergencyNumber: ONE };
  const bare = { name: 'York', emergencyNumber: null };
  const held = [{ number: BAD, emergencyAddress: null }, { number: THREE, emergencyAddress: address }, { number: ONE, emergencyAddress: address }];
  test.each([
    { name: "the site's number first", site: leeds, emergencyNumber: TWO, held, shown: ONE, notes: ['emergency-number', 'emergency-address'], says: 'the emergency number of the site Leeds' },
    { name: "else the customer's", site: bare, emergencyNumber: TWO, held, shown: TWO, notes: ['emergency-site', 'emergency-number', 'emergency-address'], says: 'No address is stated for 01632 960002' },
    { name: 'else one with an address', site: null, emergencyNumber: null, held, shown: THREE, notes: ['emergency-site', 'emergency-number', 'emergency-address'], says: '1 High Street, Leeds' },
    { name: 'else any', site: bare, emergencyNumber: null, held: held.slice(0, 1), shown: BAD, notes: ['emergency-site', 'emergency-number', 'emergency-address'], says: 'No address is stated' },
    { name: 'else none, and still it goes', site: null, emergencyNumber: null, held: [], shown: null, notes: ['emergency-site', 'emergency-number'], says: 'The customer holds no number' },
  ])('shows $name', ({ site, emergencyNumber, held: numbers, shown, notes, says }) => {
    const verdict = emergencyVerdict({ site, emergencyNumber, held: numbers });
    expect(verdict).toMatchObject({ allow: true, presentation: shown, network: shown, source: 'emergency', isWithheld: false });
    expect(verdict.reasons.map(({ rule }) => rule)).toEqual(notes);
    expect(verdict.reasons.every(({ outcome }) => outcome === 'note')).toBe(true);
    expect(verdict.reasons.map(({ text }) => text).join(' ')).toContain(says);
  });
});
