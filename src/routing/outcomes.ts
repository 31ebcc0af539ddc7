// The named outcomes of each step kind: what an admin may write under "on", what a live call can report, and what
// `explain` walks. One list for schema, compile, decide and the flows.
import type { StepKind } from './plan.ts';

/** Outcome names by kind. `fault` (our side or a part failed) is in none of them: it always takes the fallback. */
export const OUTCOMES = {
  /** `holiday` = bank holiday or listed date while closed; without an exit of its own it counts as `closed`. */
  hours: ['open', 'closed', 'holiday'],
  /** The positions of the switch are its outcomes. */
  switch: [],
  /** Cases carry their own targets; `otherwise` = none matched. */
  caller: ['otherwise'],
  /** Choices carry their own targets; `extension` = an extension was dialled and found. */
  menu: ['no-input', 'no-match'],
  play: ['done'],
  collect: ['collected', 'no-input', 'no-match'],
  lookup: ['found', 'not-found', 'failed'],
  branch: ['otherwise'],
  /** `answered` ends in a conversation, so it has no exit. */
  ring: ['busy', 'no-answer', 'declined', 'unreachable'],
  /** `recorded` without an exit says goodbye and hangs up. */
  voicemail: ['recorded', 'nothing-recorded', 'mailbox-full'],
  goto: [],
  end: [],
} as const satisfies Record<StepKind, readonly string[]>;

/** The outcome every kind can have: a file missing, a lookup host down, Asterisk refusing. */
export const FAULT = 'fault';
