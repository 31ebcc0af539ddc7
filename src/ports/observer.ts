// Who wants to know what calls do: log, metrics, live pages. Nothing here can delay or fail a call.
import type { CallRecord, TraceLine } from './records.ts';

export interface LiveCall {
  readonly id: string;
  readonly customer: string | null;
  readonly direction: 'inbound' | 'internal' | 'outbound';
  readonly isTest: boolean;
  readonly dialled: string;
  readonly caller: string;
  readonly startedAtMs: number;
  readonly answeredAtMs: number | null;
  /** Step being performed, and since when. */
  readonly step: string | null;
  readonly stepSinceMs: number;
}

/** Every method returns at once and never throws. */
export interface Observer {
  started(call: LiveCall): void;
  traced(call: LiveCall, line: TraceLine): void;
  /** The call asks for keys now. */
  listening(callId: string): void;
  ended(record: CallRecord): void;
  /** Named stage of a call with its length, for the histograms. */
  timed(stage: 'answer' | 'decide' | 'digit-to-prompt' | 'leg-answer-to-bridge' | 'release', ms: number): void;
  /** Something a person should look at; the same name again only updates the text. */
  alarm(name: string, text: string): void;
  clearAlarm(name: string): void;
  /** A line for the log; `call` binds it. */
  note(text: string, fields?: Readonly<Record<string, string | number | boolean | null>>): void;
}
