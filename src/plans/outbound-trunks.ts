// Trunks that a plan names and the operator's trunk file does not have: a warning, as the file may get them tomorrow.
import type { RoutingPlan } from '../routing/plan.ts';
import { pointer, quote } from '../routing/problem.ts';
import type { Problem } from '../routing/problem.ts';

/** One warning for each unknown trunk of the plan, in its order. */
export function unknownTrunks(plan: Pick<RoutingPlan, 'outbound'>, known: ReadonlySet<string>): Problem[] {
  return plan.outbound.trunks.flatMap((trunk, index) => (known.has(trunk) ? [] : [{
    path: pointer('outbound', 'trunks', index), code: 'unknown-trunk', severity: 'warning' as const,
    message: `names ${quote(trunk)}, which is no trunk of this installation, so that no call takes it`,
    hint: known.size === 0 ? 'Ask the operator to add it to the trunk file.' : `Trunks here: ${[...known].slice(0, 10).join(', ')}.`,
  }]));
}
