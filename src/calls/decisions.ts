// The attempts of one call to leave: those of this process, and those that another one had begun and nobody has taken up
// yet. Each ends in exactly one decision record. Read `add`.
import type { DecisionDraft, DecisionRecord } from '../ports/decisions.ts';
import { Decision } from './decision.ts';

export class Decisions {
  readonly #made: Decision[] = [];
  #unclaimed: DecisionDraft[] = [];

  get all(): readonly Decision[] {
    return this.#made;
  }

  /** Begun by another process, or before the link was lost, and not taken up yet. */
  get unclaimed(): readonly DecisionDraft[] {
    return this.#unclaimed;
  }

  /** How many there are: the next one's number is one more. */
  get size(): number {
    return this.#made.length + this.#unclaimed.length;
  }

  /** One more attempt. One that was begun before a restart, or before the link was lost, is gone on with: its evidence stays one record. */
  add(draft: DecisionDraft): Decision {
    const at = this.#unclaimed.findIndex(({ origin, input }) => origin === draft.origin && input.destination === draft.input.destination);
    const before = at < 0 ? undefined : this.#unclaimed.splice(at, 1)[0];
    const decision = new Decision(before === undefined ? draft : { ...draft, id: before.id, atMs: before.atMs, attempts: before.attempts });
    this.#made.push(decision);
    return decision;
  }

  /** What was done is done again from an earlier point: attempts that nobody answered are asked anew. */
  rewind(): void {
    const open = this.#made.filter(({ answeredAtMs }) => answeredAtMs === null);
    for (const decision of open) this.#made.splice(this.#made.indexOf(decision), 1);
    this.#unclaimed.push(...open.map((one) => one.draft()));
  }

  /** Takes up what another process had kept: what was answered stays as it is, the rest is asked anew. */
  restore(drafts: readonly DecisionDraft[]): void {
    for (const draft of drafts) {
      if (draft.answeredAtMs !== null) this.#made.push(new Decision(draft));
      else this.#unclaimed.push(draft);
    }
  }

  drafts(): readonly DecisionDraft[] {
    return [...this.#made.map((one) => one.draft()), ...this.#unclaimed];
  }

  /** The records, at the end of the call. */
  close(endedAtMs: number, otherwise: string): readonly DecisionRecord[] {
    return this.drafts().map((draft) => new Decision(draft).close(endedAtMs, otherwise));
  }
}
