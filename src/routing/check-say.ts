// Rules for what a caller hears: prompts that exist, values that can be spoken, variables that are written whole.
import type { Check } from './check.ts';
import { dayOf } from './local-time.ts';
import type { SayItem } from './plan.ts';
import { quote } from './problem.ts';
import { isBuiltIn, variablesIn } from './variables.ts';

/** What a literal value has to look like to be spoken, and an example. */
const SPOKEN: Readonly<Record<'digits' | 'number' | 'date' | 'time', { readonly fits: (text: string) => boolean; readonly words: string; readonly example: string }>> = {
  digits: { fits: (text) => /^[0-9*#+ ]+$/.test(text), words: 'digits', example: '"01632 960018"' },
  number: { fits: (text) => /^-?\d{1,12}(\.\d{1,6})?$/.test(text), words: 'a number', example: '"25"' },
  date: { fits: (text) => dayOf(text) !== null, words: 'a date', example: '"2026-12-24"' },
  time: { fits: (text) => /^([01]\d|2[0-3]):[0-5]\d$/.test(text), words: 'a time of day', example: '"17:30"' },
};

/** Adds what is wrong with a list of things to say; `path` is the list's pointer. */
export function checkSay({ refer, problems, parts: { prompts }, options: { phrases } }: Check, items: readonly SayItem[], path: string): void {
  items.forEach((item, index) => {
    if (item.kind === 'prompt' && prompts.has(item.name)) return;
    const at = `${path}/${index}`;
    if (item.kind === 'prompt') {
      refer('prompts', item.name, at);
    } else if (item.kind === 'phrase') {
      if (phrases !== undefined && !phrases.has(item.id)) problems.problem(`${at}/phrase`, 'unknown-phrase', `names ${quote(item.id)}, which the product cannot say`, 'Name one of its phrases, for example "goodbye", or record a prompt.');
    } else {
      checkBraces(item.value, `${at}/${item.kind}`, problems);
      const rule = SPOKEN[item.kind];
      if (!item.value.includes('{{') && !rule.fits(item.value)) {
        problems.problem(`${at}/${item.kind}`, 'cannot-be-spoken', `is ${quote(item.value)}, and must be ${rule.words} or a variable`, `For example: ${rule.example} or "{{name}}".`);
      }
    }
  });
}

/** Adds a problem when a variable in `text` is not written as {{name}}. */
export function checkBraces(text: string, path: string, problems: Check['problems']): void {
  const opened = text.split('{{').length - 1;
  const names = variablesIn(text);
  if (opened !== names.length || names.some((name) => !isBuiltIn(name) && !/^[a-z][a-zA-Z0-9]{0,39}$/.test(name))) {
    problems.problem(path, 'broken-variable', `is ${quote(text)}, in which a variable is not written as {{name}}`, 'Write the name of the variable between {{ and }}.');
  }
}
