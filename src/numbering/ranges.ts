// Our own UK number table: which class a number is in, and which numbers are Ofcom's drama (test) ranges.
// Decides alone, without phone metadata: that calls 084/087 premium, knows no mobile drama number, and changes every
// fortnight, so emergency and blocking behaviour must not rest on it. Read `classOf` first.
import type { E164 } from './e164.ts';

/**
 * Class of a dialled number. `geo` 01/02 · `crown` Channel Islands and Isle of Man fixed · `ukwide` 03 · `invalid` not in
 * public use or of the wrong length · `corporate` 055 · `voip` 056 · `personal` 070 · `mobile` · `pager` 076 ·
 * `crown-mobile` 07624 · `free` 0800/0808 · `service084`, `service087` access plus service charge · `premium` 09 ·
 * `social` 116xxx · `directory` 118xxx · `emergency` · `short` 101, 111 … · `international` any code but +44.
 */
export type NumberClass =
  | 'geo'
  | 'crown'
  | 'ukwide'
  | 'invalid'
  | 'corporate'
  | 'voip'
  | 'personal'
  | 'mobile'
  | 'pager'
  | 'crown-mobile'
  | 'free'
  | 'service084'
  | 'service087'
  | 'premium'
  | 'social'
  | 'directory'
  | 'emergency'
  | 'short'
  | 'international';

/** Class of a short code: a code dialled as it is, never written as E.164. */
export type ShortClass = Extract<NumberClass, 'social' | 'directory' | 'emergency' | 'short'>;

/** One row of the plan: numbers that begin with `prefix` (national digits, no leading 0) and have one of `lengths`. */
export interface PlanRow {
  readonly prefix: string;
  readonly class: NumberClass;
  /** Allowed counts of national digits without the leading 0; empty for ranges not in use. */
  readonly lengths: readonly number[];
  /** ISO date from which we apply the row. */
  readonly effectiveFrom: string;
  readonly source: string;
}

/** Names the state of every table in this file; decision records carry it. */
export const NUMBER_PLAN_VERSION = '2026-11-10';

const NTNP = 'National Telephone Numbering Plan, table A1';
const METADATA = 'libphonenumber metadata 9.0.43: no number of the code is valid';
const UNVERIFIED = 'common knowledge, primary source not seen';
const TEN = [10];

const row = (prefix: string, cls: NumberClass, lengths: readonly number[], source: string): PlanRow => ({
  prefix,
  class: cls,
  lengths,
  effectiveFrom: NUMBER_PLAN_VERSION,
  source,
});
const rows = (prefixes: string, cls: NumberClass, lengths: readonly number[], source: string): PlanRow[] =>
  prefixes.split(' ').map((prefix) => row(prefix, cls, lengths, source));

/** The UK table; the longest matching prefix decides. */
export const UK_PLAN: readonly PlanRow[] = Object.freeze([
  // 9 digits: a few areas such as 01204 62123 and 016977 2345; never 011x or 01x1, whose local part has 7 digits.
  row('1', 'geo', [9, 10], NTNP),
  ...rows('113 114 115 116 117 118 121 131 141 151 161 191', 'geo', TEN, NTNP),
  row('2', 'geo', TEN, NTNP),
  ...rows('10 110 111 112 119 171 181 21 22 25 26 27', 'invalid', [], METADATA),
  ...rows('1481 1534 1624', 'crown', TEN, UNVERIFIED),
  ...rows('30 33 34 37', 'ukwide', TEN, NTNP),
  ...rows('31 32 35 36 38 39', 'invalid', [], METADATA),
  ...rows('4 6', 'invalid', [], UNVERIFIED),
  row('500', 'invalid', [], 'closed in 2017; primary source not seen'),
  row('55', 'corporate', TEN, NTNP),
  row('56', 'voip', TEN, NTNP),
  row('70', 'personal', TEN, NTNP),
  ...rows('71 72 73 74 75 77 78 79', 'mobile', TEN, NTNP),
  row('76', 'pager', TEN, NTNP),
  row('7624', 'crown-mobile', TEN, NTNP),
  row('800', 'free', [9, 10], NTNP),
  // Childline: the one 0800 number of 8 digits.
  row('8001111', 'free', [7, 9, 10], NTNP),
  row('808', 'free', TEN, NTNP),
  row('82', 'invalid', [], `${NTNP}: internet for schools`),
  ...rows('843 844 845', 'service084', TEN, NTNP),
  row('842', 'service084', TEN, 'libphonenumber metadata 9.0.43 holds its numbers valid; primary source not seen'),
  ...rows('870 871 872 873', 'service087', TEN, UNVERIFIED),
  ...rows('90 91 98', 'premium', TEN, NTNP),
  ...rows('92 93 94 95 96 97', 'invalid', [], NTNP),
  ...rows('985 986 987 988 99', 'invalid', [], METADATA),
]);

