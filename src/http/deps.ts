// Everything the HTTP routes need of the rest, as functions that main.ts wires; http itself knows no store and no
// Asterisk. A function that rejects becomes a 500 without details, so expected refusals are values here.
import type { Clock } from '../ports/clock.ts';
import type { DecisionFilter, DecisionRecord } from '../ports/decisions.ts';
import type { EvidenceDraft, EvidencePort, EvidenceRow } from '../ports/evidence.ts';
import type { E164 } from '../numbering/e164.ts';
import type { Purpose } from '../routing/outbound.ts';
import type { HeldNumber } from './wire-outbound.ts';
import type { CallEnd, CallRecord, RecordFilter, TraceLine, VoicemailMessage } from '../ports/records.ts';
import type { CallSnapshot } from '../ports/state.ts';
import type {
  AlarmRow,
  MailboxRow,
  NumberRow,
  PhoneRow,
  PhoneSecret,
  PlanChecked,
  PlanProblem,
  PlanRow,
  PlanVersionRow,
  Published,
  SettingRow,
  SwitchRow,
  TestCallBody,
  TestCallProgress,
  TestCallResult,
  TrunkRow,
} from './wire.ts';

/** What becomes known of live calls, in order; handed on to every reader of /v1/events. `caller` is text as LiveCall has it. */
export type CallEvent =
  | {
      readonly kind: 'call-started';
      readonly callId: string;
      readonly customer: string | null;
      readonly atMs: number;
      readonly direction: 'inbound' | 'internal' | 'outbound';
      readonly dialled: string;
      readonly caller: string;
      readonly isTest: boolean;
    }
  | { readonly kind: 'call-answered'; readonly callId: string; readonly customer: string | null; readonly atMs: number }
  | {
      readonly kind: 'call-step';
      readonly callId: string;
      readonly customer: string | null;
      readonly atMs: number;
      readonly line: TraceLine;
    }
  | {
      readonly kind: 'call-ended';
      readonly callId: string;
      readonly customer: string | null;
      readonly atMs: number;
      readonly end: CallEnd;
    };

export interface Health {
  readonly isAsteriskUp: boolean;
  /** How long ago the newest event of Asterisk came; null = none yet. Ready needs under 10 s. */
  readonly eventsArriveAgoMs: number | null;
  readonly isStoreOk: boolean;
  /** Customers with a live plan. */
  readonly livePlans: number;
  /** True while calls are let finish before the end of the process. */
  readonly isDraining: boolean;
}

/** The live plan as calls see it, for labelling calls. */
export interface PlanLabel {
  readonly version: number;
  readonly hash: string;
  readonly timeZone: string;
}

export interface PlanSourceText {
  readonly version: number;
  readonly hash: string;
  /** Byte for byte what was published. */
  readonly source: string;
}

export type PublishResult =
  | { readonly kind: 'published'; readonly published: Published }
  | { readonly kind: 'problems'; readonly problems: readonly PlanProblem[] }
  /** Another version than the expected one is live; nothing was changed. */
  | { readonly kind: 'conflict'; readonly liveVersion: number; readonly liveHash: string; readonly publishedBy: string }
  /** A file was saved that does not compile: publishing would write over it. */
  | { readonly kind: 'unpublished-edit'; readonly file: string }
  | { readonly kind: 'unknown' };

export interface PlansDeps {
  list(): Promise<readonly PlanRow[]>;
  /** Newest version, or the one named; null = nobody's. */
  get(customer: string, version: number | null): Promise<PlanSourceText | null>;
  /** Compiles without publishing, off the main thread. `customer` null = no other plan is looked at but for its DDIs. */
  check(source: string, customer: string | null): Promise<PlanChecked>;
  /** `expectedHash` null = the customer must have no plan yet. */
  publish(request: {
    customer: string;
    source: string;
    expectedHash: string | null;
    by: string;
    message: string;
  }): Promise<PublishResult>;
  versions(customer: string): Promise<readonly PlanVersionRow[] | null>;
  /** Publishes an old version's text as a new version. `expectedHash` null = whatever is live now. */
  restore(request: {
    customer: string;
    version: number;
    expectedHash: string | null;
    by: string;
  }): Promise<PublishResult>;
}

export type SetResult<T> =
  | { readonly kind: 'done'; readonly row: T }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly reason: string; readonly hint: string };

