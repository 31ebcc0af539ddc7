// Turns digits, numbers, dates and times into the phrases of the product's own voice, in British wording.
// PURE: gives phrase ids of sounds/manifest.json, never files. An empty list means "there is nothing sayable in this":
// the caller of these functions takes it as a failed step, never as silence. Read sayDigits first.

/** An id in sounds/manifest.json; a unit test proves that each id that can leave this file is there. */
export type PhraseId = string;

const ONES = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve',
  'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'] as const;
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'] as const;
const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth', 'eleventh',
  'twelfth', 'thirteenth', 'fourteenth', 'fifteenth', 'sixteenth', 'seventeenth', 'eighteenth', 'nineteenth', 'twentieth',
  'twenty-first', 'twenty-second', 'twenty-third', 'twenty-fourth', 'twenty-fifth', 'twenty-sixth', 'twenty-seventh',
  'twenty-eighth', 'twenty-ninth', 'thirtieth', 'thirty-first'] as const;
const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november',
  'december'] as const;

/** Longest run of digits that is read out; a caller who hears more has been lost long before. */
const MAX_DIGITS = 40;
const MAX_DECIMALS = 6;
const BILLION = 1_000_000_000;

const word = (n: number): PhraseId => ONES[n] ?? 'zero';

/**
 * Digits one by one: `plain` says "zero" and every digit, for codes that a caller checks; `telephone` says "oh",
 * "double" and "treble" as British callers do. Spaces become short pauses; `*`, `#` and `+` are named; anything else
 * is left out. Stops after 40 digits.
 */
