// Figures for Prometheus behind functions in our own words. No call id, phone number or text from outside is ever a
// label: every label value comes from a bounded list. Read `createMetrics` first.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** How a plan file's last loading went. */
export type ReloadState = 'live' | 'refused' | 'withdrawn';

/** One step of a live call, one request to Asterisk and so on, as it happened. Durations are ms. */
export interface Metrics {
  callStarted(direction: 'inbound' | 'internal' | 'outbound'): void;
  callEnded(direction: 'inbound' | 'internal' | 'outbound', code: string, fault: string): void;
  /** From the call's arrival to our answer request being confirmed. */
  answered(latencyMs: number): void;
  /** From a step's beginning to its outcome; waiting for people is in it. */
  stepDone(kind: string, tookFallback: boolean, tookMs: number): void;
  decided(count?: number): void;
  turnedAway(reason: 'overload' | 'customer-limit' | 'caller-limit' | 'unknown-number' | 'draining'): void;
  /** From Asterisk's stamp to our handling. */
  eventLag(lagMs: number): void;
  asteriskRequest(verb: string, result: string, tookMs: number): void;
  linkUp(isUp: boolean): void;
  liveCalls(count: number): void;
  spoolDepth(count: number): void;
  /** 1 while every plan file is live, 0 as soon as one was refused; the count of customers by state beside it. */
  reloads(states: Readonly<Record<ReloadState, number>>): void;
  reloadDone(isLive: boolean, tookMs: number): void;
  alarms(count: number): void;
  /** Calls and usability of every trunk. */
  trunks(rows: readonly { readonly id: string; readonly isUsable: boolean; readonly calls: number }[]): void;
  loopDelay(p99Ms: number, maxMs: number): void;
  logLinesDropped(total: number): void;
  /** The text that /metrics answers, and its content type. */
  render(): Promise<{ readonly text: string; readonly contentType: string }>;
}

const SECONDS_FAST = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5];
const SECONDS_STEP = [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 20, 60, 300];
/** More different values than this in one label and the rest count as `other`: a code made from outside text by mistake must not fill the memory. */
const MAX_LABEL_VALUES = 64;

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) => new Counter({ name: `genvoice_${name}`, help, labelNames: [...labelNames], registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) => new Gauge({ name: `genvoice_${name}`, help, labelNames: [...labelNames], registers });
  const histogram = <L extends string>(name: string, help: string, buckets: number[], labelNames: readonly L[] = []) => new Histogram({ name: `genvoice_${name}`, help, buckets, labelNames: [...labelNames], registers });

  const started = counter('calls_started_total', 'Calls that reached us.', ['direction']);
  const ended = counter('calls_ended_total', 'Calls by how they ended and whose fault that was.', ['direction', 'code', 'fault']);
  const turnedAway = counter('calls_turned_away_total', 'Calls refused before a plan took them.', ['reason']);
  const live = gauge('calls_live', 'Calls being served now.');
  const answer = histogram('answer_seconds', 'Arrival of a call to our answer.', SECONDS_FAST);
  const step = histogram('step_seconds', 'Time in a step, waiting for people included.', SECONDS_STEP, ['kind']);
  const fallbacks = counter('step_fallbacks_total', 'Steps that took their fallback.', ['kind']);
  const decisions = counter('decisions_total', 'Decisions taken by plans.');
  const lag = histogram('event_lag_seconds', "Asterisk's event stamp to our handling.", SECONDS_FAST);
  const request = histogram('asterisk_request_seconds', 'Requests to Asterisk.', SECONDS_FAST, ['verb', 'result']);
  const link = gauge('asterisk_link_up', '1 while events arrive from Asterisk.');
  const spool = gauge('record_spool_depth', 'Records that wait for the store.');
  const reloadOk = gauge('plans_reload_ok', '1 while every plan file is live; 0 while at least one was refused.');
  const plans = gauge('plans', 'Customers by the state of their plan file.', ['state']);
  const reload = histogram('plan_reload_seconds', 'Noticing a changed plan to its swap or refusal.', SECONDS_STEP, ['result']);
  const alarms = gauge('alarms', 'Alarms raised now.');
  const trunkUp = gauge('trunk_usable', '1 while calls may go out over the trunk.', ['trunk']);
  const trunkCalls = gauge('trunk_calls', 'Calls over the trunk now.', ['trunk']);
  const loopP99 = gauge('event_loop_delay_p99_seconds', 'Event loop delay of the last second, 99th percentile.');
  const loopMax = gauge('event_loop_delay_max_seconds', 'Longest event loop delay of the last second.');
  const dropped = gauge('log_lines_dropped', 'Log lines lost since the start because the disk did not take them.');
  const bounded = labelBounds();

  reloadOk.set(1);
  return {
    callStarted: (direction) => started.inc({ direction }),
    callEnded: (direction, code, fault) => ended.inc({ direction, code: bounded('code', code), fault: bounded('fault', fault) }),
    answered: (latencyMs) => answer.observe(latencyMs / 1000),
    stepDone(kind, tookFallback, tookMs) {
      const label = bounded('kind', kind);
      step.observe({ kind: label }, tookMs / 1000);
      if (tookFallback) fallbacks.inc({ kind: label });
    },
    decided: (count = 1) => decisions.inc(count),
    turnedAway: (reason) => turnedAway.inc({ reason }),
    eventLag: (lagMs) => lag.observe(Math.max(0, lagMs) / 1000),
    asteriskRequest: (verb, result, tookMs) => request.observe({ verb: bounded('verb', verb), result: bounded('result', result) }, tookMs / 1000),
    linkUp: (isUp) => link.set(isUp ? 1 : 0),
    liveCalls: (count) => live.set(count),
    spoolDepth: (count) => spool.set(count),
    reloads(states) {
      for (const [state, count] of Object.entries(states)) plans.set({ state }, count);
      reloadOk.set(states.refused === 0 ? 1 : 0);
    },
    reloadDone: (isLive, tookMs) => reload.observe({ result: isLive ? 'live' : 'refused' }, tookMs / 1000),
    alarms: (count) => alarms.set(count),
    trunks(rows) {
      trunkUp.reset();
      trunkCalls.reset();
      for (const { id, isUsable, calls } of rows) {
        const trunk = bounded('trunk', id);
        trunkUp.set({ trunk }, isUsable ? 1 : 0);
        trunkCalls.set({ trunk }, calls);
      }
    },
    loopDelay(p99Ms, maxMs) {
      loopP99.set(p99Ms / 1000);
      loopMax.set(maxMs / 1000);
    },
    logLinesDropped: (total) => dropped.set(total),
    render: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  };
}

/** Label values in kebab-case words only, at most MAX_LABEL_VALUES of each label. */
function labelBounds(): (label: string, value: string) => string {
  const seen = new Map<string, Set<string>>();
  return (label, value) => {
    const values = seen.get(label) ?? new Set();
    seen.set(label, values);
    if (values.has(value)) return value;
    if (values.size >= MAX_LABEL_VALUES || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(value) || /\d{5}/.test(value)) return 'other';
    values.add(value);
    return value;
  };
}
