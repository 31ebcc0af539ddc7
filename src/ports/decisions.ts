// The evidence of every attempt to let a call leave: what was asked, which rules spoke, over which trunks it went and
// how it ended. Exactly one record per attempt, refusals included. Read `DecisionRecord` first.
import type { E164 } from '../numbering/e164.ts';
import type { CliSource, DestinationClass, Purpose } from '../routing/outbound.ts';
import type { Reason } from '../compliance/verdict.ts';

/** One INVITE towards one carrier, or the reason why there was none. */
export interface TrunkAttempt {
  readonly trunk: string;
  readonly channel: string | null;
  readonly placedAtMs: number;
  /** The INVITE was about to leave; null = nothing can have arrived. */
  readonly dialledAtMs: number | null;
  readonly ringingAtMs: number | null;
  readonly answeredAtMs: number | null;
  readonly endedAtMs: number | null;
  /** `answered`, `busy`, `no-answer`, `declined`, `unreachable`, `silent`, `cancelled`. */
  readonly result: string | null;
  /** Q.850, and the SIP status where one came. */
  readonly cause: number;
  readonly techCause: number | null;
  /** Why the next trunk was tried, or why none was. */
  readonly next: string | null;
  /** What could not be excluded: the far end of a silent trunk may still ring. */
  readonly risk: string | null;
}

export interface DecisionRecord {
  /** `<call id>-d<n>`: an attempt's own id says whose it is. */
  readonly id: string;
  readonly callId: string;
  readonly customer: string;
  readonly extension: string | null;
  readonly atMs: number;
  /** How the attempt came about. */
  readonly origin: 'phone' | 'click-to-dial' | 'ring-step' | 'forward' | 'transfer' | 'emergency' | 'gate';
  readonly outcome: 'refused' | 'placed';
  readonly input: {
    /** As dialled, bounded to 128 characters. */
    readonly dialled: string;
    /** What leaves: E.164 or a short code; null = nothing that can be dialled. */
    readonly destination: string | null;
    readonly class: DestinationClass | 'emergency' | null;
    readonly country: string | null;
    readonly purpose: Purpose;
    readonly wantedCli: E164 | null;
    readonly source: CliSource | 'emergency' | 'fall-back' | null;
    readonly isWithheld: boolean;
  };
  /** Permission, limits and verdict, in the order in which they were asked. */
  readonly reasons: readonly Reason[];
  /** The rule that refused; null = allowed. */
  readonly refusedBy: string | null;
  /** Shown and sent; null = nothing left. */
  readonly presentation: E164 | null;
  readonly network: E164 | null;
  readonly planHash: string | null;
  /** `customer` and `customer/extension` whose limits it counts for. */
  readonly holders: readonly string[];
  readonly pencePerMinute: number | null;
  /** The call is cut at this length after its answer; null = at the plan's longest call. */
  readonly longestMs: number | null;
  readonly attempts: readonly TrunkAttempt[];
  readonly answeredAtMs: number | null;
  readonly endedAtMs: number;
  /** End code of the attempt: `answered`, `busy`, `caller-left`, `no-trunk`, or the refusing rule. */
  readonly end: string;
}

/** An attempt that is still being made. */
export type DecisionDraft = Omit<DecisionRecord, 'endedAtMs' | 'end' | 'outcome'> & { readonly end: string | null };

export interface DecisionFilter {
  readonly customer?: string;
  readonly callId?: string;
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly limit: number;
  /** `id` of the last record of the page before. */
  readonly after?: string;
}

/** Accepting a decision never waits for a disk, like a call record. */
export interface DecisionsPort {
  /** Exactly one per id: a second one with the same id is dropped. */
  putDecision(decision: DecisionRecord): void;
  /** Newest first. */
  listDecisions(filter: DecisionFilter): Promise<readonly DecisionRecord[]>;
}

