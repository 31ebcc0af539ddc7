// Once a second: gauges, the overload guard, events that have stopped although the link stands, and, where several
// processes share the state, our heartbeat and the calls of those that died.
import type { Admission } from '../calls/admission.ts';
import type { LiveCalls } from '../calls/live-calls.ts';
import type { PlanStore } from '../plans/plan-source.ts';
import type { Clock } from '../ports/clock.ts';
import type { SharedStatePort } from '../ports/state.ts';
import type { Telephony } from '../ports/telephony.ts';
import type { Alarms } from '../telemetry/alarms.ts';
import type { LogFile } from '../telemetry/log-file.ts';
import { watchLoop } from '../telemetry/loop-watch.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { TakenAsterisk } from './asterisk.ts';
import { Overload, turnAwayUntil } from './overload.ts';

export interface WatchParts {
  readonly clock: Clock;
  readonly alarms: Alarms;
  readonly metrics: Metrics;
  readonly logFile: LogFile;
  readonly live: LiveCalls;
  readonly plans: PlanStore;
  readonly telephony: Telephony;
  readonly admission: Admission;
  readonly asterisk: TakenAsterisk;
  /** null = the state is this process's alone. */
  readonly shared: { readonly state: SharedStatePort; readonly owner: string; match(): Promise<void> } | null;
}
export interface Watch {
  readonly isOverloaded: boolean;
  /** A stamp of Asterisk's, at the moment its event was handled. */
  sawStamp(stampMs: number): void;
  stop(): void;
}

const ONCE_A_SECOND_MS = 1_000;
/** New calls are turned away for this long at a time. */
const TURN_AWAY_MS = 5_000;
/** A process that has not been heard of for this long is dead. */
const HEARTBEAT_MS = 5_000;
/** Each of Asterisk's own logs; ends of calls are found in the newest part. */
const MAX_ASTERISK_LOG_BYTES = 32 * 1024 * 1024;
/** Asterisk's events no longer arrive although the link stands: two proofs of ours have not come back. */
const EVENTS_SILENT_MS = 12_000;

export function startWatch(parts: WatchParts): Watch {
  const { telephony, alarms, metrics, admission, clock } = parts;
  const loop = watchLoop((delay) => metrics.loopDelay(delay.p99Ms, delay.maxMs));
  const overload = new Overload();
  let isOverloaded = false;
  const ticker = setInterval(() => {
    gauges(parts);
    const nowMs = clock.nowMs();
    const { lastEventMs } = telephony;
    if (telephony.isUp && lastEventMs !== null && nowMs - lastEventMs > EVENTS_SILENT_MS) alarms.raise('asterisk-events', 'Asterisk answers, but its events have stopped: calls are not served.', 'See whether another program uses the same ARI application (ARI_APP); restart Asterisk when that is not it.');
    else alarms.clear('asterisk-events');
    const now = overload.isNow({ loopP50Ms: loop.last().p50Ms, nowMs });
    admission.setOverloaded(now);
    // Asterisk turns calls away by itself then, as long as it is told so again: they never reach us.
    if (now) void telephony.setGlobal('GV_OVERLOAD', turnAwayUntil(nowMs, TURN_AWAY_MS)).catch(() => {});
    if (now !== isOverloaded) {
      isOverloaded = now;
      if (!now) void telephony.setGlobal('GV_OVERLOAD', '0').catch(() => {});
      if (now) alarms.raise('overload', 'New calls are turned away with 503: events are handled late', 'Fewer calls a second, or a faster machine.');
      else alarms.clear('overload');
    }
    if (parts.shared !== null) void lookAfter(parts.shared);
  }, ONCE_A_SECOND_MS);
  ticker.unref();
  return {
    get isOverloaded() {
      return isOverloaded;
    },
    sawStamp(stampMs) {
      if (stampMs > 0) overload.saw(clock.nowMs() - stampMs);
    },
    stop() {
      clearInterval(ticker);
      loop.stop();
    },
  };
}

function gauges({ asterisk, metrics, live, plans, alarms, telephony, logFile }: WatchParts): void {
  asterisk.own?.trimLogs?.(MAX_ASTERISK_LOG_BYTES);
  metrics.liveCalls(live.size);
  metrics.reloads(plans.states());
  metrics.alarms(alarms.list().length);
  metrics.eventLag(telephony.eventLagMs);
  metrics.logLinesDropped(logFile.dropped);
}

/** A store that is away raises its own alarm; calls go on without it. */
async function lookAfter(shared: NonNullable<WatchParts['shared']>): Promise<void> {
  try {
    await shared.state.heartbeat(shared.owner, HEARTBEAT_MS);
    if ((await shared.state.deadOwners()).length > 0) await shared.match();
  } catch {
    // Said by the state port already.
  }
}
