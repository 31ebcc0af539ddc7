// What a phone can do with a call, in the words that --answer takes and `explain` knows.
import type { Answer } from '../routing/explain.ts';

export const ANSWER_NAMES = [
  'answered',
  'busy',
  'no-answer',
  'declined',
  'unreachable',
] as const satisfies readonly Answer[];

export function isAnswer(text: string): text is Answer {
  return (ANSWER_NAMES as readonly string[]).includes(text);
}
