// The data against a library that knows the rules. The library knows no one-off day that was proclaimed after it was
// made, and our list leaves out weekend originals of days that nobody would open for anyway.
import Holidays from 'date-holidays';
import { describe, expect, test } from 'vitest';
import { BANK_HOLIDAY_YEARS, bankHolidaysOf, nationName } from '../../../src/routing/bank-holidays.ts';
import { dayOf, weekday } from '../../../src/routing/local-time.ts';
import type { Nation } from '../../../src/routing/plan.ts';

const STATES: Readonly<Record<Nation, string>> = { england: 'ENG', wales: 'WLS', scotland: 'SCT', 'northern-ireland': 'NIR' };
/** Days that we have and the library has not. */
const PROCLAIMED: Readonly<Record<Nation, readonly string[]>> = { england: [], wales: [], scotland: ['2026-06-15'], 'northern-ireland': [] };

function libraryDates(nation: Nation): Set<string> {
  const library = new Holidays('GB', STATES[nation]);
  const dates = new Set<string>();
  for (let year = BANK_HOLIDAY_YEARS.first; year <= BANK_HOLIDAY_YEARS.last; year += 1) {
    for (const { date, type } of library.getHolidays(year)) if (type === 'public') dates.add(date.slice(0, 10));
  }
  return dates;
}

const isWeekend = (date: string): boolean => weekday(dayOf(date) ?? 0) > 4;

describe.each(Object.keys(STATES) as Nation[])('%s', (nation) => {
  test('has every weekday that the library has, and beyond it only the proclaimed days', () => {
    const library = libraryDates(nation);
    const ours = [...bankHolidaysOf(nation).keys()];
    expect([...library].filter((date) => !isWeekend(date) && !bankHolidaysOf(nation).has(date))).toEqual([]);
    expect(ours.filter((date) => !isWeekend(date) && !library.has(date))).toEqual(PROCLAIMED[nation]);
  });
  test('weekend days are Christmas and New Year alone', () => {
    const names = [...bankHolidaysOf(nation)].filter(([date]) => isWeekend(date)).map(([, name]) => name);
    expect(names.filter((name) => !['Christmas Day', 'Boxing Day', "New Year's Day", '2nd January'].includes(name))).toEqual([]);
    expect(bankHolidaysOf(nation).get('2027-12-25')).toBe('Christmas Day');
  });
  test('covers every year, with real dates', () => {
    for (const date of bankHolidaysOf(nation).keys()) expect(dayOf(date), date).not.toBeNull();
    for (let year = BANK_HOLIDAY_YEARS.first; year <= BANK_HOLIDAY_YEARS.last; year += 1) {
      expect([...bankHolidaysOf(nation).keys()].filter((date) => date.startsWith(String(year))).length, String(year)).toBeGreaterThanOrEqual(8);
    }
    expect(nationName(nation)).toMatch(/^[A-Z]/);
  });
});
