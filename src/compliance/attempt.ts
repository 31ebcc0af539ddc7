// What a judgement is made from: the wish to show a number, and everything known about that number, as values and plain
// look-ups. Nothing here waits or fetches; whoever asks has the facts at hand. Read `CliAttempt` first.
import type { E164 } from '../numbering/e164.ts';
import type { CliSource, Purpose, RegisteredNumber } from '../routing/outbound.ts';

/** Kinds of evidence that a customer may use a number (RULES B2, 1-07). */
export const EVIDENCE_TYPES = ['allocation', 'port-in', 'supplier-letter', 'third-party-authority'] as const;
export type EvidenceType = (typeof EVIDENCE_TYPES)[number];

/** One piece of evidence that stands: withdrawn ones are not given to a judgement. */
export interface Evidence {
  readonly customer: string;
  readonly number: E164;
  readonly type: EvidenceType;
  /** What a person finds it by: order number, letter, file. */
  readonly reference: string;
  readonly checkedBy: string;
  readonly checkedOnMs: number;
  /** Last local day on which it counts, YYYY-MM-DD; null = it does not run out. */
  readonly expiresOn: string | null;
}

/** Whether callers of a number reach people, a greeting or a message that identify the firm, proven on one plan. */
export interface ReturnProof {
  /** Plan that was walked. */
  readonly planHash: string;
  readonly isReturnable: boolean;
  /** What was shown, or the counter-example: "Sundays after 17:00 with no key pressed ends in congestion at step X". */
  readonly text: string;
}

/** One number that somebody wants to show on one call. */
export interface CliAttempt {
  readonly nowMs: number;
  readonly customer: string;
  /** Zone of the customer: dates of the registry and of evidence are its local days. */
  readonly timeZone: string;
  /** Plan in force. */
  readonly planHash: string;
  readonly extension: string | null;
  /** Site that the call is made from; null = of none. */
  readonly site: string | null;
  readonly purpose: Purpose;
  readonly wanted: E164;
  readonly source: CliSource | 'fall-back';
  readonly isWithheld: boolean;
  /** Drama numbers may be shown: nothing leaves for a real carrier. */
  readonly isTestMode: boolean;
  /** The customer's default, which every site may show. */
  readonly defaultCli: E164 | null;
  /** 084, 087, 070 and foreign numbers that may be shown all the same. */
  readonly alsoShow: readonly E164[];
  /** The number in the customer's registry; null = it is not in it. */
  readonly registered: (number: E164) => RegisteredNumber | null;
  /** Evidence of this customer for the number that has not been withdrawn. */
  readonly evidence: (number: E164) => readonly Evidence[];
  /** The newest proof; null = none was made. */
  readonly proof: (number: E164) => ReturnProof | null;
  readonly isOnDoNotOriginate: (number: E164) => boolean;
}
