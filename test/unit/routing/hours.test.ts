import { describe, expect, test } from 'vitest';
import { openAt } from '../../../src/routing/hours.ts';
import { dayOf, isTimeZone, isoDate, localTime, weekday } from '../../../src/routing/local-time.ts';
import { compileText, readText } from './read-plan.ts';
import type { Nation } from '../../../src/routing/plan.ts';

const base = JSON.parse(readText('test/plans/good/small.json')) as Record<string, unknown>;

/** Asks a table of opening hours written as the admin writes it. `at` is an instant with its offset. */
function ask(hours: object, at: string, timeZone = 'Europe/London', nation: Nation = 'england'): string {
  const organisation = { ...(base['organisation'] as object), timeZone, nation };
  const { plan, problems } = compileText(JSON.stringify({ ...base, organisation, hours: { office: hours } }));
  const table = plan?.hours.get('office');
  if (plan === null || table === undefined) throw new Error(JSON.stringify(problems));
  const { state, detail } = openAt(table, Date.parse(at), timeZone, nation);
  return `${state} ${detail}`;
}

const daily = (text: string) => Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((day) => [day, [text]]));
const office = { week: { mon: ['09:00-17:30'], tue: ['09:00-17:30'], wed: ['09:00-17:30'], thu: ['09:00-17:30'], fri: ['09:00-17:30'], sat: ['10:00-13:00'] } };
const night = { week: { fri: ['22:00-03:00'] }, bankHolidays: 'ordinary' };

describe('the week', () => {
  test.each([
    ['2026-11-24T09:00:00Z', 'open until 17:30'],
    ['2026-11-24T08:59:59Z', 'closed until 09:00'],
    ['2026-11-24T17:29:59Z', 'open until 17:30'],
    ['2026-11-24T17:30:00Z', 'closed until 09:00'],
    ['2026-11-27T18:00:00Z', 'closed until 10:00'],
    ['2026-11-28T13:00:00Z', 'closed until Mon 30 Nov 09:00'],
    ['2026-11-29T12:00:00Z', 'closed until 09:00'],
  ])('%s: %s', (at, expected) => expect(ask(office, at)).toBe(expected));

  test('a lunch break closes for as long as it lasts', () => {
    const hours = { week: { tue: ['09:00-12:30', '13:30-17:00'] } };
    expect(ask(hours, '2026-11-24T12:29:00Z')).toBe('open until 12:30');
    expect(ask(hours, '2026-11-24T12:30:00Z')).toBe('closed until 13:30');
  });
  test('open at all times', () => expect(ask({ week: daily('00:00-24:00'), bankHolidays: 'ordinary' }, '2026-11-24T03:00:00Z')).toBe('open at all times'));
  test('never open', () => expect(ask({ week: {} }, '2026-11-24T03:00:00Z')).toBe('closed for more than 14 days'));
});

describe('past midnight', () => {
  test.each([
    ['2026-11-27T21:59:00Z', 'closed until 22:00'],
    ['2026-11-27T22:00:00Z', 'open until 03:00'],
    ['2026-11-28T00:00:00Z', 'open until 03:00'],
    ['2026-11-28T02:59:59Z', 'open until 03:00'],
    ['2026-11-28T03:00:00Z', 'closed until Fri 4 Dec 22:00'],
    ['2026-11-27T02:00:00Z', 'closed until 22:00'],
  ])('%s: %s', (at, expected) => expect(ask(night, at)).toBe(expected));

  test('the night that began before a bank holiday is finished', () => {
    const bar = { week: { thu: ['18:00-02:00'] } };
    expect(ask(bar, '2026-12-25T01:30:00Z')).toBe('open until 02:00');
    expect(ask(bar, '2026-12-25T02:00:00Z')).toBe('holiday Christmas Day, bank holiday in England');
  });
  test('times that touch at midnight are one', () => {
    expect(ask({ week: { mon: ['20:00-24:00'], tue: ['00:00-06:00'] } }, '2026-11-23T23:00:00Z')).toBe('open until 06:00');
  });
});

