// The words for what happened at a step: log, call record, `calls show` and `explain` all print what is made here.
// Secret digits never pass. Read `traceText` first.
import type { Facts } from './facts.ts';
import { FAULT } from './outcomes.ts';
import type { EndStep, Outcome, RoutingPlan, Step } from './plan.ts';

/** What stands for a secret value. */
const MASK = '••••';

/**
 * One sentence, without a full stop, that says what a step came to: `open until 17:30`, `key 1`,
 * `nothing pressed, offered 3 times`. Values of secret variables in `facts` are masked. Never throws.
 */
export function traceText(plan: RoutingPlan, step: Step, outcome: Outcome, facts?: Facts): string {
  return masked(sentence(plan, step, outcome), facts);
}

/** The outcome alone, short enough for a column: `closed`, `key 1`, `no answer`. */
export function outcomeText(step: Step, outcome: Outcome): string {
  if (outcome.name === FAULT) return 'failed';
  switch (step.kind) {
    case 'hours':
      return outcome.name === 'holiday' ? 'closed' : outcome.name;
    case 'switch':
      return outcome.name;
    case 'menu':
      return menuText(outcome);
    case 'play':
      return 'played';
    case 'caller':
    case 'branch':
      return outcome.name === 'case' ? 'fits' : 'fits no case';
    case 'ring':
      return outcome.name === 'connected' ? 'answered' : spaced(outcome.name);
    case 'voicemail':
      return outcome.name === 'recorded' ? 'message left' : spaced(outcome.name);
    case 'collect':
      return COLLECT_TEXTS[outcome.name] ?? spaced(outcome.name);
    case 'lookup':
      return spaced(outcome.name);
    case 'goto':
      return 'goes on';
    case 'end':
      return END_TEXTS[step.how];
  }
}

/** Why it came to that, as far as it goes beyond `outcomeText`; '' when there is nothing to add. */
export function reasonText(outcome: Outcome, facts?: Facts): string {
  return masked(outcome.detail ?? '', facts);
}

const END_TEXTS: Readonly<Record<EndStep['how'], string>> = {
  'hang-up': 'hangs up', busy: 'busy tone', congestion: 'congestion tone',
};
const COLLECT_TEXTS: Readonly<Record<string, string>> = {
  'no-input': 'nothing pressed', 'no-match': 'not a whole entry',
};

function menuText(outcome: Outcome): string {
  if (outcome.name === 'extension') return `extension ${outcome.digits ?? ''}`;
  if (outcome.digits !== undefined) return `key ${outcome.digits}`;
  if (outcome.name === 'no-input') return 'nothing pressed';
  return outcome.name === 'no-match' ? 'no such choice' : spaced(outcome.name);
}

function sentence(plan: RoutingPlan, step: Step, outcome: Outcome): string {
  const text = outcomeText(step, outcome);
  const detail = outcome.detail ?? '';
  if (outcome.name === FAULT) return detail === '' ? text : `${text}: ${detail}`;
  if (step.kind === 'end' && step.say.length > 0) return `plays a message and ${text}`;
  if (step.kind === 'goto') return `goes on at ${step.to}`;
  if (step.kind === 'menu' && outcome.name === 'extension') {
    const name = plan.extensions.get(outcome.digits ?? '')?.name;
    return name === undefined ? text : `${text}, ${name}`;
  }
  if (detail === '') return text;
  if (step.kind === 'hours' && outcome.name !== 'holiday') return `${text} ${detail}`;
  if (step.kind === 'switch') return `${detail}: ${text}`;
  // These details are whole by themselves: "withheld number", "Priya Shah answered".
  const isWhole = step.kind === 'caller' || step.kind === 'branch' || (step.kind === 'ring' && ['answered', 'connected', 'transferred'].includes(outcome.name));
  return isWhole ? detail : `${text}, ${detail}`;
}

function spaced(name: string): string {
  return name.replaceAll('-', ' ');
}

function masked(text: string, facts: Facts | undefined): string {
  if (facts === undefined || facts.variables.secrets.size === 0) return text;
  let result = text;
  for (const name of facts.variables.secrets) {
    const value = facts.variables.values.get(name);
    if (value !== undefined && value !== '') result = result.replaceAll(value, MASK);
  }
  return result;
}
