// Notices a wrong system clock: opening hours, records and dates are all read from it. It mends nothing.
// Three signs: a year that cannot be, a jump against the monotonic clock, and a difference to Asterisk's stamps.
import type { Clock } from '../ports/clock.ts';
import type { Alarms } from './alarms.ts';

const CHECK_EVERY_MS = 5_000;
/** A jump beyond this is no correction by NTP, which slews below 0.5 s and steps rarely. */
const JUMP_MS = 2_000;
/** A jump is shown for this time; nothing else tells that it is over. */
const JUMP_SHOWN_MS = 15 * 60_000;
/** Asterisk's stamp may be old by queueing, so only a difference that stays this long counts. */
const SWITCH_DIFFERENCE_MS = 2_000;
const SWITCH_DIFFERENCE_CHECKS = 3;
/** Before this program was written, and after it is likely to be run. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);
const LATEST_MS = Date.UTC(2060, 0, 1);
const MEND = 'Set the clock of this machine and let it be kept by NTP (timedatectl set-ntp true).';

export interface ClockWatch {
  /** A stamp of Asterisk's, at the moment its event was handled; cheap, call it for every event. */
  sawStamp(stampMs: number): void;
  stop(): void;
}

/** Looks every 5 s until stopped. Raises `clock-implausible`, `clock-jumped`, `clock-differs-from-asterisk`. */
export function watchClock(clock: Clock, alarms: Alarms): ClockWatch {
  let wall = clock.nowMs();
  let monotonic = clock.monotonicMs();
  let jumpedAt: number | null = null;
  // Least difference since the last look: waiting in a queue only ever adds to it.
  let ahead = Infinity;
  let behind = Infinity;
  let odd = 0;
  let cancel = (): void => undefined;

  const look = (): void => {
    const now = clock.nowMs();
    const steady = clock.monotonicMs();
    checkYear(now, alarms);
    const jump = now - wall - (steady - monotonic);
    if (Math.abs(jump) > JUMP_MS) {
      jumpedAt = steady;
      alarms.clear('clock-jumped');
      alarms.raise('clock-jumped', `The system clock jumped by ${(jump / 1000).toFixed(1)} s; times in records before and after do not fit together`, MEND);
    } else if (jumpedAt !== null && steady - jumpedAt > JUMP_SHOWN_MS) {
      jumpedAt = null;
      alarms.clear('clock-jumped');
    }
    [wall, monotonic] = [now, steady];
    checkSwitch();
    cancel = clock.after(CHECK_EVERY_MS, look);
  };
  const checkSwitch = (): void => {
    if (ahead === Infinity && behind === Infinity) return;
    const difference = behind > SWITCH_DIFFERENCE_MS && behind !== Infinity ? behind : ahead > SWITCH_DIFFERENCE_MS && ahead !== Infinity ? -ahead : 0;
    // Both signs in one look mean queueing, not a difference of clocks.
    odd = difference === 0 || (ahead !== Infinity && behind !== Infinity) ? 0 : odd + 1;
    if (odd >= SWITCH_DIFFERENCE_CHECKS) {
      alarms.raise('clock-differs-from-asterisk', `Asterisk's clock is ${(Math.abs(difference) / 1000).toFixed(1)} s ${difference > 0 ? 'behind' : 'ahead of'} ours`, 'Let the clocks of both machines be kept by NTP.');
    } else if (odd === 0) alarms.clear('clock-differs-from-asterisk');
    ahead = Infinity;
    behind = Infinity;
  };
  checkYear(wall, alarms);
  cancel = clock.after(CHECK_EVERY_MS, look);
  return {
    sawStamp(stampMs) {
      const difference = clock.nowMs() - stampMs;
      if (difference >= 0) behind = Math.min(behind, difference);
      else ahead = Math.min(ahead, -difference);
    },
    stop: () => cancel(),
  };
}

function checkYear(now: number, alarms: Alarms): void {
  if (now >= EARLIEST_MS && now < LATEST_MS) alarms.clear('clock-implausible');
  else alarms.raise('clock-implausible', `The system clock says ${new Date(now).toISOString().slice(0, 10)}; opening hours are decided by it`, MEND);
}
