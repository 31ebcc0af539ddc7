// Tries every number of a plan before it may serve calls: with the code that live calls run, a caller who presses
// nothing must come to an end, by day and by night, whether phones are picked up or not.
import { explain } from '../routing/explain.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import { pointer } from '../routing/problem.ts';
import type { Problem } from '../routing/problem.ts';

/** A Wednesday at 11:00 and a Sunday at 03:00 (UTC), far from any change of the clocks. */
const TRIED_AT_MS = [Date.UTC(2026, 5, 10, 11), Date.UTC(2026, 5, 14, 3)] as const;
/** Numbers that begin at the same step go the same way, so one of them is tried. More entries than this are not. */
const MAX_ENTRIES = 2_000;

/** One problem for each number whose calls would go round for ever; empty is good. */
export function dryRun(plan: RoutingPlan): Problem[] {
  const problems: Problem[] = [];
  const tried = new Set<string>();
  const nobody = Object.fromEntries([...plan.extensions.keys()].map((extension) => [extension, 'no-answer' as const]));
  for (const entry of plan.numbers.values()) {
    if (tried.has(entry.entry) || tried.size >= MAX_ENTRIES) continue;
    tried.add(entry.entry);
    // explain looks a number up by going through all of them.
    const alone: RoutingPlan = { ...plan, numbers: new Map([[entry.ddi, entry]]) };
    const loop = TRIED_AT_MS.flatMap((atMs) => [{}, nobody].map((answers) => explain(alone, { to: entry.ddi, atMs, answers }).end)).find((end) => end.kind === 'loop');
    if (loop?.kind === 'loop') {
      problems.push({
        path: pointer('numbers', entry.ddi),
        code: 'endless-call',
        severity: 'problem',
        message: `a caller who presses nothing goes round for ever through ${loop.steps.slice(0, 8).map((step) => `"${step}"`).join(', ')}`,
        hint: 'Let one of these steps go on to a step that ends the call.',
      });
    }
  }
  return problems;
}
