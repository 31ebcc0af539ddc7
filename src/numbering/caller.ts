// Who calls, from the raw SIP headers of a trunk's INVITE: the presentation number from From, the network number from
// P-Asserted-Identity, and whether the caller withheld it. Trusts nothing: names are cleaned and cut, and a trunk can
// never claim to be an extension. Read `parseCaller` first.
import { cleanText } from './clean-text.ts';
import { countryOf, toE164OrNull } from './e164.ts';
import type { CountryCode, E164 } from './e164.ts';
import { parseSipAddress, parseSipAddresses } from './sip-address.ts';
import type { SipAddress } from './sip-address.ts';

/** The number that the called party may see. */
export type CallerNumber =
  /** An outside number. */
  | { readonly kind: 'e164'; readonly e164: E164 }
  /** A phone of the same customer. */
  | { readonly kind: 'extension'; readonly number: string }
  /** The caller asked not to be shown. */
  | { readonly kind: 'withheld' }
  /** Nothing was sent. */
  | { readonly kind: 'none' }
  /** Something that is no number we can read; cleaned, at most 32 code points. */
  | { readonly kind: 'other'; readonly text: string };

/** One caller. `networkNumber` is for records and the law, never for the called party. */
export interface Caller {
  readonly number: CallerNumber;
  /** Number that the carrier asserts; kept also when the caller withheld the presentation number. */
  readonly networkNumber?: E164;
  /** Name as sent, without control characters, at most 64 code points; absent when withheld. Escape it where it is shown. */
  readonly displayName?: string;
  /** Country of the presentation number. */
  readonly country?: CountryCode;
}

/** Raw header values as Asterisk reads them; absent, null and empty all mean that the header was not sent. */
export interface CallerHeaders {
  readonly from?: string | null | undefined;
  readonly pai?: string | null | undefined;
  readonly privacy?: string | null | undefined;
}

const MAX_NAME_CODE_POINTS = 64;
const MAX_OTHER_CODE_POINTS = 32;
/** Longest part of a Privacy header that is looked at, in UTF-16 units. */
const PRIVACY_LOOKED_AT = 256;

/** User parts and display names that mean "withheld". */
const WITHHELD_WORDS: ReadonlySet<string> = new Set(['anonymous', 'withheld', 'restricted', 'private']);
/** User parts that mean "no number sent". */
const ABSENT_WORDS: ReadonlySet<string> = new Set(['', 'unknown', 'unavailable']);
/** RFC 3323 and 7044 values that say nothing about the caller's number. */
const PRIVACY_WITHOUT_EFFECT: ReadonlySet<string> = new Set(['', 'none', 'critical', 'history']);

/**
 * The caller of a call that came from a trunk in `trunkCountry`. Never throws and never gives `extension`: short digits
 * from outside are `other`. Withheld beats everything, so one header that asks for privacy is enough.
 */
export function parseCaller(headers: CallerHeaders, trunkCountry: CountryCode): Caller {
  const from = parseSipAddress(textOf(headers.from));
  const networkNumber = firstNumber(parseSipAddresses(textOf(headers.pai)), trunkCountry);
  const network = networkNumber === null ? {} : { networkNumber };
  if (isWithheld(from, textOf(headers.privacy))) return { number: { kind: 'withheld' }, ...network };
  const number = presentationNumber(from, trunkCountry);
  const displayName = cleanText(from.display, MAX_NAME_CODE_POINTS);
  const country = number.kind === 'e164' ? countryOf(number.e164) : undefined;
  return {
    number,
    ...network,
    // Carriers repeat the number as name; that is no name.
    ...(displayName === '' || repeatsNumber(displayName, from, trunkCountry) ? {} : { displayName }),
    ...(country === undefined ? {} : { country }),
  };
}

/**
 * The caller of a call that came from a phone of ours. `number` is the extension that the phone logged in as, never what
 * its From says: a phone may write anything there.
 */
export function extensionCaller(number: string, displayName?: string): Caller {
  const name = cleanText(displayName ?? '', MAX_NAME_CODE_POINTS);
  return { number: { kind: 'extension', number }, ...(name === '' ? {} : { displayName: name }) };
}

function isWithheld(from: SipAddress, privacy: string): boolean {
  const values = privacy
    .slice(0, PRIVACY_LOOKED_AT)
    .toLowerCase()
    .split(/[;,\s]/);
  if (values.some((value) => !PRIVACY_WITHOUT_EFFECT.has(value))) return true;
  if (from.host === 'anonymous.invalid' || WITHHELD_WORDS.has(from.user.toLowerCase())) return true;
  return WITHHELD_WORDS.has(cleanText(from.display, MAX_NAME_CODE_POINTS).toLowerCase());
}

function presentationNumber(from: SipAddress, country: CountryCode): CallerNumber {
  if (ABSENT_WORDS.has(from.user.toLowerCase())) return { kind: 'none' };
  const e164 = toE164OrNull(from.user, country);
  if (e164 !== null) return { kind: 'e164', e164 };
  const text = cleanText(from.user, MAX_OTHER_CODE_POINTS);
  return text === '' ? { kind: 'none' } : { kind: 'other', text };
}

function repeatsNumber(name: string, from: SipAddress, country: CountryCode): boolean {
  return name === from.user || (toE164OrNull(name, country) ?? name) === toE164OrNull(from.user, country);
}

function firstNumber(addresses: readonly SipAddress[], country: CountryCode): E164 | null {
  for (const { user } of addresses) {
    const e164 = toE164OrNull(user, country);
    if (e164 !== null) return e164;
  }
  return null;
}

function textOf(header: unknown): string {
  return typeof header === 'string' ? header : '';
}
