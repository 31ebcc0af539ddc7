// Whether a table of opening hours is open at an instant, until when, and why not. Listed dates win over bank holidays,
// those over the week; times that run past midnight belong to the day they began on. Read `openAt` first.
import { nationName } from './bank-holidays.ts';
import { clockText, isoDate, localTime, shortDateText, weekday } from './local-time.ts';
import type { HoursTable, Interval, Nation } from './plan.ts';

/** What the hours say. `detail` is a finished sentence part: `until 17:30`, `Christmas Day, bank holiday in England`. */
export interface OpenState {
  /** `holiday` = closed, on a bank holiday or a listed date. */
  readonly state: 'open' | 'closed' | 'holiday';
  readonly detail: string;
}

const DAY_MINUTES = 1440;
/** How far ahead the next opening is looked for. */
const LOOK_AHEAD_DAYS = 14;
/** A time open for longer than this is called open at all times. */
const ALWAYS_DAYS = 7;

interface Cached {
  minute: number;
  zone: string;
  result: OpenState;
}
/** The last answer of each table. It holds for its minute: every zone differs from UTC by whole minutes. */
const answers = new WeakMap<HoursTable, Cached>();

/** State of `table` at `epochMs`. Pure apart from a memo; throws RangeError for an unknown zone only. */
export function openAt(table: HoursTable, epochMs: number, zone: string, nation: Nation): OpenState {
  const minute = Math.floor(epochMs / 60_000);
  const cached = answers.get(table);
  if (cached?.minute === minute && cached.zone === zone) return cached.result;
  const result = Object.freeze(judge(table, epochMs, zone, nation));
  answers.set(table, { minute, zone, result });
  return result;
}

function judge(table: HoursTable, epochMs: number, zone: string, nation: Nation): OpenState {
  const { day, minute } = localTime(epochMs, zone);
  const open = openIntervalAt(table, day, minute);
  if (open !== null) return { state: 'open', detail: untilText(table, day, minute) };
  const date = isoDate(day);
  const listed = table.dates.get(date);
  if (listed) return { state: 'holiday', detail: listed.label };
  const holiday = table.bankHolidayOpen === null ? undefined : table.bankHolidays.get(date);
  if (holiday !== undefined) return { state: 'holiday', detail: holidayText(holiday, nation) };
  return { state: 'closed', detail: opensText(table, day, minute) };
}

/** State at a local time, without the detail: what `openAt` says at an instant that has this local time. */
export function stateAt(table: HoursTable, day: number, minute: number): OpenState['state'] {
  if (openIntervalAt(table, day, minute) !== null) return 'open';
  const date = isoDate(day);
  return table.dates.has(date) || (table.bankHolidayOpen !== null && table.bankHolidays.has(date)) ? 'holiday' : 'closed';
}

/** Open times of one local day, before what the day before left over. */
export function scheduleOf(table: HoursTable, day: number): readonly Interval[] {
  const date = isoDate(day);
  const listed = table.dates.get(date);
  if (listed) return listed.open;
  if (table.bankHolidayOpen !== null && table.bankHolidays.has(date)) return table.bankHolidayOpen;
  return table.week[weekday(day)] ?? [];
}

/** Minute of `day` at which the open time around `minute` ends (may be past 1440), or null when closed. */
function openIntervalAt(table: HoursTable, day: number, minute: number): number | null {
  let end: number | null = null;
  for (const { from, to } of scheduleOf(table, day)) {
    if (from <= minute && minute < to) end = Math.max(end ?? 0, to);
  }
  for (const { from, to } of scheduleOf(table, day - 1)) {
    const shifted = minute + DAY_MINUTES;
    if (from <= shifted && shifted < to) end = Math.max(end ?? 0, to - DAY_MINUTES);
  }
  return end;
}

function untilText(table: HoursTable, startDay: number, startMinute: number): string {
  let day = startDay;
  let minute = startMinute;
  // Times that touch (…-24:00 and 00:00-…) are one; each turn moves forward, and the day is bounded.
  for (;;) {
    const end = openIntervalAt(table, day, minute);
    if (end === null) break;
    day += Math.floor(end / DAY_MINUTES);
    minute = end % DAY_MINUTES;
    if (day - startDay > ALWAYS_DAYS) return 'at all times';
  }
  return `until ${momentText(day, minute, startDay, startMinute)}`;
}

function opensText(table: HoursTable, startDay: number, startMinute: number): string {
  for (let day = startDay; day <= startDay + LOOK_AHEAD_DAYS; day += 1) {
    let first = Infinity;
    for (const { from } of scheduleOf(table, day)) {
      if ((day > startDay || from > startMinute) && from < first) first = from;
    }
    if (first !== Infinity) return `until ${momentText(day, first, startDay, startMinute)}`;
  }
  return `for more than ${LOOK_AHEAD_DAYS} days`;
}

/** The time alone when it is the next one the clock will show, otherwise with its day. */
function momentText(day: number, minute: number, startDay: number, startMinute: number): string {
  const isNext = day === startDay || (day === startDay + 1 && minute <= startMinute);
  return isNext ? clockText(minute) : `${shortDateText(day)} ${clockText(minute)}`;
}

function holidayText(name: string, nation: Nation): string {
  const where = `in ${nationName(nation)}`;
  return name.endsWith('bank holiday') ? `${name} ${where}` : `${name}, bank holiday ${where}`;
}

/** True when the table has no open time at all. */
export function isNeverOpen(table: HoursTable): boolean {
  if (table.week.some((intervals) => intervals.length > 0)) return false;
  if ((table.bankHolidayOpen?.length ?? 0) > 0 && table.bankHolidays.size > 0) return false;
  for (const { open } of table.dates.values()) if (open.length > 0) return false;
  return true;
}
