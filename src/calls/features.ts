// Codes dialled from a phone: hear messages, move a switch. Adding one = a row here and its flow.
import type { RoutingPlan } from '../routing/plan.ts';
import type { CallEnd } from '../ports/records.ts';
import type { Call } from './call.ts';
import { mailboxFlow } from './mailbox.ts';
import { phrases, play } from './verbs/speak.ts';

/** Codes of the product itself; a plan's switches bring their own. */
export const FEATURES = {
  '*97': 'hear the messages of the own mailbox',
  '*98': 'hear the messages of any mailbox, by extension and PIN',
  '*61': 'before a number: call it showing the first of the numbers of this phone',
  '*62': 'the second',
  '*63': 'the third',
  '*64': 'the fourth',
  '*65': 'the fifth',
  '*66': 'the sixth',
  '*67': 'the seventh',
  '*68': 'the eighth',
  '*69': 'the ninth',
} as const;

/** Kept with the call, so that a restart in between moves the switch once. */
const POSITION = 'switch-position';

export async function feature(call: Call, plan: RoutingPlan, extension: string, code: string): Promise<CallEnd> {
  await call.save({ kind: 'step', step: '' });
  if (code === '*97' || code === '*98') return mailboxFlow(call, plan, code === '*97' ? extension : null);
  const spec = [...plan.switches.values()].find((one) => one.featureCode === code);
  if (spec === undefined) {
    await play(call, phrases(call, ['number-not-in-service']), false);
    return { by: 'us', fault: 'caller', code: 'unknown-feature', cause: 1, detail: code };
  }
  const { switches } = call.deps;
  const position = call.variables.get(POSITION) ?? switches.after(plan, spec.name);
  call.variables.set(POSITION, position);
  await call.save({ kind: 'step', step: '' });
  try {
    await switches.set(plan.customer, spec.name, position, `extension ${extension}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    call.deps.observer.alarm('state-store', `${spec.label} is "${position}" now, but that could not be kept and is lost at the next restart: ${why}`);
  }
  const text = `${spec.label} moved to "${position}" by extension ${extension}`;
  call.trace({ step: null, kind: 'call', outcome: 'switch', text, next: null, tookFallback: false });
  call.deps.observer.note(text, { customer: plan.customer, switch: spec.name, position });
  await play(call, phrases(call, [position === spec.positions[0] ? 'switch-off' : 'switch-on']), false);
  return { by: 'us', fault: 'none', code: 'feature-done', cause: 16, detail: text };
}
