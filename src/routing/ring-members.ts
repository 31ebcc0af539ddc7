// Who a ring step rings, in the plan's order, each once: one answer for live calls, dry runs and the static dialplan.
import type { RingStep, RingTarget, RoutingPlan } from './plan.ts';

/** Extensions of the step's targets, members of groups in their places. */
export function extensionsOf(plan: RoutingPlan, step: RingStep): readonly string[] {
  return [...new Set(step.targets.flatMap((target) => {
    if (target.kind === 'extension') return [target.extension];
    return target.kind === 'group' ? plan.groups.get(target.group)?.members ?? [] : [];
  }))];
}

/** The step's targets that are not phones of the customer. */
export function outsideOf(step: RingStep): readonly Extract<RingTarget, { kind: 'outside' }>[] {
  return step.targets.filter((target) => target.kind === 'outside');
}

/** What a trace says of outside targets. */
export const OUTSIDE_NOT_RUNG = 'outside members are not rung yet';
