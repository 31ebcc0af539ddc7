// The rules for the number that a call shows, as data in a fixed order: id, since when, source, check. Each looks at one
// thing and says in a sentence what it found. A new rule is one more row. Read `CLI_RULES` first.
import { countryOf, isE164, parseE164 } from '../numbering/e164.ts';
import type { E164 } from '../numbering/e164.ts';
import { classOf, isDramaNumber } from '../numbering/ranges.ts';
import type { NumberClass } from '../numbering/ranges.ts';
import { quickText } from '../numbering/uk-text.ts';
import { dateText, dayOf, localTime } from '../routing/local-time.ts';
import type { Purpose } from '../routing/outbound.ts';
import type { CliAttempt, Evidence, EvidenceType } from './attempt.ts';

export interface CliAnswer {
  readonly isAllowed: boolean;
  /** A sentence for people; a denial says how to mend it. */
  readonly text: string;
}
export interface CliRule {
  /** kebab-case; the end code of a call that it stops. */
  readonly id: string;
  /** ISO date from which we apply the rule as it stands. */
  readonly effectiveFrom: string;
  readonly source: string;
  /** Pure. A throw counts as a denial. */
  readonly check: (attempt: CliAttempt) => CliAnswer;
}

const SINCE = '2026-11-22';
const yes = (text: string): CliAnswer => ({ isAllowed: true, text });
const no = (text: string): CliAnswer => ({ isAllowed: false, text });

/** Classes that may be shown: always, only where the plan lists the number, or never (RULES B2, C1). */
const MAY_SHOW: Readonly<Record<NumberClass, 'always' | 'listed' | 'never'>> = {
  geo: 'always',
  crown: 'always',
  ukwide: 'always',
  corporate: 'always',
  voip: 'always',
  mobile: 'always',
  'crown-mobile': 'always',
  free: 'always',
  service084: 'listed',
  service087: 'listed',
  personal: 'listed',
  international: 'listed',
  invalid: 'never',
  pager: 'never',
  premium: 'never',
  social: 'never',
  directory: 'never',
  emergency: 'never',
  short: 'never',
};
const CLASS_WORDS: Readonly<Record<NumberClass, string>> = {
  geo: 'a geographic number',
  crown: 'a number of the Channel Islands or the Isle of Man',
  ukwide: 'a UK-wide 03 number',
  corporate: 'an 055 number',
  voip: 'an 056 number',
  mobile: 'a mobile number',
  'crown-mobile': 'a mobile number of the Isle of Man',
  free: 'a freephone number',
  service084: 'an 084 number, which costs callers a service charge',
  service087: 'an 087 number, which costs callers a service charge',
  personal: 'a personal number (070)',
  international: 'a foreign number',
  invalid: 'in a range that is not in public use',
  pager: "a pager's number",
  premium: 'a premium number (09)',
  social: 'a help line code (116)',
  directory: 'a directory enquiries code (118)',
  emergency: 'an emergency code',
  short: 'a short code',
};

/** Purposes that may withhold the number: direct marketing may not, in any form (PECR regulation 21). */
const MAY_WITHHOLD: Readonly<Record<Purpose, boolean>> = {
  service: true,
  marketing: false,
  claims: false,
  pensions: false,
  emergency: false,
};
const EVIDENCE_WORDS: Readonly<Record<EvidenceType, string>> = {
  allocation: 'allocation',
  'port-in': 'port-in',
  'supplier-letter': "supplier's letter",
  'third-party-authority': "third party's authority",
};

/** Dates of registries and evidence come again with every call; bounded, and the same answer whenever it is asked. */
const days = new Map<string, { readonly day: number; readonly text: string } | null>();
const MAX_KNOWN_DAYS = 10_000;

function dateOf(iso: string): { readonly day: number; readonly text: string } | null {
  const known = days.get(iso);
  if (known !== undefined) return known;
  const day = dayOf(iso);
  const date = day === null ? null : { day, text: dateText(day) };
  if (days.size >= MAX_KNOWN_DAYS) days.clear();
  days.set(iso, date);
  return date;
}

/** The registry's row, which later rules need; they deny by themselves where there is none. */
const UNKNOWN = no('Nothing is known of the number, because it is not in the registry.');

function format({ wanted }: CliAttempt): CliAnswer {
  if (!isE164(wanted)) return no('The number to show is not written as + and digits.');
  if (!wanted.startsWith('+44')) return yes(`${wanted} is written as a foreign number.`);
  const digits = wanted.length - 2;
  if (wanted[3] !== '0' && (digits === 10 || digits === 11)) return yes(`It has ${digits} digits, counted from the 0.`);
  return no(`${quickText(wanted)} has ${digits} digits, counted from the 0. A number to show has 10 or 11, for example 020 7946 0018.`);
}

