// Performs one step of a plan on a live call and says what it came to. A step that cannot do its work is a `fault`, which
// takes the step's fallback in the same second; only the end of the call is thrown.
import { evaluate } from '../routing/evaluate.ts';
import { FAULT } from '../routing/outcomes.ts';
import type { Outcome, RoutingPlan, Step } from '../routing/plan.ts';
import { TelephonyError } from '../ports/telephony.ts';
import type { Facts } from '../routing/facts.ts';
import type { Call } from './call.ts';
import { CallEnded } from './call-end.ts';
import { isLinkBack } from './link-back.ts';
import { StepFault } from './step-fault.ts';
import { collect } from './verbs/collect.ts';
import { lookup } from './verbs/lookup.ts';
import { menu } from './verbs/menu.ts';
import { ring, type RingResume } from './verbs/ring.ts';
import { play, render } from './verbs/speak.ts';
import { voicemail, type RecordingResume } from './verbs/voicemail.ts';

/** Where a step goes on that another process had begun. */
export type Resume = ({ readonly kind: 'ringing' } & RingResume) | ({ readonly kind: 'recording' } & RecordingResume);

/** Rejects with the call's end alone. */
export async function perform(call: Call, plan: RoutingPlan, step: Step, resume: Resume | null = null): Promise<Outcome> {
  try {
    return await act(call, plan, step, resume);
  } catch (error) {
    if (error instanceof CallEnded) throw error;
    call.signal.throwIfAborted();
    // Nothing can be done for the caller while the link is away, and the step is not to blame: it is done again after it.
    if (error instanceof TelephonyError && error.fault === 'no-link' && (await isLinkBack(call))) {
      call.decisions.rewind();
      return perform(call, plan, step);
    }
    if (error instanceof StepFault || error instanceof TelephonyError) return { name: FAULT, detail: error.message };
    // A bug of ours must not be the end of a live caller's call.
    const text = error instanceof Error ? error.message : String(error);
    call.deps.observer.alarm('flow-bug', `Step ${step.id} of ${plan.customer} failed unexpectedly: ${text}`);
    return { name: FAULT, detail: 'unexpected failure' };
  }
}

async function act(call: Call, plan: RoutingPlan, step: Step, resume: Resume | null): Promise<Outcome> {
  switch (step.kind) {
    case 'hours':
    case 'switch':
    case 'caller':
    case 'branch':
    case 'goto': return evaluate(plan, step, factsOf(call, plan));
    case 'menu': return menu(call, plan, step);
    case 'play': {
      const played = await play(call, render(call, plan, step.say), step.bargeIn);
      return { name: 'done', ...(played === 'interrupted' ? { detail: 'skipped by a key' } : {}) };
    }
    case 'collect': return collect(call, plan, step);
    case 'lookup': return lookup(call, plan, step);
    case 'ring': return ring(call, plan, step, resume?.kind === 'ringing' ? resume : null);
    case 'voicemail': return voicemail(call, plan, step, resume?.kind === 'recording' ? resume : null);
    case 'end': {
      if (step.say.length > 0) await play(call, render(call, plan, step.say), false);
      return { name: 'ended' };
    }
  }
}

export function factsOf(call: Call, plan: RoutingPlan): Facts {
  return {
    nowMs: call.deps.clock.nowMs(),
    caller: call.origin.caller,
    switches: call.deps.switches.positions(plan.customer),
    variables: { values: call.variables, secrets: call.secrets },
  };
}
