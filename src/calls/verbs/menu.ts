// The menu step: offers choices by key, as often as the plan says, and reports the choice or why there is none.
import { matchDigits, menuOutcome } from '../../routing/match-digits.ts';
import type { MenuStep, Outcome, RoutingPlan } from '../../routing/plan.ts';
import type { Call } from '../call.ts';
import { ask } from './keys.ts';
import { joined, phrases, render, type Speech } from './speak.ts';

export async function menu(call: Call, plan: RoutingPlan, step: MenuStep): Promise<Outcome> {
  if (!step.typeAhead) call.digits.clear();
  let before: 'no-input' | 'no-match' | null = null;
  for (let round = 0; ; round += 1) {
    const keys = await ask(call, {
      say: offer(call, plan, step, before),
      bargeIn: step.bargeIn,
      timers: step,
      state: (buffer) => matchDigits(step, buffer, plan.extensions),
    });
    const outcome = menuOutcome(step, keys, plan.extensions);
    if (outcome.name !== 'no-input' && outcome.name !== 'no-match') return outcome;
    if (round >= step.retries) return { ...outcome, detail: `offered ${round + 1} ${round === 0 ? 'time' : 'times'}` };
    // Keys that followed a wrong one belong to the same slip, not to the next offer.
    if (outcome.name === 'no-match') call.digits.clear();
    before = outcome.name;
  }
}

/** The prompt; from the second round on behind a word about what went wrong. */
function offer(call: Call, plan: RoutingPlan, step: MenuStep, before: 'no-input' | 'no-match' | null): Speech {
  const prompt = render(call, plan, step.say);
  return before === null ? prompt : joined(slip(call, plan, step, before), prompt);
}

export function slip(call: Call, plan: RoutingPlan, step: Pick<MenuStep, 'noInputSay' | 'noMatchSay'>, before: 'no-input' | 'no-match'): Speech {
  const own = before === 'no-input' ? step.noInputSay : step.noMatchSay;
  if (own.length > 0) return render(call, plan, own);
  return phrases(call, [before === 'no-input' ? 'nothing-pressed' : 'that-choice-is-not-known']);
}
