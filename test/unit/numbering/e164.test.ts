// Text to E.164 and back, for UK numbers by our own table and for others by the library.
import fc from 'fast-check';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { describe, expect, it } from 'vitest';
import {
  countryOf,
  formatNumber,
  isCountryCode,
  isE164,
  maskNumber,
  parseE164,
  toE164OrNull,
} from '../../../src/numbering/e164.ts';
import type { CountryCode, E164 } from '../../../src/numbering/e164.ts';
import { dramaNumber, e164, hostileText, HUGE, ukNumber } from './arbitraries.ts';

describe('parseE164', () => {
  it.each<[string, CountryCode, string]>([
    ['020 7946 0018', 'GB', '+442079460018'],
    ['(020) 7946-0018', 'GB', '+442079460018'],
    ['020.7946.0018', 'GB', '+442079460018'],
    ['+44 (0)20 7946 0018', 'GB', '+442079460018'],
    ['+442079460018', 'FR', '+442079460018'],
    ['0044 20 7946 0018', 'GB', '+442079460018'],
    ['00 44 20 7946 0018', 'GB', '+442079460018'],
    ['0044 (0) 20 7946 0018', 'GB', '+442079460018'],
    ['442079460018', 'GB', '+442079460018'],
    ['0044 20 7946 0018', 'FR', '+442079460018'],
    ['\u202a+44\u00a020\u20117946\u20110018\u202c', 'GB', '+442079460018'],
    ['01632 960018', 'GB', '+441632960018'],
    ['07700 900123', 'GB', '+447700900123'],
    ['0115 496 0123', 'GB', '+441154960123'],
    ['0800 1111', 'GB', '+448001111'],
    ['0800 123456', 'GB', '+44800123456'],
    ['016977 2345', 'GB', '+44169772345'],
    ['01534 960123', 'GB', '+441534960123'],
    ['01534 960123', 'JE', '+441534960123'],
    ['+33 1 23 45 67 89', 'GB', '+33123456789'],
    ['0033 1 23 45 67 89', 'GB', '+33123456789'],
    ['01 23 45 67 89', 'FR', '+33123456789'],
    ['(212) 555-0123', 'US', '+12125550123'],
    ['011 44 20 7946 0018', 'US', '+442079460018'],
    ['+870 773 111 632', 'GB', '+870773111632'],
    ['00372 600 1234', 'GB', '+3726001234'],
  ])('reads %s in %s as %s', (raw, country, expected) => {
    expect(parseE164(raw, country)).toEqual({ ok: true, value: expected });
  });

  it.each<[string, string]>([
    ['', 'empty'],
    ['  - ', 'empty'],
    ['+', 'empty'],
    ['0207 946', 'length'],
    ['0207 946 00188', 'length'],
    ['020 7946 001', 'not-in-use'],
    ['999', 'no-leading-zero'],
    ['+44999', 'length'],
    ['0044112', 'length'],
    ['118118', 'no-leading-zero'],
    ['+44118118', 'length'],
    ['18002 020 7946 0018', 'no-leading-zero'],
    ['+44 18002 079460018', 'length'],
    ['141 020 7946 0018', 'no-leading-zero'],
    ['2079460018', 'no-leading-zero'],
    ['44999', 'no-leading-zero'],
    ['0412 345 6789', 'not-in-use'],
    ['0500 123456', 'not-in-use'],
    ['021 1234 5678', 'not-in-use'],
    ['002079460018', 'ambiguous'],
    ['+99912345', 'unknown-country'],
    ['+0123456789', 'unknown-country'],
    ['+33 1 23', 'length'],
    ['020 7946 0018 ext 12', 'characters'],
    ['0800 FLOWERS', 'characters'],
    ['０２０７９４６００１８', 'characters'],
    ['٠٢٠٧٩٤٦٠٠١٨', 'characters'],
    ['02079460018;ext=1', 'characters'],
    ['02079460018@x', 'characters'],
    ['0207946&0018', 'characters'],
    ['020,79460018', 'characters'],
    ['++442079460018', 'characters'],
    ['0'.repeat(65), 'too-long'],
    ['+44', 'length'],
    ['0', 'length'],
    ['+1234567890123456789', 'unknown-country'],
  ])('refuses %j with %s', (raw, code) => {
    const parsed = parseE164(raw, 'GB');
    expect(parsed.ok ? parsed.value : parsed.error.code).toBe(code);
    expect(parsed.ok ? '' : parsed.error.message).not.toMatch(/invalid|please|sorry|oops/i);
  });

  it('says how many digits a UK number has too few of', () => {
    const parsed = parseE164('0207 946', 'GB');
    expect(parsed.ok ? '' : parsed.error.message).toBe(
      '0207946 has 7 digits, counted from the 0. UK numbers have 10 or 11, for example 020 7946 0018.',
    );
  });

  it('never throws, and gives the E.164 form alone, made of digits that were in the text', () => {
    fc.assert(
      fc.property(hostileText, fc.constantFrom<CountryCode>('GB', 'FR', 'US', 'JE'), (raw, country) => {
        const parsed = parseE164(raw, country);
        if (!parsed.ok) return !/[^\x20-\x7e]/.test(parsed.error.message);
        return isE164(parsed.value) && raw.replace(/[^0-9]/g, '').endsWith(parsed.value.slice(4));
      }),
      { numRuns: 3_000 },
    );
    for (const raw of HUGE) expect(toE164OrNull(raw, 'GB')).toBeNull();
  });

  it('agrees with libphonenumber on every UK number that the library holds valid', () => {
    fc.assert(
      fc.property(ukNumber, (number) => {
        const theirs = parsePhoneNumberFromString(`0${number.slice(3)}`, 'GB');
        expect(theirs?.isValid() === true ? theirs.number : number).toBe(toE164OrNull(`0${number.slice(3)}`, 'GB'));
      }),
    );
  });
});

