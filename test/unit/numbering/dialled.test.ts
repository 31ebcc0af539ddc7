// What dialled digits mean: emergency first, one rule a row, and properties under hostile input.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyDialled } from '../../../src/numbering/dialled.ts';
import type { DialContext, Dialled } from '../../../src/numbering/dialled.ts';
import { isE164 } from '../../../src/numbering/e164.ts';
import { e164, hostileText, HUGE, ukNumber } from './arbitraries.ts';

const plain: DialContext = {
  extensions: new Set(['201', '202', '999', '9999', '101', '1411', '0']),
  featureCodes: new Set(['*2', '*21', '*97', '1571', '#9']),
  country: 'GB',
};
const nine: DialContext = { ...plain, outsidePrefix: '9' };
const zero: DialContext = { ...plain, outsidePrefix: '0' };

describe('emergency', () => {
  it.each<[string, DialContext, string, boolean, string]>([
    ['999', plain, '999', false, '999'],
    ['112', plain, '112', false, '112'],
    ['18000', plain, '18000', true, '18000'],
    ['999', nine, '999', false, '999'],
    ['9999', nine, '999', false, '999'],
    ['9112', nine, '112', false, '112'],
    ['9 999', nine, '999', false, '999'],
    ['918000', nine, '18000', true, '18000'],
    ['0999', zero, '999', false, '999'],
    ['0112', zero, '112', false, '112'],
    ['141999', plain, '999', false, '999'],
    ['141 112', plain, '112', false, '112'],
    ['1470999', plain, '999', false, '999'],
    ['9141999', nine, '999', false, '999'],
    ['1419999', nine, '999', false, '999'],
    ['18001999', plain, '999', true, '18001999'],
    ['18002999', plain, '999', true, '18002999'],
    ['18002 999', plain, '999', true, '18002999'],
    ['18002112', plain, '112', true, '18002112'],
    ['918002999', nine, '999', true, '18002999'],
    ['14118002999', plain, '999', true, '18002999'],
    ['1800218000', plain, '18000', true, '18000'],
    ['+999', plain, '999', false, '999'],
    ['+44999', plain, '999', false, '999'],
    ['0044112', plain, '112', false, '112'],
    ['90044999', nine, '999', false, '999'],
    ['999#', plain, '999', false, '999'],
    ['9-9-9', plain, '999', false, '999'],
    ['999;phone-context=+44', plain, '999', false, '999'],
    [`999;${'x'.repeat(65_536)}`, plain, '999', false, '999'],
    ['999', { ...plain, country: 'FR' }, '999', false, '999'],
  ])('%s', (raw, context, service, relay, digits) => {
    expect(classifyDialled(raw, context)).toEqual({ kind: 'emergency', service, relay, digits });
  });

  it.each(['9999', '99', '9991', '1120', '0999', '*21999', '1411112', '٩٩٩', '９９９', '18003999', '99 9x'])(
    '%s is none without an outside prefix',
    (raw) => {
      expect(classifyDialled(raw, plain).kind).not.toBe('emergency');
    },
  );

  it('wins whatever the prefix, the extensions and the feature codes are', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('999', '112', '18000', '141999', '1470112', '18002999', '18001999', '1411800218000'),
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789'.split('')), maxLength: 5 })),
        fc.boolean(),
        (tail, outsidePrefix, dialPrefix) => {
          const everything = () => true;
          const separatorFree = /^[0-9]*$/.test(outsidePrefix);
          const raw = dialPrefix && separatorFree ? outsidePrefix + tail : tail;
          return (
            classifyDialled(raw, { extensions: everything, featureCodes: everything, outsidePrefix, country: 'GB' })
              .kind === 'emergency'
          );
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('is named to somebody who dialled a nine too many', () => {
    expect(classifyDialled('99999', plain)).toEqual({
      kind: 'invalid',
      reason: 'unknown-extension',
      message:
        '99999 is no extension here, and outside numbers begin with 0 or +. For the emergency services dial 999.',
    });
  });
});

describe('everything else, one rule a row', () => {
  it.each<[string, DialContext, Dialled]>([
    ['101', plain, { kind: 'short-code', digits: '101', class: 'short', prefixes: {} }],
    ['101', nine, { kind: 'extension', number: '101' }],
    ['9101', nine, { kind: 'short-code', digits: '101', class: 'short', prefixes: {} }],
    ['111', nine, { kind: 'short-code', digits: '111', class: 'short', prefixes: {} }],
    ['100', plain, { kind: 'short-code', digits: '100', class: 'short', prefixes: {} }],
    ['105', plain, { kind: 'short-code', digits: '105', class: 'short', prefixes: {} }],
    ['119', plain, { kind: 'short-code', digits: '119', class: 'short', prefixes: {} }],
    ['123', plain, { kind: 'short-code', digits: '123', class: 'short', prefixes: {} }],
    ['159', plain, { kind: 'short-code', digits: '159', class: 'short', prefixes: {} }],
    ['195', plain, { kind: 'short-code', digits: '195', class: 'short', prefixes: {} }],
    ['116 123', plain, { kind: 'short-code', digits: '116123', class: 'social', prefixes: {} }],
    ['118118', plain, { kind: 'short-code', digits: '118118', class: 'directory', prefixes: {} }],
    [
      '118118',
      { ...plain, outsidePrefix: '1' },
      { kind: 'short-code', digits: '118118', class: 'directory', prefixes: {} },
    ],
    ['141101', plain, { kind: 'short-code', digits: '101', class: 'short', prefixes: { withhold: true } }],
    ['*97', plain, { kind: 'feature', code: '*97', rest: '' }],
    ['*21', plain, { kind: 'feature', code: '*21', rest: '' }],
    ['*2107700900123#', plain, { kind: 'feature', code: '*21', rest: '07700900123#' }],
    ['*21+447700900123', plain, { kind: 'feature', code: '*21', rest: '+447700900123' }],
    ['*2201', plain, { kind: 'feature', code: '*2', rest: '201' }],
    ['#9', plain, { kind: 'feature', code: '#9', rest: '' }],
    ['1571', plain, { kind: 'feature', code: '1571', rest: '' }],
    ['201', plain, { kind: 'extension', number: '201' }],
    ['201#', plain, { kind: 'extension', number: '201' }],
    ['0', plain, { kind: 'extension', number: '0' }],
    ['0', zero, { kind: 'extension', number: '0' }],
    ['1411', plain, { kind: 'extension', number: '1411' }],
    ['9999', plain, { kind: 'extension', number: '9999' }],
    ['020 7946 0018', plain, { kind: 'e164', e164: e164('+442079460018'), class: 'geo', prefixes: {} }],
    ['9 020 7946 0018', nine, { kind: 'e164', e164: e164('+442079460018'), class: 'geo', prefixes: {} }],
    ['020 7946 0018', nine, { kind: 'e164', e164: e164('+442079460018'), class: 'geo', prefixes: {} }],
    ['0 020 7946 0018', zero, { kind: 'e164', e164: e164('+442079460018'), class: 'geo', prefixes: {} }],
    ['020 7946 0018', zero, { kind: 'e164', e164: e164('+442079460018'), class: 'geo', prefixes: {} }],
    ['0033123456789', zero, { kind: 'e164', e164: e164('+33123456789'), class: 'international', prefixes: {} }],
    ['9+447700900123', nine, { kind: 'e164', e164: e164('+447700900123'), class: 'mobile', prefixes: {} }],
    [
      '141 020 7946 0018',
      plain,
      { kind: 'e164', e164: e164('+442079460018'), class: 'geo', prefixes: { withhold: true } },
    ],
    [
      '1470 07700 900123',
      plain,
      { kind: 'e164', e164: e164('+447700900123'), class: 'mobile', prefixes: { release: true } },
    ],
    [
      '9 141 07700 900123',
      nine,
      { kind: 'e164', e164: e164('+447700900123'), class: 'mobile', prefixes: { withhold: true } },
    ],
    [
      '141 9 07700 900123',
      nine,
      { kind: 'e164', e164: e164('+447700900123'), class: 'mobile', prefixes: { withhold: true } },
    ],
    [
      '18001 01632 960018',
      plain,
      { kind: 'e164', e164: e164('+441632960018'), class: 'geo', prefixes: { relay: '18001' } },
    ],
    [
      '18002 01632 960018',
      plain,
      { kind: 'e164', e164: e164('+441632960018'), class: 'geo', prefixes: { relay: '18002' } },
    ],
    [
      '141 18001 01632 960018',
      plain,
      { kind: 'e164', e164: e164('+441632960018'), class: 'geo', prefixes: { withhold: true, relay: '18001' } },
    ],
    ['0909 879 0123', plain, { kind: 'e164', e164: e164('+449098790123'), class: 'premium', prefixes: {} }],
    ['0033 1 23 45 67 89', plain, { kind: 'e164', e164: e164('+33123456789'), class: 'international', prefixes: {} }],
    [
      '01 23 45 67 89',
      { ...plain, country: 'FR' },
      { kind: 'e164', e164: e164('+33123456789'), class: 'international', prefixes: {} },
    ],
  ])('%s', (raw, context, expected) => {
    expect(classifyDialled(raw, context)).toEqual(expected);
  });

  it.each([
    ['', 'empty'],
    ['#', 'unknown-feature'],
    ['*', 'unknown-feature'],
    ['*55', 'unknown-feature'],
    ['203', 'unknown-extension'],
    ['1471', 'unknown-extension'],
    ['141', 'unknown-extension'],
    ['alice', 'characters'],
    ['201;x', 'characters'],
    ['201@evil', 'characters'],
    ['500&PJSIP/trunk/0900', 'characters'],
    ['201,1', 'characters'],
    ['٢٠١', 'characters'],
    ['02079460018*1', 'characters'],
    ['0207 946', 'length'],
    ['9 0207 946', 'length'],
    ['141 0207 946', 'length'],
    ['0400 123 4567', 'not-in-use'],
    ['002079460018', 'ambiguous'],
    ['2079460018', 'no-leading-zero'],
    ['1'.repeat(65), 'too-long'],
    ['+99912345', 'unknown-country'],
    ['1411410207946001', 'no-leading-zero'],
  ])('%j leads nowhere: %s', (raw, reason) => {
    const dialled = classifyDialled(raw, nine);
    expect(dialled).toMatchObject({ kind: 'invalid', reason });
    expect(dialled.kind === 'invalid' ? dialled.message : '').not.toMatch(/invalid|please|sorry|oops|[^\x20-\x7e]/i);
  });

  it('speaks of the number behind the prefix', () => {
    const dialled = classifyDialled('141 0207 946', plain);
    expect(dialled.kind === 'invalid' && dialled.message).toBe(
      '0207946 has 7 digits, counted from the 0. UK numbers have 10 or 11, for example 020 7946 0018.',
    );
  });
});

describe('hostile input', () => {
  const contexts = fc.constantFrom<DialContext>(
    plain,
    nine,
    zero,
    { extensions: () => true, featureCodes: () => true, outsidePrefix: '', country: 'GB' },
    { ...plain, country: 'US' },
  );

  it('never throws, and only checked digits come out', () => {
    fc.assert(
      fc.property(hostileText, contexts, (raw, context) => isChecked(classifyDialled(raw, context))),
      { numRuns: 10_000 },
    );
  });

  it('of 64 kB is refused at once and not repeated', () => {
    for (const raw of HUGE) {
      const dialled = classifyDialled(raw, nine);
      expect(dialled.kind).toBe('invalid');
      expect(dialled.kind === 'invalid' ? dialled.message.length : 0).toBeLessThan(200);
    }
  });

  it('UK numbers keep their meaning behind every prefix', () => {
    fc.assert(
      fc.property(
        ukNumber,
        fc.constantFrom('', '141', '1470', '18001', '18002', '14118002', '9', '9141', '1419', '918002'),
        (number, prefix) => {
          const dialled = classifyDialled(`${prefix}0${number.slice(3)}`, nine);
          return dialled.kind === 'e164' && dialled.e164 === number;
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

/** True when every string that a dial string could be built from has only checked characters. */
function isChecked(dialled: Dialled): boolean {
  switch (dialled.kind) {
    case 'emergency':
      return /^(1800[12])?(999|112)$|^18000$/.test(dialled.digits);
    case 'short-code':
      return /^[0-9]{3,6}$/.test(dialled.digits);
    case 'feature':
      return /^[0-9*#+]+$/.test(dialled.code) && /^\+?[0-9*#]*$/.test(dialled.rest);
    case 'extension':
      return /^[0-9]{1,15}$/.test(dialled.number);
    case 'e164':
      return isE164(dialled.e164) && dialled.class !== 'invalid';
    case 'invalid':
      return /^[\x20-\x7e]{1,200}$/.test(dialled.message);
  }
}
