import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sayCharacters, sayCount, sayDate, sayDigits, sayNumber, sayTime, type Countable, type SpokenDate } from '../../../src/routing/say.ts';

const spoken = (ids: string[]) => ids.join(' ');
const manifest = JSON.parse(readFileSync(new URL('../../../sounds/manifest.json', import.meta.url), 'utf8')) as { prompts: { id: string }[] };
const ids = new Set(manifest.prompts.map((p) => p.id));

describe('digits', () => {
  it.each([
    ['1632', 'plain', 'one six three two'],
    ['0011', 'plain', 'zero zero one one'],
    ['01632 960018', 'telephone', 'oh one six three two pause nine six double oh one eight'],
    ['07700 900999', 'telephone', 'oh double seven double oh pause nine double oh treble nine'],
    ['2222', 'telephone', 'treble two two'],
    ['55555', 'telephone', 'treble five double five'],
    ['*21#', 'plain', 'star two one hash'],
    ['**', 'telephone', 'star star'],
    ['+44', 'telephone', 'plus double four'],
    ['  1   2 ', 'plain', 'one pause two'],
    ['a1\u0000-2\u0664', 'plain', 'one two'],
    ['', 'plain', ''],
    ['abc', 'plain', ''],
  ] as const)('%j %s is "%s"', (digits, style, expected) => {
    expect(spoken(sayDigits(digits, style))).toBe(expected);
  });

  it('stops after 40 digits of a flood', () => {
    expect(sayDigits('1'.repeat(1_000_000))).toHaveLength(40);
    expect(sayDigits('12'.repeat(500_000), 'telephone')).toHaveLength(40);
  });
});

describe('characters', () => {
  it.each([['aZ9', 'letter-a letter-z nine'], ['B-4 é', 'letter-b four'], ['', '']])('%j is "%s"', (text, expected) => {
    expect(spoken(sayCharacters(text))).toBe(expected);
  });
});

describe('numbers', () => {
  it.each([
    [0, 'zero'], [-0, 'zero'], [7, 'seven'], [10, 'ten'], [19, 'nineteen'], [20, 'twenty'], [21, 'twenty one'], [99, 'ninety nine'],
    [100, 'one hundred'], [101, 'one hundred and one'], [342, 'three hundred and forty two'], [1000, 'one thousand'],
    [1001, 'one thousand and one'], [1234, 'one thousand two hundred and thirty four'], [12_000, 'twelve thousand'],
    [100_099, 'one hundred thousand and ninety nine'], [999_999, 'nine hundred and ninety nine thousand nine hundred and ninety nine'],
    [1_000_000, 'one million'], [1_000_005, 'one million and five'], [2_500_100, 'two million five hundred thousand one hundred'],
    [999_000_000, 'nine hundred and ninety nine million'], [1_000_000_000, 'one zero zero zero zero zero zero zero zero zero'],
    [-12, 'minus twelve'], [12.5, 'twelve point five'], [0.05, 'zero point zero five'], [-0.5, 'minus zero point five'],
    [0.1 + 0.2, 'zero point three'], [0.9999999, 'one'], [-0.0000001, 'zero'],
    [Number.NaN, ''], [Number.POSITIVE_INFINITY, ''], [1e21, ''],
  ])('%d is "%s"', (value, expected) => {
    expect(spoken(sayNumber(value))).toBe(expected);
  });
});

describe('dates', () => {
  const rows: [SpokenDate, string][] = [
    [{ year: 2026, month: 11, day: 23, weekday: 1 }, 'monday the twenty-third of november twenty twenty six'],
    [{ month: 1, day: 1 }, 'the first of january'],
    [{ year: 2000, month: 2, day: 29 }, 'the twenty-ninth of february two thousand'],
    [{ year: 2007, month: 12, day: 31, weekday: 7 }, 'sunday the thirty-first of december two thousand and seven'],
    [{ year: 1900, month: 5, day: 12 }, 'the twelfth of may nineteen hundred'],
    [{ year: 1905, month: 5, day: 12 }, 'the twelfth of may nineteen oh five'],
    [{ year: 2010, month: 5, day: 2 }, 'the second of may twenty ten'],
    [{ year: 2100, month: 5, day: 2 }, 'the second of may twenty one hundred'],
    [{ month: 13, day: 1 }, ''], [{ month: 1, day: 32 }, ''], [{ month: 1, day: 0 }, ''], [{ month: 0, day: 1 }, ''],
    [{ month: 1, day: 1, weekday: 8 }, ''], [{ month: 1.5, day: 1 }, ''], [{ year: 0, month: 1, day: 1 }, ''], [{ year: Number.NaN, month: 1, day: 1 }, ''],
  ];
  it.each(rows)('%j is "%s"', (date, expected) => {
    expect(spoken(sayDate(date))).toBe(expected);
  });
});

describe('times', () => {
  it.each([
    [0, 0, 'midnight'], [12, 0, 'midday'], [14, 15, 'two fifteen p-m'], [9, 5, 'nine oh five a-m'], [9, 0, 'nine a-m'],
    [0, 30, 'twelve thirty a-m'], [12, 1, 'twelve oh one p-m'], [23, 59, 'eleven fifty nine p-m'], [13, 0, 'one p-m'],
    [24, 0, ''], [-1, 0, ''], [1, 60, ''], [1.5, 0, ''], [Number.NaN, 0, ''],
  ])('%d:%d is "%s"', (hour, minute, expected) => {
    expect(spoken(sayTime({ hour, minute }))).toBe(expected);
  });
});

describe('counts', () => {
  it.each<[number, Countable, string]>([
    [0, 'message', 'no messages'], [1, 'new-message', 'one new-message'], [2, 'old-message', 'two old-messages'],
    [101, 'message', 'one hundred and one messages'], [-1, 'message', ''], [1.5, 'message', ''],
  ])('%d %s is "%s"', (n, what, expected) => {
    expect(spoken(sayCount(n, what))).toBe(expected);
  });
});

it('says nothing that was not recorded', () => {
  const said = new Set<string>();
  const add = (list: string[]) => list.forEach((id) => said.add(id));
  for (const style of ['plain', 'telephone'] as const) add(sayDigits('0123456789*#+ 00 11 222', style));
  add(sayCharacters('abcdefghijklmnopqrstuvwxyz0123456789'));
  for (let n = 0; n < 1200; n += 1) add(sayNumber(n));
  add([...sayNumber(-1.5), ...sayNumber(7_000_000)]);
  for (let day = 1; day <= 31; day += 1) add(sayDate({ year: 1990 + day, month: 1 + (day % 12), day, weekday: 1 + (day % 7) }));
  for (let at = 0; at < 1440; at += 1) add(sayTime({ hour: Math.floor(at / 60), minute: at % 60 }));
  for (const what of ['message', 'new-message', 'old-message'] as const) for (const n of [0, 1, 2]) add(sayCount(n, what));
  expect([...said].filter((id) => !ids.has(id))).toEqual([]);
  expect(said.size).toBe(130);
});
