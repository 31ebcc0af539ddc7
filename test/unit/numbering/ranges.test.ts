// The UK table of numbers, one rule a row, and every drama range.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  classOf,
  DRAMA_RANGES,
  isDramaNumber,
  NUMBER_PLAN_VERSION,
  SHORT_CODES,
  shortCodeClass,
  UK_PLAN,
} from '../../../src/numbering/ranges.ts';
import { dramaNumber, e164, ukNumber } from './arbitraries.ts';

describe('classOf, the whole table', () => {
  it.each([
    ['+441632960018', 'geo'],
    ['+441204621230', 'geo'],
    ['+44120462123', 'geo'],
    ['+44169772345', 'geo'],
    ['+442079460018', 'geo'],
    ['+442380123456', 'geo'],
    ['+442475123456', 'geo'],
    ['+442890180123', 'geo'],
    ['+442920180123', 'geo'],
    ['+442112345678', 'invalid'],
    ['+442212345678', 'invalid'],
    ['+442512345678', 'invalid'],
    ['+442612345678', 'invalid'],
    ['+442712345678', 'invalid'],
    ['+441012345678', 'invalid'],
    ['+441112345678', 'invalid'],
    ['+441712345678', 'invalid'],
    ['+441812345678', 'invalid'],
    ['+441481960123', 'crown'],
    ['+441534960123', 'crown'],
    ['+441624696123', 'crown'],
    ['+443012345678', 'ukwide'],
    ['+443312345678', 'ukwide'],
    ['+443412345678', 'ukwide'],
    ['+443712345678', 'ukwide'],
    ['+443069990123', 'ukwide'],
    ['+443112345678', 'invalid'],
    ['+443212345678', 'invalid'],
    ['+443512345678', 'invalid'],
    ['+443612345678', 'invalid'],
    ['+443812345678', 'invalid'],
    ['+443912345678', 'invalid'],
    ['+444012345678', 'invalid'],
    ['+446012345678', 'invalid'],
    ['+448212345678', 'invalid'],
    ['+449212345678', 'invalid'],
    ['+449312345678', 'invalid'],
    ['+449412345678', 'invalid'],
    ['+449512345678', 'invalid'],
    ['+449612345678', 'invalid'],
    ['+449712345678', 'invalid'],
    ['+449852345678', 'invalid'],
    ['+449862345678', 'invalid'],
    ['+449872345678', 'invalid'],
    ['+449882345678', 'invalid'],
    ['+449912345678', 'invalid'],
    ['+44500123456', 'invalid'],
    ['+445001234567', 'invalid'],
    ['+445112345678', 'invalid'],
    ['+445512345678', 'corporate'],
    ['+445612345678', 'voip'],
    ['+447012345678', 'personal'],
    ['+447112345678', 'mobile'],
    ['+447212345678', 'mobile'],
    ['+447312345678', 'mobile'],
    ['+447412345678', 'mobile'],
    ['+447512345678', 'mobile'],
    ['+447712345678', 'mobile'],
    ['+447812345678', 'mobile'],
    ['+447912345678', 'mobile'],
    ['+447911123456', 'mobile'],
    ['+447700900123', 'mobile'],
    ['+447612345678', 'pager'],
    ['+447624012345', 'crown-mobile'],
    ['+448001234567', 'free'],
    ['+44800123456', 'free'],
    ['+448001111', 'free'],
    ['+448081570123', 'free'],
    ['+448001112', 'invalid'],
    ['+44808157012', 'invalid'],
    ['+448421234567', 'service084'],
    ['+448431234567', 'service084'],
    ['+448441234567', 'service084'],
    ['+448451234567', 'service084'],
    ['+448401234567', 'invalid'],
    ['+448701234567', 'service087'],
    ['+448711234567', 'service087'],
    ['+448721234567', 'service087'],
    ['+448731234567', 'service087'],
    ['+448741234567', 'invalid'],
    ['+449012345678', 'premium'],
    ['+449112345678', 'premium'],
    ['+449812345678', 'premium'],
    ['+449842345678', 'premium'],
    ['+449892345678', 'premium'],
    ['+449098790123', 'premium'],
    ['+44999', 'invalid'],
    ['+44112', 'invalid'],
    ['+4418000', 'invalid'],
    ['+44118118', 'invalid'],
    ['+44207946001', 'invalid'],
    ['+4420794600188', 'invalid'],
    ['+44113496012', 'invalid'],
    ['+33123456789', 'international'],
    ['+12125550123', 'international'],
    ['+8811234567', 'international'],
    ['+35316790000', 'international'],
  ])('%s is %s', (number, expected) => {
    expect(classOf(e164(number))).toBe(expected);
  });

  it('gives every row a source, a date and a prefix of its own', () => {
    for (const row of [...UK_PLAN, ...SHORT_CODES, ...DRAMA_RANGES]) {
      expect(row.source).not.toBe('');
      expect(row.effectiveFrom).toBe(NUMBER_PLAN_VERSION);
    }
    expect(new Set(UK_PLAN.map((row) => row.prefix)).size).toBe(UK_PLAN.length);
  });
});

