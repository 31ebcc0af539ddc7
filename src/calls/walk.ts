// One call through one plan, step by step, until it ends: the loop that every flow shares. Read `walk`.
import { decide } from '../routing/decide.ts';
import { traceText } from '../routing/describe.ts';
import { FAULT } from '../routing/outcomes.ts';
import type { Outcome, RoutingPlan, Step, StepId } from '../routing/plan.ts';
import type { CallEnd } from '../ports/records.ts';
import type { Call } from './call.ts';
import { CallEnded, ourFault, planEnd } from './call-end.ts';
import { factsOf, perform, type Resume } from './perform.ts';
import { phrases, play } from './verbs/speak.ts';

/** Steps that may follow each other without the caller or a person doing anything; a compiled plan never gets there. */
const MAX_IDLE_STEPS = 100;
/** After this many failures the plan's own fallbacks are not trusted any further. */
const MAX_FAULTS = 3;

/** Walks from `start` to the end. Resolves with the end the plan or a conversation came to; rejects with a hang-up. */
export async function walk(call: Call, plan: RoutingPlan, start: StepId, resume: Resume | null = null): Promise<CallEnd> {
  let at: Step | undefined = plan.steps.get(start);
  let idle = 0;
  let faults = 0;
  let going = resume;
  while (at !== undefined) {
    const step: Step = at;
    // The first step is kept at once, so that the call is known; later ones when they do something (play, ring, record).
    if (going === null && (step.kind === 'lookup' || call.activity.step === '')) await call.save({ kind: 'step', step: step.id });
    else if (going === null) call.enter(step.id);
    const outcome = await performed(call, plan, step, going);
    going = null;
    const next = decide(plan, step, outcome);
    const to = next.kind === 'go' ? next.to : null;
    // A conversation was traced when it began.
    if (next.kind === 'go' || next.how !== 'answered') trace(call, plan, step, outcome, to, next.kind === 'go' && next.tookFallback);
    if (next.kind === 'end') {
      // Words that could not be said are no end that the plan wanted.
      if (outcome.name === FAULT) return failsafe(call, plan, `${step.id} could not be performed`);
      if (next.how === 'goodbye') await tryToSay(call, 'goodbye');
      return next.how === 'answered' ? call.end(ourFault('no-end')) : planEnd(next.how === 'goodbye' ? 'hang-up' : next.how, step.id);
    }
    if (outcome.name === FAULT) faults += 1;
    idle = isByCaller(step, outcome) ? 0 : idle + 1;
    if (faults >= MAX_FAULTS || idle >= MAX_IDLE_STEPS) return failsafe(call, plan, faults >= MAX_FAULTS ? 'repeated failures' : 'the plan goes round');
    at = plan.steps.get(next.to);
  }
  return failsafe(call, plan, `there is no step "${start}"`);
}

/** The step that the caller was in when the call ended belongs into the trace as well. */
async function performed(call: Call, plan: RoutingPlan, step: Step, resume: Resume | null = null): Promise<Outcome> {
  try {
    return await perform(call, plan, step, resume);
  } catch (error) {
    if (error instanceof CallEnded && call.activity.kind !== 'connected') {
      call.trace({ step: step.id, kind: step.kind, outcome: 'left', text: `${error.end.by === 'caller' ? 'caller' : error.end.by} ended the call here`, next: null, tookFallback: false });
    }
    throw error;
  }
}

/**
 * Last resort for a live caller when our own side failed: the plan's failsafe step once, then a spoken message, then the
 * end. Rejects with a hang-up.
 */
export async function failsafe(call: Call, plan: RoutingPlan, why: string): Promise<CallEnd> {
  const step = plan.steps.get(plan.failsafe);
  call.trace({ step: null, kind: 'call', outcome: 'failsafe', text: `failsafe: ${why}`, next: plan.failsafe, tookFallback: true });
  for (let at: Step | undefined = step, left = 5; at !== undefined && left > 0; left -= 1) {
    const here: Step = at;
    const outcome = await performed(call, plan, here);
    const next = decide(plan, here, outcome);
    trace(call, plan, here, outcome, next.kind === 'go' ? next.to : null, next.kind === 'go' && next.tookFallback);
    if (outcome.name === FAULT) break;
    if (next.kind === 'end') return { ...ourFault('failsafe', why), cause: 16 };
    at = plan.steps.get(next.to);
  }
  await tryToSay(call, 'technical-fault');
  return ourFault('failsafe', why);
}

function trace(call: Call, plan: RoutingPlan, step: Step, outcome: Outcome, next: StepId | null, tookFallback: boolean): void {
  const text = traceText(plan, step, outcome, factsOf(call, plan));
  call.trace({ step: step.id, kind: step.kind, outcome: outcome.name, text, next, tookFallback });
}

/** The caller pressed something or a person was there: the call is getting somewhere. */
function isByCaller(step: Step, outcome: Outcome): boolean {
  if (step.kind === 'menu') return outcome.digits !== undefined;
  if (step.kind === 'collect') return outcome.name === 'collected';
  return step.kind === 'ring' && outcome.name === 'answered';
}

/** Only the end of the call is passed on; a phrase that is missing or cannot be played leaves the rest as it is. */
async function tryToSay(call: Call, phrase: string): Promise<void> {
  try {
    await play(call, phrases(call, [phrase]), false);
  } catch (error) {
    if (error instanceof CallEnded) throw error;
    call.signal.throwIfAborted();
  }
}
