// The voicemail step: greeting, tone, message. A message is kept however the caller ends: by hanging up (the usual way),
// with #, by silence or by the limit. Read `voicemail`, then `keep`.
import type { Mailbox, Outcome, RoutingPlan, VoicemailStep } from '../../routing/plan.ts';
import type { Call } from '../call.ts';
import { TelephonyError } from '../../ports/telephony.ts';
import { StepFault } from '../step-fault.ts';
import { DEADLINE, wait } from '../wait.ts';
import { ask, askOne } from './keys.ts';
import { joined, phrases, play, render } from './speak.ts';

/** Shorter ones are somebody who hung up at the tone. */
const MIN_MESSAGE_MS = 1_000;
/** How long Asterisk may take to close the file after the end. */
const FILE_LIMIT_MS = 3_000;

export interface RecordingResume {
  readonly recording: string;
  readonly sinceMs: number;
}
interface Recorded {
  readonly name: string;
  readonly durationMs: number;
}

/** `resume` is a recording that another process had begun. */
export async function voicemail(call: Call, plan: RoutingPlan, step: VoicemailStep, resume: RecordingResume | null = null): Promise<Outcome> {
  const box = plan.mailboxes.get(step.mailbox);
  if (box === undefined) throw new StepFault(`mailbox "${step.mailbox}" is gone`);
  if (resume === null) {
    const kept = await call.deps.voicemail.listMessages(plan.customer, box.id);
    call.signal.throwIfAborted();
    if (kept.length >= box.maxMessages) return { name: 'mailbox-full', detail: `${box.name} holds ${kept.length} messages` };
    const greeting = step.greeting.length > 0 ? step.greeting : box.greeting;
    await greet(call, joined(render(call, plan, greeting), phrases(call, ['record-after-tone'])));
  }
  for (let running = resume; ; running = null) {
    if (running === null) await play(call, phrases(call, ['beep']), false);
    const recorded = await record(call, plan, box, step, running);
    if (recorded === null || recorded.durationMs < MIN_MESSAGE_MS) {
      if (recorded !== null) await drop(call, recorded.name);
      if (recorded !== null && recorded.durationMs > 0) await play(call, phrases(call, ['message-too-short']), true);
      return { name: 'nothing-recorded', detail: 'no message was left' };
    }
    // The caller may hang up while being asked: the message is kept then, too.
    const asked = call.scope.defer(async () => void (await keep(call, plan, box, recorded)));
    const wish = await review(call, recorded);
    asked();
    if (wish === 'again') {
      await drop(call, recorded.name);
      continue;
    }
    if (!(await keep(call, plan, box, recorded))) throw new StepFault('the message could not be stored');
    await play(call, phrases(call, ['message-saved']), true);
    return { name: 'recorded', detail: `${Math.round(recorded.durationMs / 1_000)} s for ${box.name}` };
  }
}

/** # skips the greeting, as callers know it from elsewhere. */
async function greet(call: Call, say: ReturnType<typeof joined>): Promise<void> {
  await ask(call, {
    say, bargeIn: true, timers: { firstDigitMs: 0, interDigitMs: 0, overallMs: 0 }, state: (keys) => (keys === '' ? 'wait' : 'match'),
  });
  call.digits.clear();
}

