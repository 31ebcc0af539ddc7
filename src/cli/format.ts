// UK formats for people: numbers, times in the customer's zone, durations. Text from outside is made safe for a
// terminal here. JSON output never comes through here.
import { cleanText } from '../numbering/clean-text.ts';
import { formatNumber, isE164 } from '../numbering/e164.ts';

/** Longest text of one value; a trace sentence has under 300. */
const MAX_TEXT = 1000;

/** Text without anything that could steer a terminal. */
export function plain(text: string): string {
  return cleanText(text, MAX_TEXT);
}

/** 01632 960018 for +441632960018; extensions and other text as they are. */
export function phone(text: string | null): string {
  if (text === null) return '';
  return isE164(text) ? formatNumber(text) : plain(text);
}

/** The caller of an answer of the API: number, "Withheld" or "No number sent". */
export function callerText(caller: { readonly kind: string; readonly number: string | null }): string {
  if (caller.kind === 'withheld') return 'Withheld';
  return caller.number === null ? 'No number sent' : phone(caller.number);
}

interface Parts {
  readonly day: string;
  readonly time: string;
}

function parts(iso: string, timeZone: string, withMs: boolean): Parts {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return { day: '?', time: '?' };
  const options: Intl.DateTimeFormatOptions = {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...(withMs ? { fractionalSecondDigits: 3 } : {}),
  };
  const found = new Map(
    formatter(timeZone, options)
      .formatToParts(at)
      .map((part) => [part.type, part.value]),
  );
  const get = (type: Intl.DateTimeFormatPartTypes): string => found.get(type) ?? '';
  // en-GB writes Sept, the house writes three letters.
  const month = get('month').slice(0, 3);
  const time = `${get('hour')}:${get('minute')}:${get('second')}${withMs ? `.${get('fractionalSecond')}` : ''}`;
  return { day: `${get('weekday')} ${get('day')} ${month} ${get('year')}`, time };
}

function formatter(timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-GB', { ...options, timeZone });
  } catch {
    return new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' });
  }
}

/** Mon 23 Nov 2026 14:03:22 */
export function dateTime(iso: string, timeZone: string): string {
  const { day, time } = parts(iso, timeZone, false);
  return `${day} ${time}`;
}

/** 14:03:22.417 */
export function clockTime(iso: string, timeZone: string): string {
  return parts(iso, timeZone, true).time;
}

/** London for Europe/London. */
export function zoneName(timeZone: string): string {
  return plain(timeZone.split('/').at(-1)?.replaceAll('_', ' ') ?? timeZone);
}

/** 42 s · 3 min 05 s · 1 h 12 min */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')} min`;
}

/** 9 ms · 1,240 ms */
export function latency(ms: number): string {
  return `${Math.round(ms).toLocaleString('en-GB')} ms`;
}

/** +5.9 s between two lines of a trace. */
export function since(ms: number): string {
  return `+${(Math.max(0, ms) / 1000).toFixed(1)} s`;
}

/** `1 problem`, `2 problems`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount.toLocaleString('en-GB')} ${amount === 1 ? one : many}`;
}

/** Milliseconds in `5s`, `500ms`, `2m`; a bare figure is seconds. null when it is none of these. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,7}(?:\.\d{1,3})?)(ms|s|m|min)?$/.exec(text.trim());
  if (match?.[1] === undefined) return null;
  const factor = match[2] === 'ms' ? 1 : match[2] === 'm' || match[2] === 'min' ? 60_000 : 1000;
  return Math.round(Number(match[1]) * factor);
}
