// Generators of numbers for the property tests: every UK class, each row of the plan with each allowed length.
import fc from 'fast-check';
import { isE164 } from '../../../src/numbering/e164.ts';
import type { E164 } from '../../../src/numbering/e164.ts';
import { classOfNational, DRAMA_RANGES, UK_PLAN } from '../../../src/numbering/ranges.ts';

/** The E164 of a literal; throws on a slip in a test. */
export function e164(text: string): E164 {
  if (!isE164(text)) throw new Error(`not E.164: ${text}`);
  return text;
}

const digits = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'.split('')), minLength: length, maxLength: length });

/** Numbers of every row of the UK plan that is in use. */
export const ukNumber: fc.Arbitrary<E164> = fc
  .constantFrom(
    ...UK_PLAN.flatMap((row) =>
      row.lengths.filter((n) => n > row.prefix.length).map((n) => ({ prefix: row.prefix, n })),
    ),
  )
  .chain(({ prefix, n }) => digits(n - prefix.length).map((rest) => prefix + rest))
  .filter((national) => classOfNational(national) !== 'invalid')
  .map((national) => e164(`+44${national}`));

/** Numbers of every drama range. */
export const dramaNumber: fc.Arbitrary<E164> = fc
  .tuple(fc.constantFrom(...DRAMA_RANGES), digits(3))
  .map(([range, rest]) => e164(`+44${range.prefix}${rest}`));

/** Text made to break parsers: digits, separators, SIP syntax, Unicode digits, control characters, anything. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: fc.constantFrom(...'0123456789+*#;@&,<>":%\\ ()-٣９\u0000\u202e'.split('')), maxLength: 80 }),
  fc.string({
    unit: fc.constantFrom('141', '1470', '18001', '18002', '9', '999', '112', '0', '+44', '*21', '#', '7946', ' '),
    maxLength: 12,
  }),
);

/** Letters that repeat to 64 kB: shapes on which a careless regular expression takes quadratic time. */
export const HUGE: readonly string[] = [
  '9',
  ' ',
  '"',
  '<',
  '\\',
  ',',
  '"\\',
  '<sip:',
  '%2',
  '%',
  ';',
  '@',
  ':',
  '1 ',
  '\u0000',
  '+',
  '141',
  '#',
  '٣',
  '(',
  '-,',
].map((unit) => unit.repeat(Math.ceil(65_536 / unit.length)));
