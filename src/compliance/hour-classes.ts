// The partition of local time by opening hours: stretches of the week, of listed dates and of bank holidays in which no
// table changes its state. Same state functions as a live call; local times that a change of the clocks skips are no
// times. Read `Calendar.spansOf` first.
import { scheduleOf, stateAt } from '../routing/hours.ts';
import type { OpenState } from '../routing/hours.ts';
import { dayOf, isoDate, localTime, weekday } from '../routing/local-time.ts';
import type { HoursTable } from '../routing/plan.ts';

export type HourState = OpenState['state'];

/** From `from` to `to`, minutes of a local day, every table is in the state that `states` gives in its place. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly states: readonly HourState[];
  /** A weekday, 0 = Monday, without anything special; or a date and how many dates are like it (this one is the first). */
  readonly on: { readonly weekday: number } | { readonly day: number; readonly alike: number };
}

const DAY_MINUTES = 1440;
interface Segment {
  readonly from: number;
  readonly state: HourState;
}

/** Keeps what is worked out once for a plan. */
export class Calendar {
  readonly #zone: string;
  readonly #fromDay: number;
  readonly #spans = new Map<string, readonly Span[]>();
  readonly #special = new Map<HoursTable, readonly number[]>();
  readonly #days = new Map<ReadonlyMap<string, unknown>, readonly number[]>();
  readonly #skips = new Map<number, boolean>();

  /** Dates before the local day `fromDay` are over, and left out. */
  constructor(zone: string, fromDay: number) {
    this.#zone = zone;
    this.#fromDay = fromDay;
  }

  /** All stretches, ordinary weekdays from Monday first, then dates in order. Without tables: the whole week. */
  spansOf(tables: readonly HoursTable[]): readonly Span[] {
    const key = tables.map(({ name }) => name).join('\n');
    const known = this.#spans.get(key);
    if (known !== undefined) return known;
    const specials = [...new Set(tables.flatMap((table) => this.#specialDays(table)))].sort((a, b) => a - b);
    // Any week behind the last special day is an ordinary one.
    const behind = Math.max(this.#fromDay, (specials.at(-1) ?? 0) + 2);
    const monday = behind + ((7 - weekday(behind)) % 7) + 7;
    const spans: Span[] = [];
    for (let at = 0; at < 7; at += 1) spans.push(...this.#dayOf(tables, monday + at, { weekday: at }));
    for (const { day, alike } of this.#alike(tables, specials)) spans.push(...this.#dayOf(tables, day, { day, alike }));
    this.#spans.set(key, spans);
    return spans;
  }

  /** Dates that are unlike their weekday for this table, and those after them that inherit a night. */
  #specialDays(table: HoursTable): readonly number[] {
    let days = this.#special.get(table);
    if (days === undefined) {
      const listed = [...this.#daysIn(table.dates), ...(table.bankHolidayOpen === null ? [] : this.#daysIn(table.bankHolidays))];
      const hasNights = [...table.week, ...[...table.dates.values()].map(({ open }) => open), table.bankHolidayOpen ?? []].some((open) => open.some(({ to }) => to > DAY_MINUTES));
      days = listed.flatMap((day) => (hasNights ? [day, day + 1] : [day])).filter((day) => day >= this.#fromDay);
      this.#special.set(table, days);
    }
    return days;
  }

  #daysIn(dates: ReadonlyMap<string, unknown>): readonly number[] {
    let days = this.#days.get(dates);
    if (days === undefined) {
      days = [...dates.keys()].map(dayOf).filter((day) => day !== null);
      this.#days.set(dates, days);
    }
    return days;
  }

  /** Days that are the same for every table, once, with their number. */
  #alike(tables: readonly HoursTable[], days: readonly number[]): readonly { readonly day: number; readonly alike: number }[] {
    const kinds = new Map<string, { readonly day: number; alike: number }>();
    for (const day of days) {
      const [date, before] = [isoDate(day), isoDate(day - 1)];
      const kind = this.#hasSkip(day) ? date : `${weekday(day)}|${tables.map((table) => `${kindOf(table, date)}/${kindOf(table, before)}`).join('|')}`;
      const found = kinds.get(kind);
      if (found === undefined) kinds.set(kind, { day, alike: 1 });
      else found.alike += 1;
    }
    return [...kinds.values()];
  }

  #dayOf(tables: readonly HoursTable[], day: number, on: Span['on']): Span[] {
    const segments = tables.map((table) => segmentsOf(table, day));
    const cuts = [...new Set([0, ...segments.flatMap((list) => list.map(({ from }) => from))])].sort((a, b) => a - b);
    const at = segments.map(() => 0);
    const spans: Span[] = [];
    cuts.forEach((from, index) => {
      const states = segments.map((list, table) => {
        while ((list[(at[table] ?? 0) + 1]?.from ?? DAY_MINUTES) <= from) at[table] = (at[table] ?? 0) + 1;
        return list[at[table] ?? 0]?.state ?? 'closed';
      });
      const to = cuts[index + 1] ?? DAY_MINUTES;
      if (!('day' in on) || this.#exists(day, from, to)) spans.push({ from, to, states, on });
    });
    return spans;
  }

  /** False when the clocks skip all of it on this day. */
  #exists(day: number, from: number, to: number): boolean {
    if (!this.#hasSkip(day)) return true;
    for (let minute = from; minute < to; minute += 1) if (this.#isReal(day, minute)) return true;
    return false;
  }

  #hasSkip(day: number): boolean {
    let has = this.#skips.get(day);
    if (has === undefined) {
      has = offsetMinutes(day * DAY_MINUTES + 2 * DAY_MINUTES, this.#zone) !== offsetMinutes(day * DAY_MINUTES - DAY_MINUTES, this.#zone);
      this.#skips.set(day, has);
    }
    return has;
  }

  #isReal(day: number, minute: number): boolean {
    const local = day * DAY_MINUTES + minute;
    return [-DAY_MINUTES, 2 * DAY_MINUTES].some((away) => {
      const found = localTime((local - offsetMinutes(local + away, this.#zone)) * 60_000, this.#zone);
      return found.day === day && found.minute === minute;
    });
  }
}

/** Spans with the same states are one class of hours. In order of their first span. */
export function classesOf(spans: readonly Span[]): readonly (readonly HourState[])[] {
  const classes = new Map<string, readonly HourState[]>();
  for (const { states } of spans) {
    const key = states.join();
    if (!classes.has(key)) classes.set(key, states);
  }
  return [...classes.values()];
}

function segmentsOf(table: HoursTable, day: number): readonly Segment[] {
  const cuts = new Set([0]);
  for (const { from, to } of scheduleOf(table, day)) for (const cut of [from, to]) if (cut < DAY_MINUTES) cuts.add(cut);
  for (const { from, to } of scheduleOf(table, day - 1)) for (const cut of [from - DAY_MINUTES, to - DAY_MINUTES]) if (cut > 0 && cut < DAY_MINUTES) cuts.add(cut);
  const segments: Segment[] = [];
  for (const from of [...cuts].sort((a, b) => a - b)) {
    const state = stateAt(table, day, from);
    if (segments.at(-1)?.state !== state) segments.push({ from, state });
  }
  return segments;
}

function kindOf(table: HoursTable, date: string): string {
  if (table.dates.has(date)) return date;
  return table.bankHolidayOpen !== null && table.bankHolidays.has(date) ? 'holiday' : '';
}

function offsetMinutes(epochMinute: number, zone: string): number {
  const { day, minute } = localTime(epochMinute * 60_000, zone);
  return day * DAY_MINUTES + minute - epochMinute;
}
