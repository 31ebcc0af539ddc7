// The keys of a question, handed to menus and entries as a caller would press them: one entry for each time that keys
// are asked for, keys left over typed ahead, silence when the entries are used up.
import { collectOutcome, collectValue, matchCollect, matchDigits, menuOutcome } from './match-digits.ts';
import type { DigitsState, ExtensionNumbers } from './match-digits.ts';
import type { CollectStep, MenuStep, Outcome } from './plan.ts';

export class Keys {
  readonly #entries: readonly string[];
  readonly #assume: (text: string) => void;
  #next = 0;
  #ahead = '';

  constructor(entries: readonly string[], assume: (text: string) => void) {
    this.#entries = entries;
    this.#assume = assume;
  }

  /** Where the caller stands with the keys; equal states lead to equal ends. */
  get state(): string {
    return `${this.#next} ${this.#ahead}`;
  }

  /** What a menu comes to, offered as often as it says. */
  menu(step: MenuStep, extensions: ExtensionNumbers): Outcome {
    if (!step.typeAhead) this.#ahead = '';
    for (let round = 0; ; round += 1) {
      const keys = this.#ask((buffer) => matchDigits(step, buffer, extensions));
      const outcome = menuOutcome(step, keys, extensions);
      if (outcome.name !== 'no-input' && outcome.name !== 'no-match') return outcome;
      if (round >= step.retries) return { ...outcome, detail: `offered ${times(round + 1)}` };
      if (outcome.name === 'no-match') this.#ahead = '';
    }
  }

  /** What an entry comes to, asked for as often as it says; `value` is null unless it was collected. */
  collect(step: CollectStep): { readonly outcome: Outcome; readonly value: string | null } {
    for (let round = 0; ; round += 1) {
      const keys = this.#ask((buffer) => matchCollect(step, buffer));
      const outcome = collectOutcome(step, keys);
      const value = collectValue(step, keys);
      if (outcome.name === 'collected' && (!step.confirm || this.#isConfirmed())) {
        const detail = step.secret ? `${value.length} digits` : `${step.variable} ${value}`;
        return { outcome: { ...outcome, detail }, value };
      }
      const name = outcome.name === 'no-input' ? 'no-input' : 'no-match';
      if (round >= step.retries) return { outcome: { name, detail: `asked ${times(round + 1)}` }, value: null };
      this.#ahead = '';
    }
  }

  #isConfirmed(): boolean {
    if (this.#ahead === '' && this.#next >= this.#entries.length) {
      this.#assume('the caller confirms with 1');
      return true;
    }
    return this.#ask((buffer) => (buffer === '' ? 'wait' : 'match')) === '1';
  }

  #ask(state: (buffer: string) => DigitsState): string {
    let source = this.#ahead;
    let buffer = '';
    if (source === '') {
      const entry = this.#entries[this.#next];
      if (entry === undefined) this.#assume(this.#entries.length === 0 ? 'nothing is pressed' : 'nothing more is pressed');
      else this.#next += 1;
      source = entry ?? '';
    }
    while (source !== '' && state(buffer) === 'wait') {
      buffer += source.charAt(0);
      source = source.slice(1);
    }
    this.#ahead = source;
    return buffer;
  }
}

function times(count: number): string {
  return count === 1 ? '1 time' : `${count} times`;
}
