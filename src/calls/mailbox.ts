// Messages by telephone: PIN, then each message with repeat, keep and delete. Read `mailboxFlow`.
import type { Mailbox, RoutingPlan } from '../routing/plan.ts';
import { sayCount, sayDigits } from '../routing/say.ts';
import type { CallEnd, VoicemailMessage } from '../ports/records.ts';
import { TelephonyError } from '../ports/telephony.ts';
import type { Call } from './call.ts';
import { ask, askOne } from './verbs/keys.ts';
import { joined, phrases, play } from './verbs/speak.ts';
import { showWaiting } from './verbs/voicemail.ts';

const PIN_TIMERS = { firstDigitMs: 7_000, interDigitMs: 4_000, overallMs: 20_000 };
const TRIES_A_CALL = 3;
const DONE: CallEnd = { by: 'us', fault: 'none', code: 'feature-done', cause: 16, detail: 'voicemail' };

/** `extension` null: the caller says which mailbox. Every mailbox needs its PIN: a phone on a desk is no proof of a person. */
export async function mailboxFlow(call: Call, plan: RoutingPlan, extension: string | null): Promise<CallEnd> {
  const box = await whichMailbox(call, plan, extension);
  if (box === null) return { ...DONE, code: 'no-mailbox' };
  const refusal = await refusalOf(call, plan, box);
  if (refusal !== null) return { ...DONE, code: refusal, cause: 21 };
  const messages = await call.deps.voicemail.listMessages(plan.customer, box.id);
  const fresh = messages.filter((message) => message.isNew);
  call.trace({ step: null, kind: 'call', outcome: 'mailbox', text: `${box.name}: ${fresh.length} new, ${messages.length - fresh.length} heard`, next: null, tookFallback: false });
  if (messages.length === 0) {
    await play(call, phrases(call, ['no-messages', 'goodbye']), true);
    return DONE;
  }
  await play(call, phrases(call, ['you-have', ...sayCount(fresh.length, 'new-message'), 'and', ...sayCount(messages.length - fresh.length, 'old-message')]), true);
  // Most callers hang up after the last message: the light follows at the end, however it comes.
  call.scope.defer(() => showWaiting(call, plan, box.id));
  for (const message of [...fresh, ...messages.filter((one) => !one.isNew)]) {
    if ((await heard(call, box, message)) === 'finish') break;
  }
  await play(call, phrases(call, ['end-of-messages', 'goodbye']), true);
  return DONE;
}

async function whichMailbox(call: Call, plan: RoutingPlan, extension: string | null): Promise<Mailbox | null> {
  let number = extension;
  if (number === null) {
    number = (
      await ask(call, { say: phrases(call, ['enter-extension']), bargeIn: true, timers: PIN_TIMERS, state: (keys) => (keys.endsWith('#') || plan.extensions.has(keys) ? 'match' : 'wait') })
    ).replace('#', '');
  }
  const id = plan.extensions.get(number)?.mailbox;
  const box = id === null || id === undefined ? undefined : plan.mailboxes.get(id);
  if (box !== undefined) return box;
  await play(call, phrases(call, ['extension-not-known']), false);
  return null;
}

/**
 * null = the PIN was right. Without a PIN nobody is let in: whoever picks up a phone could set the first one. One call
 * gets 3 tries; the store counts over all calls and says when the mailbox is locked, and only then is the caller told so.
 */
async function refusalOf(call: Call, plan: RoutingPlan, box: Mailbox): Promise<'wrong-pin' | 'mailbox-locked' | 'no-pin' | null> {
  for (let round = 0; round < TRIES_A_CALL; round += 1) {
    const keys = await ask(call, { say: phrases(call, [...(round === 0 ? [] : ['wrong-pin']), 'enter-pin']), bargeIn: true, timers: PIN_TIMERS, state: (typed) => (typed.endsWith('#') || typed.length >= 12 ? 'match' : 'wait') });
    const pin = keys.replace('#', '');
    const verdict = pin === '' ? 'wrong' : await call.deps.voicemail.checkPin(plan.customer, box.id, pin);
    call.signal.throwIfAborted();
    if (verdict === 'right') return null;
    if (verdict === 'not-set') return withoutPin(call, box);
    if (verdict === 'locked') return locked(call, box);
  }
  await play(call, phrases(call, ['wrong-pin', 'goodbye']), false);
  return 'wrong-pin';
}

async function locked(call: Call, box: Mailbox): Promise<'mailbox-locked'> {
  const text = `${box.name} is locked after wrong PINs; a new PIN ends that at once: genvoice mailboxes pin ${box.id}`;
  call.trace({ step: null, kind: 'call', outcome: 'mailbox-locked', text, next: null, tookFallback: false });
  await play(call, phrases(call, ['mailbox-locked', 'goodbye']), false);
  return 'mailbox-locked';
}

/** An administrator sets the first PIN; the caller hears that it is not up to them. */
async function withoutPin(call: Call, box: Mailbox): Promise<'no-pin'> {
  const text = `${box.name} has no PIN yet; set one with genvoice mailboxes pin ${box.id}`;
  call.trace({ step: null, kind: 'call', outcome: 'no-pin', text, next: null, tookFallback: false });
  await play(call, phrases(call, ['call-not-allowed', 'goodbye']), false);
  return 'no-pin';
}

/** A message that cannot be played is an alarm; the others are heard. */
async function heard(call: Call, box: Mailbox, message: VoicemailMessage): Promise<'next' | 'finish'> {
  try {
    return await hear(call, message);
  } catch (error) {
    call.signal.throwIfAborted();
    if (error instanceof TelephonyError) throw error;
    call.deps.observer.alarm('voicemail-store', `Message ${message.id} of ${box.name} could not be played: ${error instanceof Error ? error.message : String(error)}`);
    return 'next';
  }
}

/** One message with who left it, as often as wished. */
async function hear(call: Call, message: VoicemailMessage): Promise<'next' | 'finish'> {
  const media = await call.deps.voicemail.mediaOf(message);
  const number = message.caller.number;
  const from = number.kind === 'e164' ? sayDigits(`0${number.e164.replace(/^\+44/, '')}`, 'telephone') : number.kind === 'extension' ? ['extension', ...sayDigits(number.number)] : ['withheld-number'];
  const whole = joined(phrases(call, ['from', ...from, 'pause']), { media: [media], durationMs: message.durationMs + 1_000 });
  for (let round = 0; round < 10; round += 1) {
    await play(call, whole, true);
    await call.deps.voicemail.markHeard(message.id);
    const key = await askOne(call, phrases(call, ['message-menu']), '123#*');
    if (key === '1') continue;
    if (key === '*') return 'finish';
    if (key === '3') {
      await call.deps.voicemail.deleteMessage(message.id);
      await play(call, phrases(call, ['message-deleted']), true);
    }
    return 'next';
  }
  return 'next';
}