function foreign({ wanted, alsoShow }: CliAttempt): CliAnswer {
  if (wanted.startsWith('+44')) return yes('It is a UK number.');
  if (!alsoShow.includes(wanted)) return no(`${wanted} is a foreign number. Choose a UK number, or list it under alsoShow.`);
  return isOfCountry(wanted)
    ? yes(`${wanted} is a foreign number that the plan lists.`)
    : no(`${wanted} is no number of any country, so nobody can be called back on it. Choose another number.`);
}

/** Listed foreign numbers are few and cost the library a quarter of a millisecond; bounded, always the same answer. */
const foreignNumbers = new Map<E164, boolean>();
const MAX_KNOWN_FOREIGN = 10_000;

/** In a country's plan and of a length that it has; satellite and other codes of no country are not. */
function isOfCountry(number: E164): boolean {
  const known = foreignNumbers.get(number);
  if (known !== undefined) return known;
  const parsed = parseE164(number, 'GB');
  const isOne = parsed.ok && parsed.value === number && countryOf(number) !== undefined;
  if (foreignNumbers.size >= MAX_KNOWN_FOREIGN) foreignNumbers.clear();
  foreignNumbers.set(number, isOne);
  return isOne;
}

function testNumber({ wanted, isTestMode }: CliAttempt): CliAnswer {
  if (!isDramaNumber(wanted)) return yes('It is not one of the numbers kept for drama.');
  return isTestMode
    ? yes('It is a number kept for drama, and this system is in test mode.')
    : no(`${quickText(wanted)} is kept for drama and nobody's. Choose a number that the customer holds.`);
}

function ofClass({ wanted, alsoShow }: CliAttempt): CliAnswer {
  const found = classOf(wanted);
  const words = CLASS_WORDS[found];
  switch (MAY_SHOW[found]) {
    case 'always':
      return yes(`It is ${words}.`);
    case 'listed':
      return alsoShow.includes(wanted)
        ? yes(`It is ${words}, and the plan lists it.`)
        : no(`${quickText(wanted)} is ${words}. Choose another number, or list it under alsoShow.`);
    case 'never':
      return no(`${quickText(wanted)} is ${words}, which may never be shown. Choose another number.`);
  }
}

function registered({ wanted, registered: find }: CliAttempt): CliAnswer {
  const found = find(wanted);
  if (found === null) return no(`${quickText(wanted)} is not among the customer's numbers. Add it to the plan with its evidence.`);
  // A look-up that answers with another number is a fault, and a fault denies.
  return found.number === wanted ? yes(`It is registered as "${found.label}".`) : no(`The registry answers with another number than ${quickText(wanted)}.`);
}

function held({ wanted, registered: find, nowMs, timeZone }: CliAttempt): CliAnswer {
  const found = find(wanted);
  if (found === null) return UNKNOWN;
  if (found.heldSince === null) return no(`The plan does not say since when ${quickText(wanted)} is held. Add heldSince.`);
  const since = dateOf(found.heldSince);
  if (since === null) return no(`heldSince of ${quickText(wanted)} is no date. Write it like 2026-11-22.`);
  return since.day <= localTime(nowMs, timeZone).day
    ? yes(`It is held since ${since.text}.`)
    : no(`${quickText(wanted)} is held only from ${since.text} on. Choose another number until then.`);
}

function evidence({ wanted, customer, evidence: list, nowMs, timeZone }: CliAttempt): CliAnswer {
  const own = list(wanted).filter((piece) => piece.number === wanted && piece.customer === customer);
  if (own.length === 0) return no(`There is no evidence that the customer may use ${quickText(wanted)}. Add it, with who checked it and when.`);
  const today = localTime(nowMs, timeZone).day;
  const valid = own.find((piece) => counts(piece, today, nowMs));
  if (valid !== undefined) return yes(`${upper(EVIDENCE_WORDS[valid.type])} ${valid.reference}, checked by ${valid.checkedBy}.`);
  const ends = own.flatMap(({ expiresOn }) => (expiresOn === null ? [] : [dateOf(expiresOn)?.day ?? -1]));
  const last = Math.max(...ends, -1);
  return last >= 0 && last < today
    ? no(`The evidence for ${quickText(wanted)} ended on ${dateText(last)}. Renew it.`)
    : no(`No evidence for ${quickText(wanted)} has been checked until now. Check it, and record who did.`);
}

function counts({ type, checkedOnMs, expiresOn }: Evidence, today: number, nowMs: number): boolean {
  if (!Object.hasOwn(EVIDENCE_WORDS, type) || !(checkedOnMs <= nowMs)) return false;
  if (expiresOn === null) return true;
  const last = dateOf(expiresOn);
  return last !== null && last.day >= today;
}

function direction({ wanted, registered: find }: CliAttempt): CliAnswer {
  const found = find(wanted);
  if (found === null) return UNKNOWN;
  switch (found.capability) {
    case 'both':
      return yes('It takes calls and may be shown.');
    case 'inbound-only':
      return no(`${quickText(wanted)} is for inbound calls only. Choose another number.`);
    case 'outbound-only':
      return returnPlace(found.returnTo, wanted, find);
  }
  return no(`What ${quickText(wanted)} may be used for is not known.`);
}

