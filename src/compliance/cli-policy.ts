// May this number be shown on this call? Deny by default: every rule of cli-rules.ts must allow, and one that throws
// denies. Emergency calls are never judged, only given the best number there is. Read `judge` first.
import type { E164 } from '../numbering/e164.ts';
import { quickText } from '../numbering/uk-text.ts';
import type { RegisteredNumber, Site } from '../routing/outbound.ts';
import type { CliAttempt } from './attempt.ts';
import { CLI_RULES } from './cli-rules.ts';
import type { CliRule } from './cli-rules.ts';
import { allowed } from './verdict.ts';
import type { AllowedVerdict, Reason, Verdict } from './verdict.ts';

/**
 * Allowed only when every rule allows. The reasons hold one line for each rule, in the rules' order; a denial collects
 * all rules that deny, and `rule` is the first of them. Never throws. RULES F7.
 */
export function judge(attempt: CliAttempt, rules: readonly CliRule[] = CLI_RULES): Verdict {
  let denied: string | null = null;
  const reasons: Reason[] = [];
  for (const rule of rules) {
    const reason = ask(rule, attempt);
    reasons.push(reason);
    if (reason.outcome !== 'allow') denied ??= rule.id;
  }
  if (rules.length === 0) {
    denied = 'cli-rules';
    reasons.push({ rule: denied, version: '', outcome: 'deny', text: 'There are no rules to judge by, so nothing may leave.' });
  }
  if (denied !== null) return { allow: false, rule: denied, reasons };
  const { purpose, wanted, source, isWithheld } = attempt;
  return allowed({ purpose, presentation: wanted, source, isWithheld, network: null, reasons });
}

function ask(rule: CliRule, attempt: CliAttempt): Reason {
  try {
    const answer = rule.check(attempt);
    const { isAllowed, text } = answer;
    // Anything but a plain yes is a no: a rule may be handed values that no type promised.
    return { rule: rule.id, version: rule.effectiveFrom, outcome: isAllowed === true ? 'allow' : 'deny', text };
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 120) : 'no reason given';
    return { rule: rule.id, version: rule.effectiveFrom, outcome: 'deny', text: `The rule ${rule.id} could not be worked out (${why}), so the call may not leave.` };
  }
}

/** What an emergency call chooses its number from. */
export interface EmergencyAttempt {
  readonly site: Pick<Site, 'name' | 'emergencyNumber'> | null;
  /** The customer's own, when the site has none. */
  readonly emergencyNumber: E164 | null;
  /** Every number of the customer, in the order of the plan. */
  readonly held: readonly Pick<RegisteredNumber, 'number' | 'emergencyAddress'>[];
}

const EMERGENCY_VERSION = '2026-11-22';

/**
 * Always allowed, never withheld: the site's emergency number, else the customer's, else one that is held (with an
 * address first), else none (the trunk's own). What is missing is a note for the people who can mend it. RULES B4, F8.
 */
export function emergencyVerdict({ site, emergencyNumber, held }: EmergencyAttempt): AllowedVerdict {
  const withAddress = held.find((one) => one.emergencyAddress !== null);
  const number = site?.emergencyNumber ?? emergencyNumber ?? (withAddress ?? held[0])?.number ?? null;
  const reasons: Reason[] = [];
  const note = (rule: string, text: string): void => void reasons.push({ rule, version: EMERGENCY_VERSION, outcome: 'note', text });
  if (site === null) note('emergency-site', 'The phone belongs to no site, so the place of the call is not known by it.');
  else if (site.emergencyNumber === null) note('emergency-site', `The site ${site.name} has no emergency number of its own.`);
  if (number === null) {
    note('emergency-number', 'The customer holds no number: the carrier shows its own, and the emergency services cannot look up the address.');
  } else {
    note('emergency-number', `${quickText(number)} is shown, ${whose(number, site, emergencyNumber)}. Emergency calls are never withheld and never refused.`);
    const address = held.find((one) => one.number === number)?.emergencyAddress ?? null;
    note('emergency-address', address === null ? `No address is stated for ${quickText(number)}: the emergency services cannot look it up.` : `Its address is ${address.text}, verified on ${address.verifiedOn}.`);
  }
  return allowed({ purpose: 'emergency', presentation: number, source: 'emergency', isWithheld: false, network: number, reasons });
}

function whose(number: E164, site: EmergencyAttempt['site'], customers: E164 | null): string {
  if (site?.emergencyNumber === number) return `the emergency number of the site ${site.name}`;
  return customers === number ? "the customer's emergency number" : 'the best number that the customer holds';
}
