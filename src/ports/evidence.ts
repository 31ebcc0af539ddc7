// Evidence that customers may use their numbers, and what real calls to those numbers found. Only ever added to: a piece
// that no longer holds is withdrawn by a further row. Read `EvidencePort` first.
import type { Evidence } from '../compliance/attempt.ts';
import type { E164 } from '../numbering/e164.ts';

export interface EvidenceDraft extends Evidence {
  /** Who wrote it down: `api`, a person's name. */
  readonly recordedBy: string;
}
export interface EvidenceRow extends EvidenceDraft {
  readonly id: string;
  readonly recordedAtMs: number;
  /** null = it stands. */
  readonly withdrawn: { readonly atMs: number; readonly by: string; readonly reason: string } | null;
}

/** One scheduled call to a number of ours, through the trunk where the carrier loops it. */
export interface SelfCall {
  readonly customer: string;
  readonly number: E164;
  readonly atMs: number;
  readonly result: 'reached' | 'not-reached';
  /** Finished words: what answered, or what happened instead. */
  readonly detail: string;
}

export interface EvidencePort {
  /** Durable when it resolves, and in `standing` from then on. Rejects for values that cannot be kept. */
  addEvidence(draft: EvidenceDraft): Promise<EvidenceRow>;
  /** The piece as it is now; null = this customer has no such piece for this number. Again = the first one stays. */
  withdrawEvidence(what: { customer: string; number: E164; id: string; by: string; reason: string }): Promise<EvidenceRow | null>;
  /** Newest first, withdrawn pieces included. */
  listEvidence(customer: string, number: E164): Promise<readonly EvidenceRow[]>;
  /** Pieces that have not been withdrawn, newest first, at once and from memory: a call waits for no disk. */
  standing(customer: string, number: E164): readonly EvidenceRow[];
  /** Durable when it resolves. */
  putSelfCall(call: SelfCall): Promise<void>;
  /** The newest one, from memory; null = none was made. */
  lastSelfCall(customer: string, number: E164): SelfCall | null;
  close(): Promise<void>;
}

/** Numbers whose holders never call from them, as the operator's list says; from memory. */
export interface DoNotOriginate {
  /** Throws while a list was named and none could be read: then no number may be shown. */
  has(number: E164): boolean;
  /** null = no list is named, or none could be read. */
  readonly list: { readonly numbers: number; readonly dated: string | null; readonly loadedAtMs: number } | null;
}