/** null: nothing could be recorded. While it runs, a hang-up keeps what was said. */
async function record(call: Call, plan: RoutingPlan, box: Mailbox, step: VoicemailStep, running: RecordingResume | null): Promise<Recorded | null> {
  const { clock, hub, telephony } = call.deps;
  const name = running?.recording ?? call.newId('rec');
  const sinceMs = running?.sinceMs ?? clock.nowMs();
  let ended: Recorded | null = null;
  let tell: () => void = () => {};
  const off = hub.on(name, (event) => {
    if (event.type !== 'recording-ended') return;
    ended = { name, durationMs: event.durationMs };
    tell();
  });
  const maxMs = Math.min(step.maxMessageMs, box.maxMessageMs);
  const settled = call.scope.defer(async () => {
    await closed(call, () => ended, (listener) => (tell = listener));
    off();
    if (ended === null || ended.durationMs < MIN_MESSAGE_MS) await drop(call, name);
    else await keep(call, plan, box, ended);
  });
  await call.save({ kind: 'recording', step: step.id, recording: name, sinceMs });
  try {
    if (running === null) {
      await call.onParty(telephony.record({ name, channel: call.party.channel, maxMs, silenceEndMs: step.silenceEndMs, terminateOn: '#' }));
    } else if (!(await call.onParty(telephony.isRecording(name)))) {
      // It ended while nobody listened; its length is known only by the clock.
      ended ??= { name, durationMs: clock.nowMs() - sinceMs };
    }
  } catch (error) {
    // Refused by Asterisk: there is no file to wait for.
    if (!call.signal.aborted) {
      settled();
      off();
    }
    throw error;
  }
  const seen = await wait<true>(clock, call.signal, Math.max(1, maxMs - (clock.nowMs() - sinceMs)) + FILE_LIMIT_MS, (settle) => {
    tell = () => settle(true);
    if (ended !== null) settle(true);
    return () => {};
  });
  settled();
  off();
  if (seen === DEADLINE) await telephony.stopRecording(name).catch(() => {});
  call.digits.clear();
  return ended;
}

/** Waits, un-aborted, until Asterisk has closed the file. */
async function closed(call: Call, isEnded: () => unknown, listen: (listener: () => void) => void): Promise<void> {
  if (isEnded() !== null) return;
  await wait<true>(call.deps.clock, new AbortController().signal, FILE_LIMIT_MS, (settle) => {
    listen(() => settle(true));
    return () => {};
  });
}

/** Offers to send, hear or replace the message; silence sends it. */
async function review(call: Call, recorded: Recorded): Promise<'keep' | 'again'> {
  for (let round = 0; round < 5; round += 1) {
    const key = await askOne(call, phrases(call, ['to-send-press-1', 'to-listen-press-2', 'to-record-again-press-3']), '123');
    if (key === '3') return 'again';
    if (key !== '2') return 'keep';
    await play(call, { media: [`recording:${recorded.name}`], durationMs: recorded.durationMs + 1_000 }, true);
  }
  return 'keep';
}

/** Into the store with it, then out of Asterisk; the message-waiting light follows. False = it could not be stored. Un-aborted. */
export async function keep(call: Call, plan: RoutingPlan, box: Mailbox, recorded: Recorded): Promise<boolean> {
  const { telephony, clock, observer } = call.deps;
  try {
    const audio = await telephony.fetchRecording(recorded.name);
    await call.deps.voicemail.addMessage(
      {
        id: recorded.name, customer: plan.customer, mailbox: box.id, callId: call.id, caller: call.origin.caller,
        receivedAtMs: clock.nowMs(), durationMs: recorded.durationMs, isNew: true,
      },
      audio,
    );
  } catch (error) {
    if (error instanceof TelephonyError && error.fault === 'no-link') {
      call.deps.live.whenBack(async () => void (await keep(call, plan, box, recorded)));
      return true;
    }
    // The recording stays in Asterisk: better there than nowhere.
    observer.alarm('voicemail-store', `A message for ${box.name} could not be stored: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
  call.trace({
    step: null, kind: 'voicemail', outcome: 'message-kept', next: null, tookFallback: false,
    text: `message of ${Math.round(recorded.durationMs / 1_000)} s kept for ${box.name}`,
  });
  await drop(call, recorded.name);
  await showWaiting(call, plan, box.id);
  return true;
}

/** Lights or clears the message-waiting light of the phones of a mailbox. */
export async function showWaiting(call: Call, plan: RoutingPlan, mailbox: string): Promise<void> {
  const messages = await call.deps.voicemail.listMessages(plan.customer, mailbox);
  const fresh = messages.filter((message) => message.isNew).length;
  await call.deps.telephony.setMailbox(`${plan.customer}-${mailbox}`, fresh, messages.length - fresh).catch(() => {});
}

async function drop(call: Call, name: string): Promise<void> {
  await call.cleanUp(() => call.deps.telephony.deleteRecording(name));
}
