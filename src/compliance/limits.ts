// Bounds of calls that leave: calls at once, calls a second, minutes and pence of the day, length of one call. Pure;
// what has been used comes as arguments. Emergency calls are never asked (RULES F8). Read `limitReasons` first.
import type { OutboundLimits } from '../routing/outbound.ts';
import type { Reason } from './verdict.ts';

/** State of the rules in this file. */
export const LIMITS_VERSION = '2026-11-22';

/** What one extension or customer has used. */
export interface Usage {
  readonly calls: number;
  /** Calls begun within the last second. */
  readonly callsThisSecond: number;
  /** Of the customer's local day, live calls included. */
  readonly msToday: number;
  readonly penceToday: number;
}

/** One holder of limits: `who` as people say it, for example `extension 201`. */
export interface Holder {
  readonly who: string;
  readonly limits: OutboundLimits;
  readonly usage: Usage;
}

/** One reason for each bound that is set; `deny` where it is reached. */
export function limitReasons(holders: readonly Holder[]): readonly Reason[] {
  return holders.flatMap(({ who, limits, usage }) => [
    ...bound('calls-at-once', limits.maxCalls, usage.calls, `${who} has ${usage.calls} outside calls at once`, 'calls at once'),
    ...bound('calls-per-second', limits.maxCallsPerSecond, usage.callsThisSecond, `${who} began ${usage.callsThisSecond} calls within a second`, 'a second'),
    ...bound('minutes-per-day', limits.maxMinutesPerDay, usage.msToday / 60_000, `${who} has used ${Math.floor(usage.msToday / 60_000)} minutes today`, 'minutes a day'),
    ...bound('spend-per-day', limits.maxSpendPerDay, usage.penceToday, `${who} has spent about ${pounds(usage.penceToday)} today`, 'pence a day'),
  ]);
}

/**
 * Longest the next call may be, in ms: the shortest of the holders' bounds, the minutes left today and what is left to
 * spend at `pencePerMinute`; null = no bound.
 */
export function longestCallMs(holders: readonly Holder[], pencePerMinute: number | null): number | null {
  const bounds = holders.flatMap(({ limits, usage }) => [
    ...(limits.maxCallMs === null ? [] : [limits.maxCallMs]),
    ...(limits.maxMinutesPerDay === null ? [] : [limits.maxMinutesPerDay * 60_000 - usage.msToday]),
    ...(limits.maxSpendPerDay === null || pencePerMinute === null || pencePerMinute <= 0
      ? []
      : [((limits.maxSpendPerDay - usage.penceToday) / pencePerMinute) * 60_000]),
  ]);
  return bounds.length === 0 ? null : Math.max(1_000, Math.floor(Math.min(...bounds)));
}

function bound(rule: string, limit: number | null, used: number, text: string, unit: string): readonly Reason[] {
  if (limit === null) return [];
  const isReached = used >= limit;
  return [{ rule, version: LIMITS_VERSION, outcome: isReached ? 'deny' : 'allow', text: `${text}; ${limit} ${unit} are allowed` }];
}

function pounds(pence: number): string {
  return `£${(pence / 100).toFixed(2)}`;
}
