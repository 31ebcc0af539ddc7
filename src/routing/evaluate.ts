// Steps that need no telephone: what they come to, from plain facts. A live call and `explain` both ask here.
import { countryOf } from '../numbering/e164.ts';
import type { CallerNumber } from '../numbering/caller.ts';
import type { Facts } from './facts.ts';
import { openAt } from './hours.ts';
import type {
  BranchCase, BranchStep, CallerCase, CallerStep, GotoStep, HoursStep, Outcome, RoutingPlan, Step, SwitchStep,
} from './plan.ts';

/** Kinds that `evaluate` settles; all others need a caller, a phone or another system. */
export type PureStep = HoursStep | SwitchStep | CallerStep | BranchStep | GotoStep;

/** True when `evaluate` settles this step. */
export function isPureStep(step: Step): step is PureStep {
  return step.kind === 'hours' || step.kind === 'switch' || step.kind === 'caller' || step.kind === 'branch' || step.kind === 'goto';
}

const OTHERWISE: Outcome = Object.freeze({ name: 'otherwise' });

/**
 * What `step` comes to. Pure: the same plan, step and facts give the same outcome. A reference that the plan does not
 * have (no compiled plan has one) is a `fault`, which takes the fallback. Never throws.
 */
export function evaluate(plan: RoutingPlan, step: PureStep, facts: Facts): Outcome {
  switch (step.kind) {
    case 'hours': {
      const table = plan.hours.get(step.hours);
      if (!table) return { name: 'fault', detail: `there are no hours "${step.hours}"` };
      const { state, detail } = openAt(table, facts.nowMs, plan.organisation.timeZone, plan.organisation.nation);
      return { name: state, detail };
    }
    case 'switch': {
      const spec = plan.switches.get(step.switch);
      if (!spec) return { name: 'fault', detail: `there is no switch "${step.switch}"` };
      return { name: switchPosition(spec.positions, facts.switches.get(step.switch)), detail: spec.label };
    }
    case 'caller': {
      for (const test of step.cases) {
        const why = whyCallerFits(plan, test, facts.caller.number);
        if (why !== null) return { name: 'case', to: test.to, detail: why };
      }
      return OTHERWISE;
    }
    case 'branch':
      return evaluateBranch(step, facts);
    case 'goto':
      return { name: 'goto', to: step.to };
  }
}

/** Position that holds: the one that was set if the switch still has it, otherwise its first. */
export function switchPosition(positions: readonly string[], set: string | undefined): string {
  return set !== undefined && positions.includes(set) ? set : (positions[0] ?? '');
}

/** Why a test fits the caller, as a sentence part; null = it does not. */
function whyCallerFits(plan: RoutingPlan, test: CallerCase, number: CallerNumber): string | null {
  const e164 = number.kind === 'e164' ? number.e164 : null;
  switch (test.kind) {
    case 'withheld':
      return number.kind === 'withheld' ? 'withheld number' : null;
    case 'no-number':
      return number.kind === 'none' ? 'no number sent' : null;
    case 'prefix':
      return e164?.startsWith(test.prefix) ? `number begins with ${test.prefix}` : null;
    case 'country':
      return e164 !== null && countryOf(e164) === test.country ? `number from ${test.country}` : null;
    case 'list':
      return e164 !== null && isListed(plan.callerLists.get(test.list) ?? [], e164) ? `on the list "${test.list}"` : null;
  }
}

function isListed(list: readonly string[], e164: string): boolean {
  return list.some((entry) => (entry.endsWith('*') ? e164.startsWith(entry.slice(0, -1)) : e164 === entry));
}

function evaluateBranch(step: BranchStep, facts: Facts): Outcome {
  const value = facts.variables.values.get(step.variable);
  if (value === undefined) return { name: 'otherwise', detail: `${step.variable} has no value` };
  const isSecret = facts.variables.secrets.has(step.variable);
  for (const test of step.cases) {
    if (fits(test, value)) return { name: 'case', to: test.to, detail: isSecret ? `${step.variable} fits` : whyBranchFits(step.variable, test) };
  }
  return { name: 'otherwise', detail: `${step.variable} fits no case` };
}

function fits(test: BranchCase, value: string): boolean {
  switch (test.kind) {
    case 'equals':
      return value === test.value;
    case 'prefix':
      return value.startsWith(test.value);
    case 'one-of':
      return test.values.includes(value);
    case 'at-least': {
      const amount = value.trim() === '' ? Number.NaN : Number(value);
      return Number.isFinite(amount) && amount >= test.value;
    }
  }
}

function whyBranchFits(variable: string, test: BranchCase): string {
  switch (test.kind) {
    case 'equals':
      return `${variable} is ${test.value}`;
    case 'prefix':
      return `${variable} begins with ${test.value}`;
    case 'one-of':
      return `${variable} is one of ${test.values.length}`;
    case 'at-least':
      return `${variable} is at least ${test.value}`;
  }
}