export interface PlaceCall {
  readonly customer: string;
  /** Extension whose phone rings first. */
  readonly extension: string;
  readonly to: string;
  readonly cli: E164 | null;
  readonly purpose: Exclude<Purpose, 'emergency'> | null;
  readonly isAutoAnswer: boolean;
  /** Idempotency-Key of the request. */
  readonly key: string;
  /** Whence the request came. */
  readonly address: string;
}
export type PlacedCall =
  /** `isRepeat`: the key was used before with the same request, and nobody was rung for this one. */
  | { readonly kind: 'placed'; readonly callId: string; readonly isRepeat: boolean }
  | { readonly kind: 'key-reused' }
  | { readonly kind: 'unknown'; readonly field: 'customer' | 'as' }
  | { readonly kind: 'number'; readonly message: string }
  /** Draining, overload, a full customer, a store that cannot keep the key. */
  | { readonly kind: 'not-now'; readonly code: string; readonly message: string; readonly retryAfterS: number };

/** Whose outside calls the PIN opens. */
export interface CallsPinRow {
  readonly customer: string;
  readonly extension: string;
  readonly name: string;
}

export interface HttpDeps {
  readonly clock: Clock;
  readonly productVersion: string;
  /** Constant-time comparison with the key that was made at first start. */
  verifyKey(key: string): Promise<boolean>;
  /** A fault of ours, for the log; never shown to the client. `where` is the route. */
  reportFault(error: unknown, where: string): void;
  health(): Promise<Health>;
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  planOf(customer: string): PlanLabel | null;
  liveCalls(): Promise<readonly CallSnapshot[]>;
  getRecord(idOrPrefix: string): Promise<CallRecord | null>;
  listRecords(filter: RecordFilter): Promise<readonly CallRecord[]>;
  /** Calls back for every event until the returned function is called. The listener never throws. */
  subscribe(listener: (event: CallEvent) => void): () => void;
  numbers(): Promise<readonly NumberRow[]>;
  /** The registry of a customer's live plan, each number judged now; null = no such customer. */
  heldNumbers(customer: string): Promise<readonly HeldNumber[] | null>;
  readonly evidence: {
    /** null = the customer has no such number. */
    list(customer: string, number: E164): Promise<readonly EvidenceRow[] | null>;
    add(draft: EvidenceDraft): Promise<SetResult<EvidenceRow>>;
    withdraw(what: Parameters<EvidencePort['withdrawEvidence']>[0]): Promise<SetResult<EvidenceRow>>;
  };
  /** Newest first. */
  listDecisions(filter: DecisionFilter): Promise<readonly DecisionRecord[]>;
  readonly plans: PlansDeps;
  switches(): Promise<readonly SwitchRow[]>;
  setSwitch(customer: string, name: string, position: string, by: string): Promise<SetResult<SwitchRow>>;
  phones(): Promise<readonly PhoneRow[]>;
  /** Makes a new password and pushes its digest; the old one stops working. */
  createPhoneSecret(customer: string, extension: string): Promise<SetResult<PhoneSecret>>;
  /** Takes the password away: the phone cannot register until it gets a new one. */
  removePhone(customer: string, extension: string): Promise<SetResult<PhoneRow>>;
  mailboxes(): Promise<readonly MailboxRow[]>;
  /** null = no such mailbox. */
  messages(customer: string, mailbox: string): Promise<readonly VoicemailMessage[] | null>;
  setPin(customer: string, mailbox: string, pin: string): Promise<SetResult<MailboxRow>>;
  /**
   * Places a real call and settles when it is over; `emit` gets every step as it happens. When the signal aborts, the
   * call is hung up and the result is `interrupted`. A number that is nobody's is `refused`.
   */
  testCall(
    request: TestCallBody,
    emit: (progress: TestCallProgress) => void,
    signal: AbortSignal,
  ): Promise<SetResult<TestCallResult>>;
  /** Rings the extension's phone, then the number; settles before anybody has answered. Nobody is rung twice for one key. */
  placeCall(request: PlaceCall): Promise<PlacedCall>;
  /** The PIN for destinations that need one. */
  setCallsPin(customer: string, extension: string, pin: string): Promise<SetResult<CallsPinRow>>;
  alarms(): Promise<readonly AlarmRow[]>;
  trunks(): Promise<readonly TrunkRow[]>;
  settings(): readonly SettingRow[];
  /** A prompt by its content key for an Asterisk elsewhere; null when token or key is unknown. Token compared in constant time. */
  findMedia(
    token: string,
    key: string,
  ): Promise<{ readonly file: string; readonly bytes: number; readonly isPrivate: boolean } | null>;
}