/** One short code; an `x` stands for any digit. */
export interface ShortCodeRow {
  readonly code: string;
  readonly class: ShortClass;
  readonly meaning: string;
  readonly effectiveFrom: string;
  readonly source: string;
}

const short = (code: string, cls: ShortClass, meaning: string, source: string): ShortCodeRow => ({
  code,
  class: cls,
  meaning,
  effectiveFrom: NUMBER_PLAN_VERSION,
  source,
});

/** Every short code we know. */
export const SHORT_CODES: readonly ShortCodeRow[] = Object.freeze([
  short('999', 'emergency', 'emergency services', 'PECR regulation 16'),
  short('112', 'emergency', 'emergency services', 'PECR regulation 16'),
  short('18000', 'emergency', 'emergency services by text relay', UNVERIFIED),
  short('100', 'short', 'operator', UNVERIFIED),
  short('101', 'short', 'police, not urgent', 'secondary source'),
  short('105', 'short', 'power cut', UNVERIFIED),
  short('111', 'short', 'NHS', 'secondary source'),
  short('119', 'short', 'NHS Covid line', UNVERIFIED),
  short('123', 'short', 'speaking clock', UNVERIFIED),
  short('159', 'short', 'bank fraud', UNVERIFIED),
  short('195', 'short', 'directory enquiries for blind and disabled people', 'Oftel statement of 14 Dec 2001'),
  short('116xxx', 'social', 'help lines of social value', 'secondary source'),
  short('118xxx', 'directory', 'directory enquiries', 'Oftel statement of 14 Dec 2001'),
]);

/** One drama range: numbers whose national digits begin with `prefix`; 1,000 numbers each. */
export interface DramaRow {
  readonly prefix: string;
  readonly effectiveFrom: string;
  readonly source: string;
}

const DRAMA_SOURCE = 'Ofcom numbers for drama use, as listed by several public repositories';

/** Ofcom's ranges for film and television, which nobody holds: our only test numbers. */
export const DRAMA_RANGES: readonly DramaRow[] = Object.freeze(
  [
    '1134960',
    '1144960',
    '1154960',
    '1164960',
    '1174960',
    '1184960',
    '1214960',
    '1314960',
    '1414960',
    '1514960',
    '1614960',
    '1914980',
    '2079460',
    '2896496',
    '2890180',
    '2920180',
    '1632960',
    '7700900',
    '8081570',
    '9098790',
    '3069990',
  ].map((prefix) => ({ prefix, effectiveFrom: NUMBER_PLAN_VERSION, source: DRAMA_SOURCE })),
);

const planByPrefix: ReadonlyMap<string, PlanRow> = new Map(UK_PLAN.map((r) => [r.prefix, r]));
const longestPrefix = Math.max(...UK_PLAN.map((r) => r.prefix.length));
const exactShort: ReadonlyMap<string, ShortClass> = new Map(
  SHORT_CODES.filter((r) => !r.code.endsWith('x')).map((r) => [r.code, r.class]),
);
/** Codes such as 116xxx, by their first three digits. */
const shortByPrefix: ReadonlyMap<string, ShortClass> = new Map(
  SHORT_CODES.filter((r) => r.code.endsWith('xxx')).map((r) => [r.code.slice(0, 3), r.class]),
);
const dramaPrefixes: ReadonlySet<string> = new Set(DRAMA_RANGES.map((r) => r.prefix));

/** Class of UK national digits (no leading 0); `invalid` when unlisted or of the wrong length. Never throws. */
export function classOfNational(national: string): NumberClass {
  for (let length = Math.min(longestPrefix, national.length); length > 0; length -= 1) {
    const found = planByPrefix.get(national.slice(0, length));
    if (found) return found.lengths.includes(national.length) ? found.class : 'invalid';
  }
  return 'invalid';
}

/** Class of a number; every code but +44 is `international`. Never throws. */
export function classOf(e164: E164): NumberClass {
  return e164.startsWith('+44') ? classOfNational(e164.slice(3)) : 'international';
}

/** Class of a short code given as bare digits, or null when it is none. Extensions that are short codes hide them. */
export function shortCodeClass(digits: string): ShortClass | null {
  return exactShort.get(digits) ?? (/^\d{6}$/.test(digits) ? shortByPrefix.get(digits.slice(0, 3)) : undefined) ?? null;
}

/** True for every number of Ofcom's drama ranges, the older 028 9018 0xxx included. */
export function isDramaNumber(e164: E164): boolean {
  return e164.length === 13 && e164.startsWith('+44') && dramaPrefixes.has(e164.slice(3, 10));
}
