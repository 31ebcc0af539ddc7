// Where everything that calls do is told on: log, metrics, alarms, and the streams of live pages and test calls.
import type { Observer } from '../ports/observer.ts';
import type { CallEvent } from '../http/deps.ts';
import type { Alarms } from '../telemetry/alarms.ts';
import { callFields, type Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface LiveFeed extends Observer {
  subscribe(listener: (event: CallEvent) => void): () => void;
  onListening(listener: (callId: string) => void): () => void;
}

/** What to do about the alarms that flows raise. */
const MENDS: Readonly<Record<string, string>> = {
  'state-store': 'Look at the disk of the data folder, or at Redis.',
  records: 'Look at the disk of the data folder; records wait in the spool meanwhile.',
  'flow-bug': 'Send the log of this call to whoever supports the product.',
  'voicemail-store': 'Look at the disk of the data folder; the recording is still in Asterisk.',
  'unknown-numbers': 'Tell the carrier which numbers are yours, or block the address.',
  'emergency-call': 'Somebody called the emergency services: see whether help is needed.',
  'emergency-trunk': 'Mark one trunk with "emergency": true in the trunk file.',
  'emergency-number': 'Set organisation.emergencyNumber in the plan to the number whose address is registered.',
};

/** These tell of something that happened, not of a state that ends: they go by themselves, this long after the last time. */
const MOMENTARY_MS: Readonly<Record<string, number>> = { 'unknown-numbers': 3_600_000, 'emergency-call': 86_400_000, 'flow-bug': 86_400_000, 'voicemail-store': 86_400_000 };

export function liveFeed(log: Log, metrics: Metrics, alarms: Alarms, nowMs: () => number): LiveFeed {
  const listeners = new Set<(event: CallEvent) => void>();
  const ears = new Set<(callId: string) => void>();
  const answered = new Set<string>();
  const stepAtMs = new Map<string, number>();
  const expiries = new Map<string, NodeJS.Timeout>();
  const tell = (event: CallEvent): void => {
    for (const listener of listeners) listener(event);
  };
  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onListening(listener) {
      ears.add(listener);
      return () => ears.delete(listener);
    },
    listening(callId) {
      for (const ear of ears) ear(callId);
    },
    started(call) {
      metrics.callStarted(call.direction);
      stepAtMs.set(call.id, nowMs());
      const { id: callId, customer, direction, dialled, caller, isTest } = call;
      tell({ kind: 'call-started', callId, customer, atMs: call.startedAtMs, direction, dialled, caller, isTest });
    },
    traced(call, line) {
      if (call.answeredAtMs !== null && !answered.has(call.id)) {
        answered.add(call.id);
        tell({ kind: 'call-answered', callId: call.id, customer: call.customer, atMs: call.answeredAtMs });
      }
      metrics.stepDone(line.kind, line.tookFallback, line.atMs - (stepAtMs.get(call.id) ?? line.atMs));
      metrics.decided();
      stepAtMs.set(call.id, line.atMs);
      log.info({ ...callFields(call.id, call.customer), step: line.step, kind: line.kind, outcome: line.outcome, next: line.next, fallback: line.tookFallback }, line.text);
      tell({ kind: 'call-step', callId: call.id, customer: call.customer, atMs: line.atMs, line });
    },
    ended(record) {
      answered.delete(record.id);
      stepAtMs.delete(record.id);
      metrics.callEnded(record.direction, record.end.code, record.end.fault);
      log.info({ ...callFields(record.id, record.customer), end: record.end, dialled: record.dialled, ms: record.endedAtMs - record.startedAtMs }, `ended by ${record.end.by}`);
      tell({ kind: 'call-ended', callId: record.id, customer: record.customer, atMs: record.endedAtMs, end: record.end });
    },
    timed(stage, ms) {
      if (stage === 'answer') metrics.answered(ms);
    },
    alarm(name, text) {
      alarms.raise(name, text, MENDS[name] ?? 'See the log.');
      const ms = MOMENTARY_MS[name];
      if (ms === undefined) return;
      clearTimeout(expiries.get(name));
      expiries.set(name, setTimeout(() => alarms.clear(name), ms).unref());
    },
    clearAlarm: (name) => alarms.clear(name),
    note: (text, fields) => log.info(fields ?? {}, text),
  };
}
