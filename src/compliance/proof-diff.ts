// What a change of a plan does to the proofs of its numbers: told to the admin before it is saved. Read `proofChanges`.
import type { E164 } from '../numbering/e164.ts';
import { pointer, type Problem } from '../routing/problem.ts';
import type { CounterExample } from './counter-example.ts';
import type { ProofBook } from './returnable.ts';

/** One number of which something becomes known or changes. `why` is what leaves a caller, for all that are not proven after it. */
export interface ProofChange {
  readonly number: E164;
  /**
   * `lost`: was proven, is not · `gained`: the other way round · `kept`: proven before and after · `still-unproven`: neither,
   * a number that is new included · `gone`: callers can no longer dial it.
   */
  readonly kind: 'lost' | 'gained' | 'kept' | 'still-unproven' | 'gone';
  readonly why: CounterExample | null;
}

/** Changes in the order of the plan, numbers that are gone last; those that are as before only with `isWhole`. `before` null = no plan. */
export function proofChanges(before: ProofBook | null, after: ProofBook, isWhole = false): readonly ProofChange[] {
  const changes: ProofChange[] = [];
  for (const [number, proof] of after.proofs) {
    const was = before?.proofs.get(number)?.isProven ?? false;
    const kind = proof.isProven ? (was ? 'kept' : 'gained') : was ? 'lost' : 'still-unproven';
    if (isWhole || kind === 'lost' || kind === 'gained') changes.push({ number, kind, why: proof.counterExample });
  }
  for (const number of before?.proofs.keys() ?? []) if (!after.proofs.has(number)) changes.push({ number, kind: 'gone', why: null });
  return changes;
}

const MEND = 'Lead that way to a person with a phone and then to a message with name and contact, or calls that show this number stop.';

/**
 * Warnings about numbers that calls may leave with and whose callers could be left: those that lose their proof, or with
 * `before` null have none. A plan without trunks shows its numbers to nobody, so its first version is not warned about.
 */
export function proofWarnings(before: ProofBook | null, after: ProofBook): readonly Problem[] {
  const { registry, outbound } = after.plan;
  if (before === null && outbound.trunks.length === 0) return [];
  const warnings: Problem[] = [];
  for (const { number, kind, why } of proofChanges(before, after, before === null)) {
    if (why === null || (kind !== 'lost' && before !== null) || registry.get(number)?.capability === 'inbound-only') continue;
    const words = before === null ? 'is not proven returnable' : 'loses its proof';
    warnings.push({ path: pointer('numbers', number), code: 'proof-lost', severity: 'warning', message: `${words}: ${why.text}`, hint: MEND });
  }
  return warnings;
}
