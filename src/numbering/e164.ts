// The one place that turns text into E.164 and E.164 into text for people; the only file that knows libphonenumber.
// +44 is decided by our own table (ranges.ts): the library corrupts short codes, strips 18002 and changes every
// fortnight. All other countries are the library's, with `max` metadata. Read `parseE164` first.
import { getCountryCallingCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { CountryCode } from 'libphonenumber-js/max';
import { stripSeparators } from './clean-text.ts';
import { classOf, classOfNational } from './ranges.ts';

export type { CountryCode };

declare const brand: unique symbol;
/** "+" and 2 to 15 digits, the first not 0. Only this file makes one. */
export type E164 = string & { readonly [brand]: 'E164' };

/** Why text is no number. `message` says what, and how to mend it; it repeats digits of the text and nothing else. */
export interface NumberProblem {
  readonly code:
    | 'empty'
    | 'too-long'
    | 'characters'
    | 'length'
    | 'no-leading-zero'
    | 'unknown-country'
    | 'not-in-use'
    | 'ambiguous';
  readonly message: string;
}

/** A parsed number, or the reason why there is none. */
export type E164Result =
  | { readonly ok: true; readonly value: E164 }
  | { readonly ok: false; readonly error: NumberProblem };

/** Longest text that is looked at, in UTF-16 units; a number with every separator has under 40. */
const MAX_RAW_LENGTH = 64;
const EXAMPLE = 'for example 020 7946 0018';

/** True for "+" and 2 to 15 digits: the form alone, not whether such a number is in use. */
export function isE164(text: string): text is E164 {
  return /^\+[1-9]\d{1,14}$/.test(text);
}

/** True for a two-letter country that numbers can be read in. */
export function isCountryCode(text: string): text is CountryCode {
  // The form first: the library's table is a plain object, which also "knows" `constructor`.
  return /^[A-Z]{2}$/.test(text) && isSupportedCountry(text);
}

/** True for the countries and islands that share +44 and its national form. */
export function usesUkPlan(country: CountryCode): boolean {
  return country === 'GB' || country === 'GG' || country === 'JE' || country === 'IM';
}

/**
 * The number that `raw` means in `country`. Takes separators, "+44 (0)20…", "0044…", "44…" and national form; refuses
 * letters, extensions, short codes, UK ranges that nobody may use, and lengths that the country does not have.
 * Drama numbers parse. Never throws.
 */
export function parseE164(raw: string, country: CountryCode): E164Result {
  if (raw.length > MAX_RAW_LENGTH)
    return problem('too-long', `A number has at most 15 digits; this text has ${raw.length} characters.`);
  const text = stripSeparators(raw);
  if (text === '' || text === '+')
    return problem('empty', `There is no number here. Write one with its area code, ${EXAMPLE}.`);
  if (!/^\+?[0-9]+$/.test(text))
    return problem('characters', `A number has only digits, spaces, brackets and a leading +, ${EXAMPLE}.`);
  if (text.startsWith('+44')) return parseUk(text, text.slice(3));
  if (usesUkPlan(country)) {
    if (text.startsWith('0044')) return parseUk(text, text.slice(4));
    // 44… without + is taken only where it has the length of a whole number: carriers send it, people leave the + out.
    if (text.startsWith('44') && text.length > 10) return parseUk(text, text.slice(2));
    if (/^0(?!0)/.test(text)) return parseUk(text, text.slice(1));
    if (!text.startsWith('+') && !text.startsWith('00')) {
      return problem('no-leading-zero', `${text} does not begin with 0 or +. Write it with its area code, ${EXAMPLE}.`);
    }
  }
  return parseForeign(text, country);
}

/** The number that `raw` means in `country`, or null: `parseE164` for callers that need no reason. */
export function toE164OrNull(raw: string, country: CountryCode): E164 | null {
  const parsed = parseE164(raw, country);
  return parsed.ok ? parsed.value : null;
}

function parseUk(text: string, afterCode: string): E164Result {
  const national = afterCode.startsWith('0') ? afterCode.slice(1) : afterCode;
  if (classOfNational(national) !== 'invalid') return { ok: true, value: `+44${national}` as E164 };
  if (national.length === 9 || national.length === 10) {
    return problem(
      'not-in-use',
      `${text} is in a range that is not in public use. Check the first digits after the 0.`,
    );
  }
  return problem(
    'length',
    `${text} has ${national.length + 1} digits, counted from the 0. UK numbers have 10 or 11, ${EXAMPLE}.`,
  );
}

function parseForeign(text: string, country: CountryCode): E164Result {
  const parsed = parsePhoneNumberFromString(text, country);
  if (!parsed || !isE164(parsed.number)) {
    return problem(
      'unknown-country',
      `${text} does not begin with the code of a country. Write + and the country code first.`,
    );
  }
  const e164: E164 = parsed.number;
  if (e164.startsWith('+44')) return parseUk(text, e164.slice(3));
  // "00 20 7946 0018" is a UK number with a 0 too many far more often than an Egyptian one that does not exist.
  if (
    usesUkPlan(country) &&
    text.startsWith('00') &&
    !parsed.isValid() &&
    classOfNational(text.slice(2)) !== 'invalid'
  ) {
    return problem(
      'ambiguous',
      `${text} begins with 00, which means abroad. For the UK number dial ${text.slice(1)}; for abroad write + and the country code.`,
    );
  }
  if (!parsed.isPossible()) {
    return problem(
      'length',
      `${text} has a length that numbers of +${parsed.countryCallingCode} do not have. Check that no digit is missing.`,
    );
  }
  return { ok: true, value: e164 };
}

function problem(code: NumberProblem['code'], message: string): E164Result {
  return { ok: false, error: { code, message } };
}

/** Callers come back, and ranges more so; bounded, and the same answer whenever it is asked. */
const countries = new Map<string, CountryCode | null>();
const MAX_KNOWN_COUNTRIES = 10_000;

/** Country of a number, or undefined where the code belongs to none (satellite, +800) or is unknown. */
export function countryOf(e164: E164): CountryCode | undefined {
  // The library knows no country for 07700 900xxx and for most Crown numbers that are not allocated.
  if (e164.startsWith('+441481')) return 'GG';
  if (e164.startsWith('+441534')) return 'JE';
  if (e164.startsWith('+441624') || e164.startsWith('+447624')) return 'IM';
  // Only mobile ranges are shared with the Crown Dependencies beyond those; asking the library costs 40 us a call.
  if (e164.startsWith('+44') && !e164.startsWith('+447')) return 'GB';
  // Within +447 the library decides by the first five digits of a number of the right length (test/unit/numbering/e164.test.ts).
  const key = e164.startsWith('+447') && e164.length === 13 ? e164.slice(0, 8) : e164;
  const known = countries.get(key);
  if (known !== undefined) return known ?? undefined;
  const country = parsePhoneNumberFromString(e164)?.country ?? (e164.startsWith('+44') ? 'GB' : undefined);
  if (countries.size >= MAX_KNOWN_COUNTRIES) countries.clear();
  countries.set(key, country ?? null);
  return country;
}

const COSTLY_TYPES: ReadonlySet<string | undefined> = new Set(['PREMIUM_RATE', 'SHARED_COST', 'PERSONAL_NUMBER']);

/**
 * True for a number outside +44 that the library holds to be premium, shared cost or personal. Not for +44: there the
 * library calls 084 and 087 premium, and our own table decides.
 */
export function isCostlyAbroad(e164: E164): boolean {
  return !e164.startsWith('+44') && COSTLY_TYPES.has(parsePhoneNumberFromString(e164)?.getType());
}

/** Calling code of a country without "+", for example "44". */
export function callingCodeOf(country: CountryCode): string {
  return getCountryCallingCode(country);
}

/** The number as people read it: UK numbers in national form (020 7946 0018), others as +33 1 23 45 67 89. */
export function formatNumber(e164: E164): string {
  const parsed = parsePhoneNumberFromString(e164);
  if (!parsed) return e164;
  return e164.startsWith('+44') && classOf(e164) !== 'invalid' ? parsed.formatNational() : parsed.formatInternational();
}

/** `formatNumber` with the last three digits hidden, for roles that may not see whole numbers: 07700 900•••. */
export function maskNumber(e164: E164): string {
  const shown = formatNumber(e164);
  let left = 3;
  let masked = '';
  for (let at = shown.length - 1; at >= 0; at -= 1) {
    const character = shown.charAt(at);
    const hide = left > 0 && character >= '0' && character <= '9';
    if (hide) left -= 1;
    masked = (hide ? '•' : character) + masked;
  }
  return masked;
}
