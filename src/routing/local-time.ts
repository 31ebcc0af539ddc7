// Local date and minute of an instant in a time zone, cheap enough for every decision. Zone rules come from Temporal;
// its offset is kept per zone for a quarter of an hour, the finest grain at which any zone changes its clocks.
import { Temporal } from 'temporal-polyfill';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const QUARTER_MS = 15 * MINUTE_MS;

interface CachedOffset {
  quarter: number;
  offsetMs: number;
}
/** Bounded by the number of real zones: only names that Temporal knows are kept. */
const offsets = new Map<string, CachedOffset>();

/** A moment on the wall clock of a zone. */
export interface LocalTime {
  /** Days since 1970-01-01, local. */
  readonly day: number;
  /** 0 to 1439. */
  readonly minute: number;
}

/** True for a name of the time-zone database; offsets such as +01:00 are none, as they know no summer time. */
export function isTimeZone(zone: string): boolean {
  if (offsets.has(zone)) return true;
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]*$/.test(zone)) return false;
  try {
    offsetAt(0, zone);
    return true;
  } catch {
    return false;
  }
}

/** Wall-clock time of `epochMs` in `zone`. Throws RangeError for an unknown zone, which no compiled plan has. */
export function localTime(epochMs: number, zone: string): LocalTime {
  const local = epochMs + offsetAt(epochMs, zone);
  const day = Math.floor(local / DAY_MS);
  return { day, minute: Math.floor((local - day * DAY_MS) / MINUTE_MS) };
}

function offsetAt(epochMs: number, zone: string): number {
  const quarter = Math.floor(epochMs / QUARTER_MS);
  const cached = offsets.get(zone);
  if (cached?.quarter === quarter) return cached.offsetMs;
  const instant = Temporal.Instant.fromEpochMilliseconds(quarter * QUARTER_MS);
  const offsetMs = instant.toZonedDateTimeISO(zone).offsetNanoseconds / 1e6;
  if (cached) {
    cached.quarter = quarter;
    cached.offsetMs = offsetMs;
  } else {
    offsets.set(zone, { quarter, offsetMs });
  }
  return offsetMs;
}

/** YYYY-MM-DD of a local day. */
export function isoDate(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** Local day of YYYY-MM-DD, or null when there is no such date. */
export function dayOf(date: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return null;
  const ms = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(ms) || isoDate(ms / DAY_MS) !== date ? null : ms / DAY_MS;
}

/** 0 = Monday … 6 = Sunday. 1970-01-01 was a Thursday. */
export function weekday(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** HH:MM of a minute of the day; minutes past midnight of the next day count on. */
export function clockText(minute: number): string {
  const inDay = minute % 1440;
  return `${String(Math.floor(inDay / 60)).padStart(2, '0')}:${String(inDay % 60).padStart(2, '0')}`;
}

/** Sat 28 Nov. */
export function shortDateText(day: number): string {
  const date = new Date(day * DAY_MS);
  return `${WEEKDAYS[weekday(day)] ?? ''} ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ''}`;
}

/** Sat 28 Nov 2026. */
export function dateText(day: number): string {
  return `${shortDateText(day)} ${new Date(day * DAY_MS).getUTCFullYear()}`;
}
