// Where a call goes next: the one place that turns an outcome into a step, for live calls and `explain` alike.
import { FAULT } from './outcomes.ts';
import type { EndStep, Outcome, RoutingPlan, Step, StepId } from './plan.ts';

/** How a call that the plan ends comes to its end. */
export type EndHow =
  /** What an end step says. */
  | EndStep['how']
  /** Somebody answered: a conversation. */
  | 'answered'
  /** A message was left: say goodbye and hang up. */
  | 'goodbye';

/** `tookFallback` = the step failed, or had no exit for its outcome. */
export type Next =
  | { readonly kind: 'go'; readonly to: StepId; readonly tookFallback: boolean }
  | { readonly kind: 'end'; readonly how: EndHow };

const ANSWERED: Next = Object.freeze({ kind: 'end', how: 'answered' });
const GOODBYE: Next = Object.freeze({ kind: 'end', how: 'goodbye' });

/**
 * The step after `step`. Total: every outcome leads somewhere, a `fault` and one that is not listed to the fallback.
 * Never throws; the result always names a step of the plan.
 */
export function decide(plan: RoutingPlan, step: Step, outcome: Outcome): Next {
  if (step.kind === 'end') return { kind: 'end', how: step.how };
  if (outcome.name !== FAULT) {
    if (step.kind === 'goto') return go(step.to);
    const to = exitOf(plan, step, outcome);
    if (to !== undefined) return go(to);
    if (step.kind === 'ring' && (outcome.name === 'answered' || outcome.name === 'connected')) return ANSWERED;
    if (step.kind === 'voicemail' && outcome.name === 'recorded') return GOODBYE;
  }
  return { kind: 'go', to: step.fallback, tookFallback: true };
}

function exitOf(plan: RoutingPlan, step: Step, outcome: Outcome): StepId | undefined {
  if (outcome.to !== undefined && plan.steps.has(outcome.to)) return outcome.to;
  if (step.kind === 'menu' && outcome.digits !== undefined && Object.hasOwn(step.choices, outcome.digits)) {
    return step.choices[outcome.digits];
  }
  if (Object.hasOwn(step.on, outcome.name)) return step.on[outcome.name];
  if (step.kind === 'hours' && outcome.name === 'holiday' && Object.hasOwn(step.on, 'closed')) return step.on['closed'];
  return undefined;
}

function go(to: StepId): Next {
  return { kind: 'go', to, tookFallback: false };
}