describe('when the clocks change', () => {
  // 2026-03-29 01:00 GMT becomes 02:00 BST; 2026-10-25 02:00 BST becomes 01:00 GMT.
  test.each([
    ['2026-03-27T09:00:00Z', 'open until 17:30'],
    ['2026-03-30T08:00:00Z', 'open until 17:30'],
    ['2026-03-30T07:59:00Z', 'closed until 09:00'],
    ['2026-10-23T08:00:00Z', 'open until 17:30'],
    ['2026-10-26T08:59:00Z', 'closed until 09:00'],
    ['2026-10-26T09:00:00Z', 'open until 17:30'],
  ])('local time counts: %s: %s', (at, expected) => expect(ask(office, at)).toBe(expected));

  test('an opening inside the hour that is left out', () => {
    const early = { week: { sun: ['01:30-05:00'] } };
    expect(ask(early, '2026-03-29T00:59:00Z')).toBe('closed until 01:30');
    expect(ask(early, '2026-03-29T01:00:00Z')).toBe('open until 05:00');
  });
  test('the hour that happens twice is open, or closed, both times', () => {
    const early = { week: { sun: ['01:00-01:30'] } };
    for (const at of ['2026-10-25T00:15:00Z', '2026-10-25T01:15:00Z']) expect(ask(early, at)).toBe('open until 01:30');
    for (const at of ['2026-10-25T00:45:00Z', '2026-10-25T01:45:00Z']) expect(ask(early, at)).toMatch(/^closed/);
  });
  test('other zones follow their own clocks', () => {
    expect(ask(office, '2026-11-24T14:00:00Z', 'America/New_York')).toBe('open until 17:30');
    expect(ask(office, '2026-11-24T03:29:00Z', 'Asia/Kolkata')).toBe('closed until 09:00');
    expect(ask(office, '2026-11-24T03:15:00Z', 'Asia/Kathmandu')).toBe('open until 17:30');
  });
});

describe('dates and bank holidays', () => {
  const hours = {
    ...office,
    dates: { '2026-12-24': { label: 'Christmas Eve', open: ['09:00-12:00'] }, '2026-12-28': { label: 'Sale', open: ['08:00-20:00'] } },
    bankHolidays: { open: [], add: { '2026-11-24': 'Works day' }, remove: ['2027-01-01'] },
  };
  test.each([
    ['2026-12-24T11:00:00Z', 'open until 12:00'],
    ['2026-12-24T13:00:00Z', 'holiday Christmas Eve'],
    ['2026-12-25T10:00:00Z', 'holiday Christmas Day, bank holiday in England'],
    ['2026-12-28T18:00:00Z', 'open until 20:00'],
    ['2026-11-24T10:00:00Z', 'holiday Works day, bank holiday in England'],
    ['2027-01-01T10:00:00Z', 'open until 17:30'],
    ['2026-08-31T10:00:00Z', 'holiday Summer bank holiday in England'],
    ['2026-12-23T18:00:00Z', 'closed until 09:00'],
    ['2026-12-26T14:00:00Z', 'holiday Boxing Day, bank holiday in England'],
  ])('%s: %s', (at, expected) => expect(ask(hours, at)).toBe(expected));

  test('bank holidays with hours of their own, or like any day', () => {
    expect(ask({ ...office, bankHolidays: { open: ['10:00-12:00'] } }, '2026-12-25T11:00:00Z')).toBe('open until 12:00');
    expect(ask({ ...office, bankHolidays: 'ordinary' }, '2026-12-25T11:00:00Z')).toBe('open until 17:30');
  });
  test('each nation has its own', () => {
    expect(ask(office, '2026-06-15T10:00:00Z', 'Europe/London', 'scotland')).toBe('holiday World Cup bank holiday in Scotland');
    expect(ask(office, '2026-06-15T10:00:00Z', 'Europe/London', 'england')).toBe('open until 17:30');
    expect(ask(office, '2026-07-13T10:00:00Z', 'Europe/London', 'northern-ireland')).toBe('holiday Battle of the Boyne (substitute day), bank holiday in Northern Ireland');
  });
});

describe('local time', () => {
  test('days and dates convert both ways', () => {
    for (const date of ['1999-12-31', '2024-02-29', '2026-11-22']) expect(isoDate(dayOf(date) ?? Number.NaN)).toBe(date);
    for (const date of ['2026-02-29', '2026-13-01', '2026-1-1', 'x', '2026-00-10']) expect(dayOf(date)).toBeNull();
    expect(weekday(dayOf('2026-11-23') ?? 0)).toBe(0);
    expect(weekday(dayOf('1969-12-28') ?? 0)).toBe(6);
  });
  test('zones are names, not offsets', () => {
    expect(['Europe/London', 'UTC', 'America/Argentina/Buenos_Aires'].filter(isTimeZone)).toHaveLength(3);
    expect(['+01:00', '', 'Europe/Londn', '../etc', '__proto__', 'Z1'].filter(isTimeZone)).toEqual([]);
  });
  test('agrees with the platform at every quarter of an hour around the clock changes', () => {
    const format = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    for (const start of ['2026-03-28T22:00Z', '2026-10-24T22:00Z']) {
      for (let quarter = 0; quarter < 40; quarter += 1) {
        const ms = Date.parse(start) + quarter * 900_000 + 61_000;
        const { minute } = localTime(ms, 'Europe/London');
        expect(`${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`).toBe(format.format(ms));
      }
    }
  });
});