describe('formatNumber', () => {
  it.each([
    ['+442079460018', '020 7946 0018'],
    ['+441174960123', '0117 496 0123'],
    ['+441632960018', '01632 960018'],
    ['+447700900123', '07700 900123'],
    ['+448081570000', '0808 157 0000'],
    ['+33123456789', '+33 1 23 45 67 89'],
    ['+441154960123', '0115 496 0123'],
    ['+442896496123', '028 9649 6123'],
    ['+442890180123', '028 9018 0123'],
    ['+443069990123', '0306 999 0123'],
    ['+449098790123', '0909 879 0123'],
    ['+448001111', '0800 1111'],
    ['+44169772345', '016977 2345'],
    ['+441534960123', '01534 960123'],
    ['+447624012345', '07624 012345'],
    ['+44999', '+44 999'],
    ['+99912345', '+99912345'],
    ['+12125550123', '+1 212 555 0123'],
  ])('%s is shown as %s', (number, shown) => {
    expect(formatNumber(e164(number))).toBe(shown);
  });

  it('is read back as the same number, for every UK class and drama range', () => {
    fc.assert(
      fc.property(fc.oneof(ukNumber, dramaNumber), (number) => toE164OrNull(formatNumber(number), 'GB') === number),
      { numRuns: 2_000 },
    );
  });
});

describe('maskNumber', () => {
  it.each([
    ['+447700900123', '07700 900•••'],
    ['+442079460018', '020 7946 0•••'],
    ['+33123456789', '+33 1 23 45 6• ••'],
    ['+448001111', '0800 1•••'],
  ])('%s is shown as %s', (number, shown) => {
    expect(maskNumber(e164(number))).toBe(shown);
  });

  it('hides three digits and changes nothing else', () => {
    fc.assert(
      fc.property(
        ukNumber,
        (number) => maskNumber(number).replace(/•/g, '').length === formatNumber(number).length - 3,
      ),
    );
  });
});

describe('countryOf and isCountryCode', () => {
  it.each([
    ['+447700900123', 'GB'],
    ['+442079460018', 'GB'],
    ['+441481960123', 'GG'],
    ['+441534960123', 'JE'],
    ['+441624696123', 'IM'],
    ['+447624012345', 'IM'],
    ['+33123456789', 'FR'],
    ['+12125550123', 'US'],
    ['+18765550123', 'JM'],
    ['+870773111632', undefined],
    ['+99912345', undefined],
  ])('%s is of %s', (number, country) => {
    expect(countryOf(e164(number))).toBe(country);
  });

  it('knows the country of a mobile number by its range, as the library does by the whole number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999 }), (rest) => {
        const number = `+447${String(rest).padStart(9, '0')}`;
        const shown = number.startsWith('+447624') ? 'IM' : (parsePhoneNumberFromString(number)?.country ?? 'GB');
        expect(countryOf(number as E164)).toBe(shown);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['GB', true],
    ['FR', true],
    ['gb', false],
    ['XX', false],
    ['constructor', false],
    ['__proto__', false],
    ['', false],
  ])('%s is a country: %s', (text, expected) => {
    expect(isCountryCode(text)).toBe(expected);
  });
});
