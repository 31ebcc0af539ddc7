// What every call leaves behind: exactly one record, its trace included. Read `CallRecord` first.
import type { Caller } from '../numbering/caller.ts';
import type { StepId, StepKind } from '../routing/plan.ts';

/** Who ended a call, whose fault it was, and the Q.850 cause. */
export interface CallEnd {
  readonly by: 'caller' | 'callee' | 'agent' | 'carrier' | 'us';
  readonly fault: 'none' | 'caller' | 'carrier' | 'ours' | 'unknown';
  /** kebab-case: `hung-up`, `plan-end`, `no-answer`, `unknown-number`, `overload`, `flow-escaped` … */
  readonly code: string;
  /** Q.850; 0 = none known. */
  readonly cause: number;
  readonly detail?: string;
}

/** One step as it went. `text` is the sentence that `calls show`, `explain` and the log print; no secret is in it. */
export interface TraceLine {
  readonly atMs: number;
  readonly step: StepId | null;
  readonly kind: StepKind | 'call' | 'transfer';
  readonly outcome: string;
  readonly text: string;
  readonly next: StepId | null;
  /** True when the step failed or had no exit for its outcome. */
  readonly tookFallback: boolean;
}

export interface LegRecord {
  readonly channel: string;
  /** Extension, or the outside number. */
  readonly to: string;
  readonly name: string;
  readonly isTestPhone: boolean;
  readonly placedAtMs: number;
  readonly ringingAtMs: number | null;
  readonly answeredAtMs: number | null;
  readonly endedAtMs: number | null;
  /** `answered`, `busy`, `no-answer`, `declined`, `unreachable`, `answered-elsewhere`, `caller-left`. */
  readonly result: string | null;
  readonly cause: number;
  readonly techCause: number | null;
}

/** Where a call came from on the wire (RULES 2-07). */
export interface SipOrigin {
  readonly endpoint: string;
  readonly sourceAddress: string;
  readonly transport: string;
  readonly sipCallId: string;
}

export interface CallRecord {
  readonly id: string;
  readonly customer: string | null;
  readonly planVersion: number | null;
  readonly planHash: string | null;
  readonly direction: 'inbound' | 'internal' | 'outbound';
  readonly isTest: boolean;
  /** As received, bounded to 128 characters. */
  readonly dialled: string;
  readonly ddi: string | null;
  readonly caller: Caller;
  readonly startedAtMs: number;
  readonly answeredAtMs: number | null;
  readonly endedAtMs: number;
  readonly end: CallEnd;
  readonly trace: readonly TraceLine[];
  readonly legs: readonly LegRecord[];
  readonly sip: SipOrigin;
  /** How often another process took this call over. */
  readonly adoptions: number;
}

export interface RecordFilter {
  readonly customer?: string;
  readonly number?: string;
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly endCode?: string;
  readonly limit: number;
  /** `id` of the last record of the page before. */
  readonly after?: string;
}

/** A voicemail message; the audio lies beside it in the data folder. */
export interface VoicemailMessage {
  readonly id: string;
  readonly customer: string;
  readonly mailbox: string;
  readonly callId: string;
  readonly caller: Caller;
  readonly receivedAtMs: number;
  readonly durationMs: number;
  readonly isNew: boolean;
  /** File name below the customer's voicemail folder. */
  readonly file: string;
}

/** Accepting a record never waits for a disk: what cannot be written now goes to a synced file and is loaded later. */
export interface RecordsPort {
  /** Exactly one record per id: a second one with the same id is dropped and counted. */
  putRecord(record: CallRecord): void;
  /** Resolves when everything accepted so far is in the store. */
  flush(): Promise<void>;
  getRecord(idOrPrefix: string): Promise<CallRecord | null>;
  listRecords(filter: RecordFilter): Promise<readonly CallRecord[]>;
  countRecords(): Promise<number>;
  close(): Promise<void>;
}

export type PinVerdict = 'right' | 'wrong' | 'locked' | 'not-set';

export interface VoicemailPort {
  /** Stores the audio (WAV bytes) and the message; rejects when the disk does. */
  addMessage(message: Omit<VoicemailMessage, 'file'>, audio: Uint8Array): Promise<VoicemailMessage>;
  listMessages(customer: string, mailbox: string): Promise<readonly VoicemailMessage[]>;
  markHeard(id: string): Promise<void>;
  deleteMessage(id: string): Promise<void>;
  /** Media address of a message for playing it to a phone. */
  mediaOf(message: VoicemailMessage): Promise<string>;
  /** Removes messages past their retention; returns how many. */
  purge(customer: string, mailbox: string, olderThanMs: number): Promise<number>;
  /** `locked`: too many wrong attempts, also when this one was the last; nothing is compared until the lock ends. */
  checkPin(customer: string, mailbox: string, pin: string): Promise<PinVerdict>;
  setPin(customer: string, mailbox: string, pin: string): Promise<void>;
}
