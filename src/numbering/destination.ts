// Where a dialled number leads, as permissions, prices and trunks see it: a class for every destination in the world.
// UK numbers and codes are classed by our own table, foreign ones by what can be told of them. Read `destinationOf` first.
import type { Dialled } from './dialled.ts';
import { countryOf, isCostlyAbroad, isE164 } from './e164.ts';
import type { CountryCode, E164 } from './e164.ts';
import { classOf } from './ranges.ts';
import type { NumberClass } from './ranges.ts';

/**
 * Where calls may go. UK numbers and codes go by our own table's class, foreign ones by country, what belongs to no
 * country by kind.
 */
export type DestinationClass =
  | Exclude<NumberClass, 'invalid' | 'international' | 'emergency'>
  | 'satellite' // +870, +881, +882, +883
  | 'caribbean' // +1 numbers outside the United States and Canada
  | 'international-special' // +800, +808, +878, +979 and other codes of no country
  | 'foreign-premium' // premium, shared cost or personal abroad
  | 'international';

/** Every class once, with what it means for the people who allow and deny it. */
export const DESTINATION_MEANINGS: Readonly<Record<DestinationClass, string>> = Object.freeze({
  geo: 'Numbers that begin with 01 and 02.',
  crown: 'Guernsey, Jersey and the Isle of Man, landlines.',
  ukwide: 'Numbers that begin with 03.',
  mobile: 'Mobiles that begin with 07.',
  'crown-mobile': 'Mobiles of the Isle of Man, 07624.',
  free: 'Numbers that begin with 0800 and 0808.',
  corporate: 'Corporate numbers that begin with 055.',
  voip: 'Internet telephony numbers that begin with 056.',
  social: 'Help lines that begin with 116.',
  short: 'Short codes such as 101, 105, 111 and 159.',
  service084: 'Numbers that begin with 084, with a service charge.',
  service087: 'Numbers that begin with 087, with a higher service charge.',
  personal: 'Personal numbers that begin with 070; costly, and often used for fraud.',
  pager: 'Pagers that begin with 076.',
  premium: 'Premium rate numbers that begin with 09.',
  directory: 'Directory enquiries that begin with 118.',
  international: 'Abroad; single countries are named under "countries".',
  caribbean: 'Numbers that begin with +1 and are neither in the United States nor in Canada.',
  satellite: 'Satellite phones and networks that belong to no country: +870, +881, +882, +883.',
  'international-special': 'Codes that belong to no country, such as +800 and +979.',
  'foreign-premium': 'Premium, shared cost and personal numbers abroad.',
});
export const DESTINATION_CLASSES: readonly DestinationClass[] = Object.freeze(Object.keys(DESTINATION_MEANINGS) as DestinationClass[]);

/** Where a call would go. */
export interface Destination {
  readonly class: DestinationClass;
  /** null where the code belongs to none, or nobody can tell. */
  readonly country: CountryCode | null;
  /** Checked digits alone: a number in E.164, or a short code. */
  readonly digits: string;
}

/** What may be asked for: emergency calls are no destination, nothing may ask whether they are allowed. */
export type Leavable = Extract<Dialled, { readonly kind: 'e164' | 'short-code' }>;

/** The destination of what was dialled. Never throws. */
export function destinationOf(dialled: Leavable): Destination {
  if (dialled.kind === 'short-code') return { class: dialled.class, country: 'GB', digits: dialled.digits };
  // classifyDialled lets no such number out; if one came it must end where nobody calls by default.
  return destinationOfNumber(dialled.e164) ?? { class: 'premium', country: null, digits: dialled.e164 };
}

/** The destination of a number, or null for text and UK ranges that nobody can call. Never throws. */
export function destinationOfNumber(e164: E164): Destination | null {
  if (!isE164(e164)) return null;
  const home = classOf(e164);
  if (home === 'invalid' || home === 'emergency') return null;
  const country = countryOf(e164) ?? null;
  if (home !== 'international') return { class: home, country, digits: e164 };
  return { ...abroad(e164, country), digits: e164 };
}

