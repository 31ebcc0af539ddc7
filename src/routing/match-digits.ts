// Which choice or entry a caller's keys make, without any timer: live menus and `explain` ask the same functions.
// `wait` means that more keys could change the answer; when the timer runs out, `menuOutcome` and `collectOutcome` say
// what the keys so far came to.
import type { CollectStep, MenuStep, Outcome } from './plan.ts';

/** Set or map of extension numbers; a plan's `extensions` is one. */
export interface ExtensionNumbers {
  has(number: string): boolean;
  keys(): Iterable<string>;
}

/** `match` and `no-match` are final: no timer needs to run. */
export type DigitsState = 'wait' | 'match' | 'no-match';

const MENU_TERMINATOR = '#';

/** Beginnings of all choices and of all extensions, made once per menu and per set of extensions. */
const choiceBeginnings = new WeakMap<object, ReadonlySet<string>>();
const extensionBeginnings = new WeakMap<object, ReadonlySet<string>>();

/**
 * State of a menu after the keys in `buffer`. Waits only while a longer choice or extension begins with them; # ends an
 * entry early unless it belongs to a choice.
 */
export function matchDigits(menu: MenuStep, buffer: string, extensions: ExtensionNumbers): DigitsState {
  if (buffer === '') return 'wait';
  if (mayGrow(menu, buffer, extensions)) return 'wait';
  return targetOf(menu, buffer, extensions) === null ? 'no-match' : 'match';
}

/**
 * What the keys so far come to when no more are awaited: `choice` with `digits`, `extension` with `to` (`@201`),
 * `no-match`, or `no-input` for none at all. The keys of a `no-match` are not repeated: they may be a PIN.
 */
export function menuOutcome(menu: MenuStep, buffer: string, extensions: ExtensionNumbers): Outcome {
  if (buffer === '') return { name: 'no-input' };
  const target = targetOf(menu, buffer, extensions);
  if (target === null) return { name: 'no-match' };
  if (target.kind === 'choice') return { name: 'choice', digits: target.digits };
  return { name: 'extension', digits: target.digits, to: `@${target.digits}` };
}

function targetOf(menu: MenuStep, buffer: string, extensions: ExtensionNumbers): { kind: 'choice' | 'extension'; digits: string } | null {
  for (const digits of [buffer, buffer.endsWith(MENU_TERMINATOR) ? buffer.slice(0, -1) : '']) {
    if (digits === '') continue;
    if (Object.hasOwn(menu.choices, digits)) return { kind: 'choice', digits };
    if (menu.dialExtension && extensions.has(digits)) return { kind: 'extension', digits };
  }
  return null;
}

function mayGrow(menu: MenuStep, buffer: string, extensions: ExtensionNumbers): boolean {
  const choices = beginnings(choiceBeginnings, menu.choices, () => Object.keys(menu.choices));
  if (choices.has(buffer)) return true;
  return menu.dialExtension && beginnings(extensionBeginnings, extensions, () => extensions.keys()).has(buffer);
}

/** All proper beginnings of the texts that `list` gives. */
function beginnings(cache: WeakMap<object, ReadonlySet<string>>, of: object, list: () => Iterable<string>): ReadonlySet<string> {
  let known = cache.get(of);
  if (!known) {
    const all = new Set<string>();
    for (const text of list()) for (let length = 1; length < text.length; length += 1) all.add(text.slice(0, length));
    known = all;
    cache.set(of, known);
  }
  return known;
}

/**
 * State of a collect step after the keys in `buffer`; `no-match` at a key that is neither digit nor terminator. A full
 * entry still waits for the terminator, or for the timer: the caller was told to press it, and it must not fall into the
 * question that follows.
 */
export function matchCollect(step: CollectStep, buffer: string): DigitsState {
  if (buffer === '') return 'wait';
  const { value, isEnded } = entryOf(step, buffer);
  if (!/^[0-9]*$/.test(value) || value.length > step.maxDigits) return 'no-match';
  if (isEnded) return value.length >= step.minDigits ? 'match' : 'no-match';
  return value.length === step.maxDigits && step.terminator === null ? 'match' : 'wait';
}

/** What the keys come to when no more are awaited: `collected`, `no-match`, or `no-input` for none at all. */
export function collectOutcome(step: CollectStep, buffer: string): Outcome {
  if (buffer === '') return { name: 'no-input' };
  const { value } = entryOf(step, buffer);
  const isWhole = /^[0-9]+$/.test(value) && value.length >= step.minDigits && value.length <= step.maxDigits;
  return { name: isWhole ? 'collected' : 'no-match' };
}

/** Digits that an entry gives the variable: the keys without the terminator. */
export function collectValue(step: CollectStep, buffer: string): string {
  return entryOf(step, buffer).value;
}

function entryOf(step: CollectStep, buffer: string): { value: string; isEnded: boolean } {
  const isEnded = step.terminator !== null && buffer.endsWith(step.terminator);
  return { value: isEnded ? buffer.slice(0, -1) : buffer, isEnded };
}
