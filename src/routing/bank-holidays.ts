// Bank holidays of the four nations, as data: general rules cannot know one-off days. Source: Banking and Financial
// Dealings Act 1971, schedule 1, and royal proclamations (substitutes; Scotland's 15 June 2026). Data of
// November 2026; a plan adds and removes days of its own. Read `bankHolidaysOf` first.
import type { Nation } from './plan.ts';

/** Years that the data covers; after the last one only the admin's own dates count. */
export const BANK_HOLIDAY_YEARS = { first: 2024, last: 2030 } as const;

type Dates = readonly (readonly [date: string, name: string])[];

// Christmas Day, Boxing Day, New Year's Day and Scotland's 2 January stand here also when they fall on a weekend and
// have a substitute: a firm that opens on Saturdays is still closed on Christmas Day.
const common: Dates = [
  ['2024-01-01', "New Year's Day"], ['2024-03-29', 'Good Friday'], ['2024-05-06', 'Early May bank holiday'],
  ['2024-05-27', 'Spring bank holiday'], ['2024-12-25', 'Christmas Day'], ['2024-12-26', 'Boxing Day'],
  ['2025-01-01', "New Year's Day"], ['2025-04-18', 'Good Friday'], ['2025-05-05', 'Early May bank holiday'],
  ['2025-05-26', 'Spring bank holiday'], ['2025-12-25', 'Christmas Day'], ['2025-12-26', 'Boxing Day'],
  ['2026-01-01', "New Year's Day"], ['2026-04-03', 'Good Friday'], ['2026-05-04', 'Early May bank holiday'],
  ['2026-05-25', 'Spring bank holiday'], ['2026-12-25', 'Christmas Day'], ['2026-12-26', 'Boxing Day'],
  ['2026-12-28', 'Boxing Day (substitute day)'], ['2027-01-01', "New Year's Day"], ['2027-03-26', 'Good Friday'],
  ['2027-05-03', 'Early May bank holiday'], ['2027-05-31', 'Spring bank holiday'], ['2027-12-25', 'Christmas Day'],
  ['2027-12-26', 'Boxing Day'], ['2027-12-27', 'Christmas Day (substitute day)'],
  ['2027-12-28', 'Boxing Day (substitute day)'], ['2028-01-01', "New Year's Day"],
  ['2028-01-03', "New Year's Day (substitute day)"], ['2028-04-14', 'Good Friday'],
  ['2028-05-01', 'Early May bank holiday'], ['2028-05-29', 'Spring bank holiday'], ['2028-12-25', 'Christmas Day'],
  ['2028-12-26', 'Boxing Day'], ['2029-01-01', "New Year's Day"], ['2029-03-30', 'Good Friday'],
  ['2029-05-07', 'Early May bank holiday'], ['2029-05-28', 'Spring bank holiday'], ['2029-12-25', 'Christmas Day'],
  ['2029-12-26', 'Boxing Day'], ['2030-01-01', "New Year's Day"], ['2030-04-19', 'Good Friday'],
  ['2030-05-06', 'Early May bank holiday'], ['2030-05-27', 'Spring bank holiday'], ['2030-12-25', 'Christmas Day'],
  ['2030-12-26', 'Boxing Day'],
];

const englandWalesNi: Dates = [
  ['2024-04-01', 'Easter Monday'], ['2024-08-26', 'Summer bank holiday'], ['2025-04-21', 'Easter Monday'],
  ['2025-08-25', 'Summer bank holiday'], ['2026-04-06', 'Easter Monday'], ['2026-08-31', 'Summer bank holiday'],
  ['2027-03-29', 'Easter Monday'], ['2027-08-30', 'Summer bank holiday'], ['2028-04-17', 'Easter Monday'],
  ['2028-08-28', 'Summer bank holiday'], ['2029-04-02', 'Easter Monday'], ['2029-08-27', 'Summer bank holiday'],
  ['2030-04-22', 'Easter Monday'], ['2030-08-26', 'Summer bank holiday'],
];

const scotland: Dates = [
  ['2024-01-02', '2nd January'], ['2024-08-05', 'Summer bank holiday'],
  ['2024-12-02', "St Andrew's Day (substitute day)"], ['2025-01-02', '2nd January'],
  ['2025-08-04', 'Summer bank holiday'], ['2025-12-01', "St Andrew's Day (substitute day)"],
  ['2026-01-02', '2nd January'], ['2026-06-15', 'World Cup bank holiday'], ['2026-08-03', 'Summer bank holiday'],
  ['2026-11-30', "St Andrew's Day"], ['2027-01-02', '2nd January'], ['2027-01-04', '2nd January (substitute day)'],
  ['2027-08-02', 'Summer bank holiday'], ['2027-11-30', "St Andrew's Day"], ['2028-01-02', '2nd January'],
  ['2028-01-04', '2nd January (substitute day)'], ['2028-08-07', 'Summer bank holiday'],
  ['2028-11-30', "St Andrew's Day"], ['2029-01-02', '2nd January'], ['2029-08-06', 'Summer bank holiday'],
  ['2029-11-30', "St Andrew's Day"], ['2030-01-02', '2nd January'], ['2030-08-05', 'Summer bank holiday'],
  ['2030-12-02', "St Andrew's Day (substitute day)"],
];

const northernIreland: Dates = [
  ['2024-03-18', "St Patrick's Day (substitute day)"], ['2024-07-12', 'Battle of the Boyne'],
  ['2025-03-17', "St Patrick's Day"], ['2025-07-14', 'Battle of the Boyne (substitute day)'],
  ['2026-03-17', "St Patrick's Day"], ['2026-07-13', 'Battle of the Boyne (substitute day)'],
  ['2027-03-17', "St Patrick's Day"], ['2027-07-12', 'Battle of the Boyne'], ['2028-03-17', "St Patrick's Day"],
  ['2028-07-12', 'Battle of the Boyne'], ['2029-03-19', "St Patrick's Day (substitute day)"],
  ['2029-07-12', 'Battle of the Boyne'], ['2030-03-18', "St Patrick's Day (substitute day)"],
  ['2030-07-12', 'Battle of the Boyne'],
];

const BY_NATION: Readonly<Record<Nation, ReadonlyMap<string, string>>> = {
  england: new Map([...common, ...englandWalesNi]),
  wales: new Map([...common, ...englandWalesNi]),
  scotland: new Map([...common, ...scotland]),
  'northern-ireland': new Map([...common, ...englandWalesNi, ...northernIreland]),
};

/** Date (YYYY-MM-DD) -> name. One map per nation, shared: not to be changed. */
export function bankHolidaysOf(nation: Nation): ReadonlyMap<string, string> {
  return BY_NATION[nation];
}

const NATION_NAMES: Readonly<Record<Nation, string>> = {
  england: 'England', wales: 'Wales', scotland: 'Scotland', 'northern-ireland': 'Northern Ireland',
};

/** The nation as people write it. */
export function nationName(nation: Nation): string {
  return NATION_NAMES[nation];
}
