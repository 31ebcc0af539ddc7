// What must outlive our process: the live calls, switch positions, ring counters. Written before the act it describes.
// One contract suite (test/contract/state.ts) for memory, SQLite and Redis. Read `StatePort` first.
import type { Caller } from '../numbering/caller.ts';
import type { E164 } from '../numbering/e164.ts';
import type { Purpose } from '../routing/outbound.ts';
import type { StepId } from '../routing/plan.ts';
import type { BridgeId, ChannelId, RecordingName } from './telephony.ts';
import type { DecisionDraft } from './decisions.ts';
import type { LegRecord, SipOrigin, TraceLine } from './records.ts';

/** What a call is doing, as far as another process needs it to go on. */
export type CallActivity =
  /** At the beginning of, or inside, `step`; performing the step again from its start is right. */
  | { kind: 'step'; step: StepId }
  /** Legs are ringing for `step`; `untilMs` is epoch ms, `remaining` the extensions whose turn comes after them. */
  | { kind: 'ringing'; step: StepId; legs: readonly { channel: ChannelId; extension: string; placedAtMs: number }[]; untilMs: number; remaining?: readonly string[] }
  /** In conversation; the flow ends when either side leaves. */
  | { kind: 'connected'; step: StepId; bridge: BridgeId; leg: ChannelId; extension: string; sinceMs: number }
  /** Leaving a message. */
  | { kind: 'recording'; step: StepId; recording: RecordingName; sinceMs: number };

/** One live call. JSON-safe. `channel` is the channel being served now. */
export interface CallSnapshot {
  readonly id: string;
  readonly channel: ChannelId;
  /** Process that drives it; another one takes over only after the owner is known dead. */
  readonly owner: string;
  readonly customer: string | null;
  readonly planHash: string | null;
  readonly direction: 'inbound' | 'internal' | 'outbound';
  readonly isTest: boolean;
  readonly dialled: string;
  readonly ddi: string | null;
  readonly caller: Caller;
  readonly callerEndpoint: string | null;
  /** The call was placed for an extension by the API. */
  readonly click?: { readonly explicitCli: E164 | null; readonly purpose: Purpose | null };
  readonly startedAtMs: number;
  readonly answeredAtMs: number | null;
  readonly activity: CallActivity;
  /** What the served party hears now; another process stops it before it plays anything itself. */
  readonly playback?: string;
  readonly variables: readonly (readonly [string, string])[];
  readonly secretVariables: readonly string[];
  readonly trace: readonly TraceLine[];
  readonly legs: readonly LegRecord[];
  /** Attempts to leave, as far as they have come. */
  readonly decisions?: readonly DecisionDraft[];
  readonly sip: SipOrigin;
}

export interface SwitchPosition {
  readonly customer: string;
  readonly name: string;
  readonly position: string;
  readonly setAtMs: number;
  /** `api`, `extension 201`, … */
  readonly setBy: string;
}

/** Every method settles quickly (SQLite and memory at once) or rejects; a rejection never ends a call. */
export interface StatePort {
  putCall(call: CallSnapshot): Promise<void>;
  removeCall(id: string): Promise<void>;
  listCalls(): Promise<readonly CallSnapshot[]>;
  putSwitch(position: SwitchPosition): Promise<void>;
  listSwitches(): Promise<readonly SwitchPosition[]>;
  /** Counts up and returns the number before; atomic across processes. For round robin. */
  nextTurn(key: string): Promise<number>;
  /** When each member last talked (epoch ms), for `least-recent`. */
  putLastTalked(customer: string, extension: string, atMs: number): Promise<void>;
  lastTalked(customer: string, extensions: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Adds to what `key` (a customer or an extension of one) has used on a local day (YYYY-MM-DD); atomic across processes. */
  addUsage(key: string, day: string, ms: number, pence: number): Promise<void>;
  usage(key: string, day: string): Promise<{ readonly ms: number; readonly pence: number }>;
  /**
   * The value that holds `key`: ours when nobody had claimed it within its `ttlMs`, else the one that was first. Atomic
   * across processes; what was claimed outlives the process.
   */
  claimKey(key: string, value: string, ttlMs: number): Promise<string>;
  /** The value that holds `key` now; null = nobody has claimed it, or its time is over. */
  claimedValue(key: string): Promise<string | null>;
  /** True when the store works. */
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

/** What several processes that share one store need besides: who is dead, and who alone takes a call over. */
export interface SharedStatePort extends StatePort {
  /** Says that `owner` lives for `ttlMs` more, by the store's own clock; repeat well within it. */
  heartbeat(owner: string, ttlMs: number): Promise<void>;
  /** Owners of live calls whose last heartbeat ran out, or who never gave one. */
  deadOwners(): Promise<readonly string[]>;
  /** Moves a call from one owner to another; false when it is gone or another process was first. Atomic. */
  adoptCall(id: string, fromOwner: string, toOwner: string): Promise<boolean>;
}
