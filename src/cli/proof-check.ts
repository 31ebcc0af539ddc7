// The returnability proof of a plan file, without a server: every extension counts as one with a phone.
import { proofWarnings } from '../compliance/proof-diff.ts';
import { prove } from '../compliance/returnable.ts';
import { localTime } from '../routing/local-time.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import type { Problem } from '../routing/problem.ts';

/** One warning for each number that calls may leave with and whose callers could be left; none for no plan. */
export function proofProblems(plan: RoutingPlan | null, nowMs: number): readonly Problem[] {
  if (plan === null) return [];
  const { day } = localTime(nowMs, plan.organisation.timeZone);
  return proofWarnings(null, prove(plan, { today: day, hasPhone: () => true }));
}