function returnPlace(returnTo: E164 | null, wanted: E164, find: CliAttempt['registered']): CliAnswer {
  if (returnTo === null || returnTo === wanted) return no(`${quickText(wanted)} is for outbound calls only and says no other number for calls back. Add returnTo.`);
  const other = find(returnTo);
  return other !== null && other.capability !== 'outbound-only'
    ? yes(`Calls back are answered on ${quickText(returnTo)}.`)
    : no(`Calls back to ${quickText(wanted)} go to ${quickText(returnTo)}, which takes no calls. Name a number of the plan that does.`);
}

function doNotOriginate({ wanted, isOnDoNotOriginate }: CliAttempt): CliAnswer {
  return isOnDoNotOriginate(wanted) === false
    ? yes('It is not on the do-not-originate list.')
    : no(`${quickText(wanted)} is on the do-not-originate list: its holder never calls from it. Choose another number.`);
}

function purpose({ wanted, purpose: why, registered: find }: CliAttempt): CliAnswer {
  if (why === 'emergency') return no('The purpose emergency is for emergency calls alone, and those are never judged. Choose another purpose.');
  const found = find(wanted);
  if (found === null) return UNKNOWN;
  return found.purposes.includes(why)
    ? yes(`It may be used for ${why} calls.`)
    : no(`${quickText(wanted)} may not be used for ${why} calls. Choose another number, or add the purpose to this one.`);
}

function withholding({ purpose: why, isWithheld }: CliAttempt): CliAnswer {
  if (isWithheld === false) return yes('The number is shown.');
  return MAY_WITHHOLD[why] === true ? yes(`It is withheld, which ${why} calls may do.`) : no(`${upper(why)} calls may not withhold the number. Dial without 141.`);
}

function site({ wanted, registered: find, site: from, defaultCli }: CliAttempt): CliAnswer {
  const found = find(wanted);
  if (found === null) return UNKNOWN;
  if (found.site === null) return yes('It belongs to no site, so every site may show it.');
  if (found.site === from) return yes(`It belongs to the site ${found.site}, from which the call is made.`);
  return defaultCli === wanted
    ? yes("It is the customer's default, which every site may show.")
    : no(`${quickText(wanted)} belongs to the site ${found.site}, and this phone to ${from ?? 'none'}. Choose a number of its own site.`);
}

function returnable({ wanted, registered: find, proof, planHash }: CliAttempt): CliAnswer {
  const found = find(wanted);
  if (found === null) return UNKNOWN;
  const answeredOn = found.capability === 'outbound-only' ? found.returnTo : wanted;
  const proven = answeredOn === null ? null : proof(answeredOn);
  if (proven === null) return no(`${quickText(wanted)} is not proven returnable: its route has not been worked out. Publish the plan again.`);
  if (proven.planHash !== planHash) return no(`${quickText(wanted)} is not proven returnable on the plan in force: it is being worked out. Try again in a moment.`);
  return proven.isReturnable === true
    ? yes(`It is proven returnable: ${proven.text}`)
    : no(`${quickText(wanted)} is not proven returnable. ${proven.text} Mend the route or choose another number.`);
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const rule = (id: string, source: string, check: CliRule['check']): CliRule => ({ id, effectiveFrom: SINCE, source, check });

/** In the order in which they are asked and told; the first that denies gives the call its end code. */
export const CLI_RULES: readonly CliRule[] = Object.freeze([
  rule('cli-format', 'General Condition C6.4; CLI guidance of 2022: 10 or 11 digits', format),
  rule('cli-foreign', 'CLI guidance of 2022: UK numbers on calls that begin in the UK', foreign),
  rule('cli-test-number', 'Ofcom numbers for drama use: held by nobody', testNumber),
  rule('cli-class', 'CLI guidance of 2018 and 2022: no premium or revenue share number; National Telephone Numbering Plan', ofClass),
  rule('cli-registered', 'General Condition C6.4: uniquely identifies the caller', registered),
  rule('cli-held', 'CLI guidance of 2018: allocated to or authorised for the user', held),
  rule('cli-evidence', 'Good practice guide of 15 Nov 2022: checks on business customers', evidence),
  rule('cli-direction', 'CLI guidance of 2018: dialable and in service', direction),
  rule('cli-do-not-originate', 'CLI guidance of 2022: Do Not Originate list', doNotOriginate),
  rule('cli-purpose', 'PECR regulations 21 to 21B: what a call is for decides what it must show', purpose),
  rule('cli-withheld', 'PECR regulation 21(A1)', withholding),
  rule('cli-site', 'General Condition C6.4: identifies the caller, and where it calls from', site),
  rule('cli-returnable', 'General Condition C6.4: dialable; PECR regulation 21(A1): a line on which the caller can be contacted', returnable),
]);
