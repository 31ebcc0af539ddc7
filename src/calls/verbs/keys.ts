// Asks the served party for keys: prompt, barge-in, type-ahead and the three timers, the same for menus, entries and
// voicemail. What the keys mean is the asker's matter.
import type { InputTimers } from '../../routing/plan.ts';
import type { Call } from '../call.ts';
import { DEADLINE, wait } from '../wait.ts';
import { play, type Speech } from './speak.ts';

export interface Question {
  readonly say: Speech | null;
  readonly bargeIn: boolean;
  readonly timers: InputTimers;
  /** `wait`: more keys could change the answer. Anything else ends the question at once. */
  readonly state: (keys: string) => 'wait' | 'match' | 'no-match';
}

/** Two keys of a menu are one deliberate act; nobody waits longer for silence than this. */
export const SINGLE_KEY: InputTimers = { firstDigitMs: 5_000, interDigitMs: 1, overallMs: 5_000 };

/** The keys pressed, '' for none. Keys typed ahead count; those that come after the answer stay for the next question. */
export async function ask(call: Call, question: Question): Promise<string> {
  let keys = '';
  const isFinal = (): boolean => {
    while (question.state(keys) === 'wait') {
      const next = call.digits.shift();
      if (next === null) return false;
      keys += next;
    }
    return true;
  };
  if (isFinal()) return keys;
  call.deps.observer.listening(call.id);
  if (keys === '' && question.say !== null) {
    await play(call, question.say, question.bargeIn);
    if (isFinal()) return keys;
  } else {
    await call.answer();
  }
  const { clock } = call.deps;
  const startedMs = clock.monotonicMs();
  for (;;) {
    const leftMs = question.timers.overallMs - (clock.monotonicMs() - startedMs);
    const limitMs = Math.min(leftMs, keys === '' ? question.timers.firstDigitMs : question.timers.interDigitMs);
    if (limitMs <= 0) return keys;
    const seen = await wait<true>(clock, call.signal, limitMs, (settle) => call.digits.onDigit(() => settle(true)));
    if (isFinal()) return keys;
    if (seen === DEADLINE) return keys;
  }
}

/** One key out of `keys`, or '' when another or none was pressed. */
export async function askOne(call: Call, say: Speech, keys: string): Promise<string> {
  const pressed = await ask(call, { say, bargeIn: true, timers: SINGLE_KEY, state: (buffer) => (buffer === '' ? 'wait' : 'match') });
  return keys.includes(pressed) ? pressed : '';
}
