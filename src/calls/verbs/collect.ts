// The collect step: takes digits from the caller, reads them back when the plan wants it, and keeps them as a variable.
import { collectOutcome, collectValue, matchCollect } from '../../routing/match-digits.ts';
import { sayDigits } from '../../routing/say.ts';
import type { CollectStep, Outcome, RoutingPlan } from '../../routing/plan.ts';
import type { Call } from '../call.ts';
import { ask, askOne } from './keys.ts';
import { slip } from './menu.ts';
import { joined, phrases, render } from './speak.ts';

export async function collect(call: Call, plan: RoutingPlan, step: CollectStep): Promise<Outcome> {
  if (step.secret) call.secrets.add(step.variable);
  let before: 'no-input' | 'no-match' | null = null;
  for (let round = 0; ; round += 1) {
    const prompt = render(call, plan, step.say);
    const keys = await ask(call, {
      say: before === null ? prompt : joined(slip(call, plan, step, before), prompt),
      bargeIn: step.bargeIn,
      timers: step,
      state: (buffer) => matchCollect(step, buffer),
    });
    const outcome = collectOutcome(step, keys);
    if (outcome.name === 'collected' && (await isConfirmed(call, step, collectValue(step, keys)))) {
      const value = collectValue(step, keys);
      call.variables.set(step.variable, value);
      return { ...outcome, detail: step.secret ? `${value.length} digits` : `${step.variable} ${value}` };
    }
    // Digits that the caller did not confirm count as a wrong entry.
    before = outcome.name === 'no-input' ? 'no-input' : 'no-match';
    if (round >= step.retries) return { name: before, detail: `asked ${round + 1} ${round === 0 ? 'time' : 'times'}` };
    call.digits.clear();
  }
}

async function isConfirmed(call: Call, step: CollectStep, value: string): Promise<boolean> {
  if (!step.confirm) return true;
  const back = phrases(call, ['you-entered', ...sayDigits(value), 'pause', 'if-right-press-1-otherwise-2']);
  return (await askOne(call, back, '12')) === '1';
}