describe('shortCodeClass', () => {
  it.each([
    ['999', 'emergency'],
    ['112', 'emergency'],
    ['18000', 'emergency'],
    ['100', 'short'],
    ['101', 'short'],
    ['105', 'short'],
    ['111', 'short'],
    ['119', 'short'],
    ['123', 'short'],
    ['159', 'short'],
    ['195', 'short'],
    ['116123', 'social'],
    ['116000', 'social'],
    ['118118', 'directory'],
    ['118500', 'directory'],
    ['141', null],
    ['1470', null],
    ['1471', null],
    ['18001', null],
    ['18002', null],
    ['116xxx', null],
    ['11612', null],
    ['1161234', null],
    ['1181', null],
    ['', null],
    ['11612३', null],
    ['constructor', null],
    ['102', null],
  ])('%s is %s', (code, expected) => {
    expect(shortCodeClass(code)).toBe(expected);
  });
});

describe('isDramaNumber', () => {
  it.each([
    ['+441134960', '0113 496 0xxx'],
    ['+441144960', '0114'],
    ['+441154960', '0115'],
    ['+441164960', '0116'],
    ['+441174960', '0117'],
    ['+441184960', '0118'],
    ['+441214960', '0121'],
    ['+441314960', '0131'],
    ['+441414960', '0141'],
    ['+441514960', '0151'],
    ['+441614960', '0161'],
    ['+441914980', '0191 498 0xxx'],
    ['+442079460', '020 7946 0xxx'],
    ['+442896496', '028 9649 6xxx'],
    ['+442890180', '028 9018 0xxx'],
    ['+442920180', '029 2018 0xxx'],
    ['+441632960', '01632 960xxx'],
    ['+447700900', '07700 900xxx'],
    ['+448081570', '0808 157 0xxx'],
    ['+449098790', '0909 879 0xxx'],
    ['+443069990', '03069 990xxx'],
  ])('knows all of %s (%s)', (prefix) => {
    for (const last of ['000', '123', '999']) expect(isDramaNumber(e164(prefix + last))).toBe(true);
    expect(classOf(e164(`${prefix}123`))).not.toBe('invalid');
  });

  it.each([
    '+442079461018',
    '+442079450018',
    '+447700901123',
    '+441632961000',
    '+44207946001',
    '+4420794600188',
    '+33207946001',
    '+442890190123',
    '+12079460018',
  ])('%s is none', (number) => {
    expect(isDramaNumber(e164(number))).toBe(false);
  });

  it('has 21 ranges, each in use by class', () => {
    expect(DRAMA_RANGES).toHaveLength(21);
    fc.assert(fc.property(dramaNumber, (number) => isDramaNumber(number) && classOf(number) !== 'invalid'));
  });

  it('and the plan agree on what is a UK number', () => {
    fc.assert(fc.property(ukNumber, (number) => classOf(number) !== 'international' && classOf(number) !== 'invalid'));
  });
});