export function sayDigits(digits: string, style: 'plain' | 'telephone' = 'plain'): PhraseId[] {
  const kept = digits.slice(0, 4 * MAX_DIGITS).replace(/[^\d*#+ ]/g, '').replace(/ +/g, ' ').trim();
  const out: PhraseId[] = [];
  let said = 0;
  for (const run of kept.match(style === 'telephone' ? /(.)\1{0,2}/g : /./g) ?? []) {
    if (said >= MAX_DIGITS) break;
    said += run[0] === ' ' ? 0 : run.length;
    out.push(...sayRun(run, style));
  }
  return out;
}

function sayRun(run: string, style: 'plain' | 'telephone'): PhraseId[] {
  const mark = run.charAt(0);
  if (mark === ' ') return ['pause'];
  if (mark === '*' || mark === '#' || mark === '+') {
    const name = mark === '*' ? 'star' : mark === '#' ? 'hash' : 'plus';
    return Array.from(run, () => name);
  }
  const digit = mark === '0' && style === 'telephone' ? 'oh' : word(Number(mark));
  if (run.length === 1) return [digit];
  return [run.length === 2 ? 'double' : 'treble', digit];
}

/** A spelled-out code such as `AB12`: letters (z = "zed") and digits; anything else is left out. Stops after 40. */
export function sayCharacters(text: string): PhraseId[] {
  const kept = text.slice(0, 4 * MAX_DIGITS).toLowerCase().replace(/[^a-z0-9]/g, '').slice(0, MAX_DIGITS);
  return Array.from(kept, (c) => (c >= 'a' ? `letter-${c}` : word(Number(c))));
}

/**
 * A number in words: 1234 is "one thousand two hundred and thirty-four". At most six decimals are read, digit by
 * digit. From a thousand million up the digits are read one by one; empty for NaN, infinity and unsafe integers.
 */
export function sayNumber(value: number): PhraseId[] {
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) return [];
  const [text, decimals] = decimalText(Math.abs(value));
  const whole = Number(text);
  const out = whole >= BILLION ? sayDigits(text) : sayWhole(whole);
  if (decimals !== '') out.push('point', ...sayDigits(decimals));
  const isZero = whole === 0 && decimals === '';
  return value < 0 && !isZero ? ['minus', ...out] : out;
}

function decimalText(value: number): [string, string] {
  const [whole = '0', decimals = ''] = value.toFixed(MAX_DECIMALS).split('.');
  return [whole, decimals.replace(/0+$/, '')];
}

function sayWhole(n: number): PhraseId[] {
  if (n === 0) return ['zero'];
  const out: PhraseId[] = [];
  const millions = Math.floor(n / 1_000_000);
  const thousands = Math.floor((n % 1_000_000) / 1000);
  const rest = n % 1000;
  if (millions > 0) out.push(...sayBelowThousand(millions), 'million');
  if (thousands > 0) out.push(...sayBelowThousand(thousands), 'thousand');
  if (rest > 0) out.push(...(rest < 100 && n >= 1000 ? ['and'] : []), ...sayBelowThousand(rest));
  return out;
}

function sayBelowThousand(n: number): PhraseId[] {
  const hundreds = Math.floor(n / 100);
  const rest = n % 100;
  if (hundreds === 0) return sayBelowHundred(rest);
  return [word(hundreds), 'hundred', ...(rest > 0 ? ['and', ...sayBelowHundred(rest)] : [])];
}

function sayBelowHundred(n: number): PhraseId[] {
  if (n < 20) return [word(n)];
  return [TENS[Math.floor(n / 10)] ?? 'zero', ...(n % 10 > 0 ? [word(n % 10)] : [])];
}

export interface SpokenDate {
  /** Left out for dates within the year. */
  readonly year?: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31; whether the month has that day is the caller's to know. */
  readonly day: number;
  /** 1 = Monday … 7 = Sunday. */
  readonly weekday?: number;
}

/** "Monday the twenty-third of November twenty twenty-six"; empty when a part is out of range. */
export function sayDate(date: SpokenDate): PhraseId[] {
  const day = ORDINALS[date.day - 1];
  const month = MONTHS[date.month - 1];
  const weekday = date.weekday === undefined ? null : WEEKDAYS[date.weekday - 1];
  const year = date.year === undefined ? [] : sayYear(date.year);
  if (day === undefined || month === undefined || weekday === undefined || year === null) return [];
  return [...(weekday === null ? [] : [weekday]), 'the', day, 'of', month, ...year];
}

function sayYear(year: number): PhraseId[] | null {
  if (!Number.isInteger(year) || year < 1 || year > 9999) return null;
  const century = Math.floor(year / 100);
  const rest = year % 100;
  if (year < 1000 || (century % 10 === 0 && rest < 10)) return sayWhole(year);
  if (rest === 0) return [...sayBelowHundred(century), 'hundred'];
  return [...sayBelowHundred(century), ...(rest < 10 ? ['oh', word(rest)] : sayBelowHundred(rest))];
}

/**
 * A time of day from the 24-hour clock as a British voice says it: 14:15 is "two fifteen p.m.", 09:05 "nine oh five
 * a.m."; 00:00 is midnight and 12:00 midday. Empty when out of range.
 */
export function sayTime(time: { readonly hour: number; readonly minute: number }): PhraseId[] {
  const { hour, minute } = time;
  if (!Number.isInteger(hour) || !Number.isInteger(minute) || hour < 0 || hour > 23 || minute < 0 || minute > 59) return [];
  if (minute === 0 && hour === 0) return ['midnight'];
  if (minute === 0 && hour === 12) return ['midday'];
  const minutes = minute === 0 ? [] : minute < 10 ? ['oh', word(minute)] : sayBelowHundred(minute);
  return [word(hour % 12 === 0 ? 12 : hour % 12), ...minutes, hour < 12 ? 'a-m' : 'p-m'];
}

/** What can be counted: each has a singular and a plural phrase. */
export type Countable = 'message' | 'new-message' | 'old-message';

/** "one new message", "two new messages", "no new messages"; empty when `n` is no whole number from 0 up. */
export function sayCount(n: number, what: Countable): PhraseId[] {
  if (!Number.isInteger(n) || n < 0) return [];
  return [...(n === 0 ? ['no'] : sayNumber(n)), n === 1 ? what : `${what}s`];
}
