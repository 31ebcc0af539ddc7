// Which number a call wants to show, and the judgement of it: the first source that is set decides, and a number that is
// denied is never quietly replaced by another. Read `chooseCli` first.
import type { E164 } from '../numbering/e164.ts';
import { quickText } from '../numbering/uk-text.ts';
import { CLI_SOURCES } from '../routing/outbound.ts';
import type { CliSource } from '../routing/outbound.ts';
import type { CliAttempt } from './attempt.ts';
import { judge } from './cli-policy.ts';
import { allowed } from './verdict.ts';
import type { DeniedVerdict, Reason, Verdict } from './verdict.ts';

/** What each source wants; null = it is not set. */
export interface CliWishes extends Readonly<Record<CliSource, E164 | null>> {
  /** Numbers that the user may choose among; an explicit wish for any other is denied. */
  readonly choices: readonly E164[];
  /** Shown instead of a wanted number that is denied; null = the call is refused. */
  readonly fallBackTo: E164 | null;
}

const SINCE = '2026-11-22';

/** The wanted number and where the wish came from; null = none is set anywhere. */
export function wantedCli(wishes: CliWishes): { readonly wanted: E164; readonly source: CliSource } | null {
  for (const source of CLI_SOURCES) {
    const wanted = wishes[source];
    if (wanted !== null) return { wanted, source };
  }
  return null;
}

/**
 * The verdict on the first wish that is set. Denied: refused with its reasons, or, where the plan names a number to fall
 * back to, the verdict on that one with a note of what it stands for. Never throws.
 */
export function chooseCli(wishes: CliWishes, facts: Omit<CliAttempt, 'wanted' | 'source'>): Verdict {
  const wish = wantedCli(wishes);
  if (wish === null) return denied('cli-none', 'No number to show is set: not for the call, the phone, its site or the customer. Set one in the plan.');
  const verdict = judgeWish(wish, wishes, facts);
  const { fallBackTo } = wishes;
  if (verdict.allow || fallBackTo === null || fallBackTo === wish.wanted) return verdict;
  return fallBack(fallBackTo, wish.wanted, verdict, facts);
}

function judgeWish({ wanted, source }: { wanted: E164; source: CliSource }, { choices }: CliWishes, facts: Omit<CliAttempt, 'wanted' | 'source'>): Verdict {
  const verdict = judge({ ...facts, wanted, source });
  if (source !== 'explicit' || choices.includes(wanted)) return verdict;
  const text = `${quickText(wanted)} is not among the numbers that may be chosen here. Choose another, or add it to clis.`;
  return denied('cli-choice', text, verdict.reasons);
}

function fallBack(to: E164, wanted: E164, first: DeniedVerdict, facts: Omit<CliAttempt, 'wanted' | 'source'>): Verdict {
  const second = judge({ ...facts, wanted: to, source: 'fall-back' });
  const why = first.reasons.find((reason) => reason.rule === first.rule)?.text ?? first.rule;
  if (!second.allow) {
    const text = `${quickText(to)}, to fall back to, may not be shown either: ${second.reasons.find((reason) => reason.rule === second.rule)?.text ?? second.rule}`;
    return { ...first, reasons: [...first.reasons, note(text), ...second.reasons] };
  }
  const { purpose, presentation, source, isWithheld, network, reasons } = second;
  const shown = note(`${quickText(to)} is shown instead of ${quickText(wanted)}, as the plan says. ${why}`);
  return allowed({ purpose, presentation, source, isWithheld, network, reasons: [shown, ...reasons] });
}

function note(text: string): Reason {
  return { rule: 'cli-fall-back', version: SINCE, outcome: 'note', text };
}

function denied(rule: string, text: string, more: readonly Reason[] = []): DeniedVerdict {
  return { allow: false, rule, reasons: [{ rule, version: SINCE, outcome: 'deny', text }, ...more] };
}
