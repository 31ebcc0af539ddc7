// Digits of the served party, kept until a step asks for them, so that type-ahead works across menus.

/** More than anybody types ahead; what a flood sends beyond it is dropped. */
const MAX_PENDING = 64;
const DIGIT = /^[0-9*#A-D]$/;

export class DigitBuffer {
  #pending = '';
  #listener: (() => void) | null = null;
  #dropped = 0;

  /** Takes one key; anything that is no DTMF key is ignored. */
  push(digit: string): void {
    if (!DIGIT.test(digit)) return;
    if (this.#pending.length >= MAX_PENDING) {
      this.#dropped += 1;
      return;
    }
    this.#pending += digit;
    this.#listener?.();
  }

  /** The next key, or null. */
  shift(): string | null {
    const first = this.#pending[0];
    if (first === undefined) return null;
    this.#pending = this.#pending.slice(1);
    return first;
  }

  clear(): void {
    this.#pending = '';
  }

  get pending(): number {
    return this.#pending.length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** One listener at a time: only one step asks for keys. */
  onDigit(listener: () => void): () => void {
    this.#listener = listener;
    return () => {
      if (this.#listener === listener) this.#listener = null;
    };
  }
}
