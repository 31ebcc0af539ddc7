// Where a dialled number leads, as permissions, prices and trunks see it: a class for every destination in the world.
// UK numbers and codes are classed by our own table, foreign ones by what can be told of them. Read `destinationOf` first.
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
