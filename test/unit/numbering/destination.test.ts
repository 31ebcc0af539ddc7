// Where dialled numbers lead: the whole number plan as people dial it, every drama range, every code abroad that costs
// more than it looks, and properties under hostile input.
import fc from 'fast-check';
import { getCountries, getCountryCallingCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { describe, expect, it } from 'vitest';
import {
  CODES_OF_NO_COUNTRY, DESTINATION_CLASSES, DESTINATION_MEANINGS, destinationOf, destinationOfNumber, NANP_ISLANDS,
} from '../../../src/numbering/destination.ts';
import type { DestinationClass } from '../../../src/numbering/destination.ts';
import { classifyDialled } from '../../../src/numbering/dialled.ts';
import type { DialContext } from '../../../src/numbering/dialled.ts';
import { DRAMA_RANGES } from '../../../src/numbering/ranges.ts';
import { e164, hostileText, ukNumber } from './arbitraries.ts';

const site: DialContext = { extensions: new Set(['201', '202']), featureCodes: new Set(['*21']), outsidePrefix: '9', country: 'GB' };

/** The destination of what somebody dials, `emergency` or `none`. */
function dialled(raw: string): string {
  const found = classifyDialled(raw, site);
  if (found.kind === 'emergency') return 'emergency';
  if (found.kind !== 'e164' && found.kind !== 'short-code') return 'none';
  const { class: cls, country } = destinationOf(found);
  return `${cls} ${country ?? '-'}`;
}

describe('every row of the United Kingdom, as it is dialled', () => {
  it.each<[string, DestinationClass | 'emergency' | 'none', string?]>([
    ['01632 960018', 'geo'], ['020 7946 0018', 'geo'], ['01204 62123', 'geo'], ['016977 2345', 'geo'], ['028 9649 6001', 'geo'],
    ['021 1234 5678', 'none'],
    ['01481 960123', 'crown', 'GG'], ['01534 960123', 'crown', 'JE'], ['01624 696123', 'crown', 'IM'],
    ['030 1234 5678', 'ukwide'], ['033 1234 5678', 'ukwide'], ['034 1234 5678', 'ukwide'], ['037 1234 5678', 'ukwide'], ['03069 990123', 'ukwide'],
    ['031 1234 5678', 'none'], ['032 1234 5678', 'none'], ['035 1234 5678', 'none'], ['036 1234 5678', 'none'], ['038 1234 5678', 'none'], ['039 1234 5678', 'none'],
    ['04 1234 56789', 'none'], ['06 1234 56789', 'none'], ['082 1234 5678', 'none'], ['092 1234 5678', 'none'], ['097 1234 5678', 'none'],
    ['0500 123456', 'none'], ['055 1234 5678', 'corporate'], ['056 1234 5678', 'voip'], ['070 1234 5678', 'personal'],
    ['07123 456789', 'mobile'], ['07212 345678', 'mobile'], ['07312 345678', 'mobile'], ['07412 345678', 'mobile'], ['07512 345678', 'mobile'],
    ['07700 900123', 'mobile'], ['07812 345678', 'mobile'], ['07911 212345', 'mobile'], ['07911 123456', 'mobile', 'GG'], ['07781 123456', 'mobile', 'GG'], ['07797 123456', 'mobile', 'JE'],
    ['076 1234 5678', 'pager'], ['07624 012345', 'crown-mobile', 'IM'],
    ['0800 123456', 'free'], ['0800 1234567', 'free'], ['0800 1111', 'free'], ['0808 157 0123', 'free'],
    ['0843 1234567', 'service084'], ['0844 1234567', 'service084'], ['0845 1234567', 'service084'],
    ['0870 1234567', 'service087'], ['0871 1234567', 'service087'], ['0872 1234567', 'service087'], ['0873 1234567', 'service087'],
    ['090 1234 5678', 'premium'], ['0909 879 0123', 'premium'], ['091 1234 5678', 'premium'], ['0982 123 4567', 'premium'],
    ['116123', 'social'], ['116000', 'social'], ['118500', 'directory'], ['118118', 'directory'],
    ['101', 'short'], ['111', 'short'], ['105', 'short'], ['119', 'short'], ['159', 'short'], ['123', 'short'], ['195', 'short'], ['100', 'short'],
    ['999', 'emergency'], ['112', 'emergency'], ['18000', 'emergency'], ['9999', 'emergency'], ['141999', 'emergency'], ['18002999', 'emergency'], ['+44999', 'emergency'],
    ['141 020 7946 0018', 'geo'], ['1470 09098790123', 'premium'], ['18001 07700900123', 'mobile'], ['18002 0 20 7946 0018', 'geo'], ['9 118118', 'directory'], ['9 020 7946 0018', 'geo'],
    ['0044 20 7946 0018', 'geo'], ['+44 (0)9098 790123', 'premium'], ['00 2079 460000', 'none'],
  ])('%s: %s', (raw, cls, country = 'GB') => {
    expect(dialled(raw)).toBe(cls === 'emergency' || cls === 'none' ? cls : `${cls} ${country}`);
  });

  it.each(DRAMA_RANGES.map(({ prefix }) => prefix))('drama range 0%s', (prefix) => {
    const expected = prefix.startsWith('7') ? 'mobile' : prefix.startsWith('808') ? 'free' : prefix.startsWith('909') ? 'premium' : prefix.startsWith('306') ? 'ukwide' : 'geo';
    const found = new Set<string>();
    for (let last = 0; last < 1000; last += 1) found.add(dialled(`0${prefix}${String(last).padStart(3, '0')}`));
    expect([...found]).toEqual([`${expected} GB`]);
  });
});

describe('abroad, one rule a row', () => {
  it.each<[string, DestinationClass, string | null]>([
    ['+33123456789', 'international', 'FR'], ['+4915112345678', 'international', 'DE'], ['+353871234567', 'international', 'IE'], ['+77011234567', 'international', 'KZ'], ['+74951234567', 'international', 'RU'],
    ['+12125550123', 'international', 'US'], ['+14165550123', 'international', 'CA'], ['+18005550123', 'international', 'US'],
    ['+18765550123', 'caribbean', 'JM'], ['+12645550123', 'caribbean', 'AI'], ['+18095550123', 'caribbean', 'DO'], ['+17875550123', 'caribbean', 'PR'], ['+14415550123', 'caribbean', 'BM'],
    ['+17105550123', 'caribbean', null], ['+12005550123', 'caribbean', null],
    ['+19005550123', 'foreign-premium', 'US'], ['+15005550123', 'foreign-premium', 'US'], ['+33899123456', 'foreign-premium', 'FR'], ['+33826123456', 'foreign-premium', 'FR'],
    ['+41900123456', 'foreign-premium', 'CH'], ['+41840123456', 'foreign-premium', 'CH'], ['+41878123456', 'foreign-premium', 'CH'], ['+3531550123456', 'foreign-premium', 'IE'], ['+353700123456', 'foreign-premium', 'IE'],
    ['+870773111632', 'satellite', null], ['+881612345678', 'satellite', null], ['+882123456789', 'satellite', null], ['+883510012345', 'satellite', null],
    ['+80012345678', 'international-special', null], ['+80812345678', 'international-special', null], ['+878101234567890', 'international-special', null], ['+88812345678901', 'international-special', null],
    ['+979123456789', 'international-special', null], ['+991123456789', 'international-special', null], ['+210123456789', 'international-special', null],
    ['+61145123456', 'international', null],
  ])('%s: %s %s', (number, cls, country) => {
    expect(destinationOfNumber(e164(number))).toEqual({ class: cls, country, digits: number });
  });

  it('no island of +1 passes for the United States: every area code, against the library', () => {
    const ours = new Map(NANP_ISLANDS.map(({ area, country }) => [area, country]));
    for (let area = 200; area < 1000; area += 1) {
      const digits = String(area);
      const theirs = parsePhoneNumberFromString(`+1${digits}2345678`)?.country;
      const isIsland = theirs !== undefined && theirs !== 'US' && theirs !== 'CA';
      expect(ours.get(digits), digits).toBe(isIsland ? theirs : undefined);
      const found = destinationOfNumber(e164(`+1${digits}2345678`));
      if (isIsland) expect(['caribbean', 'foreign-premium'], digits).toContain(found?.class);
      if (theirs === undefined) expect(found, digits).toMatchObject({ class: 'caribbean', country: null });
    }
    expect(ours.size).toBe(NANP_ISLANDS.length);
  });

  it('no country has a code that is listed as of no country, and every country comes out as its own', () => {
    const codes = new Set(CODES_OF_NO_COUNTRY.map(({ code }) => code));
    for (const country of getCountries()) {
      const code = getCountryCallingCode(country);
      expect(codes.has(code.slice(0, 3)), country).toBe(false);
    }
  });

  it('every class has a meaning, is given to something, and tells its source', () => {
    expect(DESTINATION_CLASSES.map((cls) => DESTINATION_MEANINGS[cls].length > 5)).toEqual(DESTINATION_CLASSES.map(() => true));
    for (const { effectiveFrom, source } of [...CODES_OF_NO_COUNTRY, ...NANP_ISLANDS]) {
      expect(effectiveFrom).toMatch(/^\d{4}-\d\d-\d\d$/);
      expect(source).not.toBe('');
    }
  });
});

describe('destinationOf, whatever is dialled', () => {
  const foreign = fc.tuple(fc.constantFrom(...getCountries().map((country) => getCountryCallingCode(country)), '870', '881', '979', '999'), fc.string({ unit: fc.constantFrom(...'0123456789'.split('')), minLength: 5, maxLength: 12 }))
    .map(([code, rest]) => `+${code}${rest}`);
  const anything = fc.oneof(hostileText, foreign, ukNumber, fc.string({ unit: fc.constantFrom(...'0123456789*#+'.split('')), maxLength: 20 }));

  it('never throws, lets only checked digits out, and takes no call for help for anything else', () => {
    fc.assert(
      fc.property(anything, fc.constantFrom('', '9', '0', '141', '1470', '18001', '00', '+'), (text, prefix) => {
        const found = classifyDialled(prefix + text, site);
        if (found.kind !== 'e164' && found.kind !== 'short-code') return true;
        const { class: cls, digits } = destinationOf(found);
        const isHelp = /^(\+44|\+)?(999|112|18000)$/.test(digits);
        return /^(\+[1-9]\d{1,14}|\d{3,6})$/.test(digits) && DESTINATION_CLASSES.includes(cls) && !isHelp;
      }),
      { numRuns: 5_000 },
    );
  });

  it('gives the same class to a number however it is written', () => {
    fc.assert(
      fc.property(ukNumber, (number) => {
        const found = destinationOfNumber(number);
        return ['', '9', '141', '18002'].every((prefix) => dialled(`${prefix}0${number.slice(3)}`) === `${found?.class ?? ''} ${found?.country ?? '-'}`);
      }),
      { numRuns: 1_000 },
    );
  });

  it('text that is no number has no destination', () => {
    for (const text of ['', '999', '+', '+0123', '+44999', '+44112', '+4418000', '+442112345678', '+44'.padEnd(64_000, '9'), '<script>']) expect(destinationOfNumber(text as ReturnType<typeof e164>)).toBeNull();
  });
});
