// Attempts for the tests of compliance: everything in order, so that a test spoils exactly what it is about.
import type { CliAttempt, Evidence, ReturnProof } from '../../../src/compliance/attempt.ts';
import type { E164 } from '../../../src/numbering/e164.ts';
import type { RegisteredNumber } from '../../../src/routing/outbound.ts';
import { e164 } from '../numbering/arbitraries.ts';

export const MAIN = e164('+441632960018');
export const PLAN = 'hash-41';
/** Sunday, 22 Nov 2026, midday in London. */
export const NOON_MS = Date.UTC(2026, 10, 22, 12);

export function aNumber(number: E164, more: Partial<RegisteredNumber> = {}): RegisteredNumber {
  return { number, label: 'Sales', capability: 'both', returnTo: null, heldSince: '2026-06-01', purposes: ['service', 'marketing'], site: null, emergencyAddress: null, provider: 'Example Telecom', ...more };
}

export function aPiece(number: E164, more: Partial<Evidence> = {}): Evidence {
  return { customer: 'acme', number, type: 'allocation', reference: 'order 1234', checkedBy: 'Priya', checkedOnMs: Date.UTC(2026, 0, 5), expiresOn: null, ...more };
}

export const PROVEN: ReturnProof = { planHash: PLAN, isReturnable: true, text: 'every path ends at a person or a greeting.' };

/** Allowed as it is. `more` may replace any part. */
export function anAttempt(more: Partial<CliAttempt> = {}): CliAttempt {
  const wanted = more.wanted ?? MAIN;
  return {
    nowMs: NOON_MS, customer: 'acme', timeZone: 'Europe/London', planHash: PLAN, extension: '201', site: 'leeds', purpose: 'service', wanted, source: 'extension', isWithheld: false, isTestMode: true,
    defaultCli: null, alsoShow: [],
    registered: (number) => (number === wanted ? aNumber(number) : null),
    evidence: (number) => (number === wanted ? [aPiece(number)] : []),
    proof: () => PROVEN,
    isOnDoNotOriginate: () => false,
    ...more,
  };
}