function abroad(e164: E164, country: CountryCode | null): Omit<Destination, 'digits'> {
  const code = NO_COUNTRY.get(e164.slice(1, 4));
  // Before the library's type: it calls +979 premium and +881 a mobile.
  if (code !== undefined) return { class: code, country: null };
  if (isCostlyAbroad(e164)) return { class: 'foreign-premium', country };
  if (!e164.startsWith('+1')) return country === null && !isShared(e164) ? { class: 'international-special', country } : { class: 'international', country };
  const island = nanpIslands.get(e164.slice(2, 5));
  if (island !== undefined) return { class: 'caribbean', country: island };
  // An area code that nobody knows may be a new one of an island: not let out with the United States.
  return country === 'US' || country === 'CA' ? { class: 'international', country } : { class: 'caribbean', country: null };
}

/** Names the state of the tables below; decision records carry it. */
export const DESTINATION_VERSION = '2026-11-22';

/** One country code of no country. */
export interface CodeRow {
  readonly code: string;
  readonly class: 'satellite' | 'international-special';
  readonly meaning: string;
  readonly effectiveFrom: string;
  readonly source: string;
}
const ITU = 'ITU-T E.164 country codes shared by networks and services, primary list not seen; libphonenumber metadata 9.0.43 knows all but 991';
const code = (digits: string, cls: CodeRow['class'], meaning: string): CodeRow => ({ code: digits, class: cls, meaning, effectiveFrom: DESTINATION_VERSION, source: ITU });

/** Codes of three digits that belong to no country. */
export const CODES_OF_NO_COUNTRY: readonly CodeRow[] = Object.freeze([
  code('870', 'satellite', 'Inmarsat'),
  code('881', 'satellite', 'satellite telephones'),
  code('882', 'satellite', 'international networks'),
  code('883', 'satellite', 'international networks'),
  code('800', 'international-special', 'international freephone'),
  code('808', 'international-special', 'international shared cost'),
  code('878', 'international-special', 'personal numbers of no country'),
  code('888', 'international-special', 'disaster relief'),
  code('979', 'international-special', 'international premium rate'),
  code('991', 'international-special', 'trials'),
]);
const NO_COUNTRY: ReadonlyMap<string, CodeRow['class']> = new Map(CODES_OF_NO_COUNTRY.map((row) => [row.code, row.class]));

/** One area code of +1 outside the United States and Canada. */
export interface AreaRow {
  readonly area: string;
  readonly country: CountryCode;
  readonly effectiveFrom: string;
  readonly source: string;
}
const NANP = 'North American area codes by country; compared code by code with libphonenumber metadata 9.0.43';
const area = (country: CountryCode, areas: string): AreaRow[] => areas.split(' ').map((digits) => ({ area: digits, country, effectiveFrom: DESTINATION_VERSION, source: NANP }));

/** Islands and territories that look like a call to the United States and are priced like no such call. */
export const NANP_ISLANDS: readonly AreaRow[] = Object.freeze([
  ...area('AG', '268'), ...area('AI', '264'), ...area('AS', '684'), ...area('BB', '246'), ...area('BM', '441'), ...area('BS', '242'),
  ...area('DM', '767'), ...area('DO', '809 829 849'), ...area('GD', '473'), ...area('GU', '671'), ...area('JM', '658 876'), ...area('KN', '869'),
  ...area('KY', '345'), ...area('LC', '758'), ...area('MP', '670'), ...area('MS', '664'), ...area('PR', '787 939'), ...area('SX', '721'),
  ...area('TC', '649'), ...area('TT', '868'), ...area('VC', '784'), ...area('VG', '284'), ...area('VI', '340'),
]);
const nanpIslands: ReadonlyMap<string, CountryCode> = new Map(NANP_ISLANDS.map((row) => [row.area, row.country]));

/** Codes that several countries share: a number of theirs that nobody can place is abroad all the same. */
const SHARED_CODES: readonly string[] = ['+7', '+39', '+47', '+61', '+212', '+262', '+290', '+358', '+590', '+599'];
function isShared(e164: E164): boolean {
  return SHARED_CODES.some((shared) => e164.startsWith(shared));
}
