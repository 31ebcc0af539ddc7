// Reads the text of a plan file: JSON, strictly, with the place of every fault. Own reader because the built-in one tells
// no line, forgets keys that stand twice, and recurses as deep as the file says. Read `parsePlanText` first.
import { pointer, quote } from './problem.ts';
import type { Problem } from './problem.ts';

/** Longest text, in UTF-16 units. The reader of the file bounds its bytes by the same figure. */
export const MAX_TEXT_LENGTH = 32 * 1024 * 1024;
/** Deepest nesting of { } and [ ]. */
export const MAX_DEPTH = 40;
/** Keys that stand twice, or that no plan may use, are reported up to this number. */
const MAX_KEY_PROBLEMS = 100;

/** The value of a plan file, or what is wrong with its text. */
export type ParsedText =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The JSON in `text`. Never throws; time is linear, and no depth of nesting can exhaust the stack. */
export function parsePlanText(text: string): ParsedText {
  if (text.length > MAX_TEXT_LENGTH) {
    const message = `has ${text.length} characters; at most ${MAX_TEXT_LENGTH} are read`;
    return { ok: false, problems: [{ path: '', code: 'text-too-long', severity: 'problem', message, hint: 'Divide the plan between customers.' }] };
  }
  const reader = new Reader(text);
  try {
    const value = reader.document();
    return reader.problems.length > 0 ? { ok: false, problems: reader.problems } : { ok: true, value };
  } catch (error) {
    if (!(error instanceof TextFault)) throw error;
    return { ok: false, problems: [...reader.problems, reader.place(error.at, error.code, error.message, error.hint)] };
  }
}

/** Stops the reader; never leaves this file. */
class TextFault extends Error {
  readonly at: number;
  readonly code: string;
  readonly hint: string;
  constructor(at: number, code: string, message: string, hint: string) {
    super(message);
    this.at = at;
    this.code = code;
    this.hint = hint;
  }
}

const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_$][\w$]*/y;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

class Reader {
  readonly problems: Problem[] = [];
  readonly #text: string;
  #at = 0;
  readonly #path: (string | number)[] = [];
  #line = 1;
  #countedTo = 0;

  constructor(text: string) {
    this.#text = text;
    // Editors on Windows begin a file with a byte-order mark.
    if (text.charCodeAt(0) === 0xfeff) this.#at = 1;
  }

  document(): unknown {
    this.#skip();
    if (this.#at >= this.#text.length) throw this.#fault('empty-text', 'is empty', 'Begin with { and end with }.');
    const value = this.#value();
    this.#skip();
    if (this.#at < this.#text.length) throw this.#fault('broken-json', `goes on after its end with ${this.#here()}`, 'Take the rest out, or mend the brackets before it.');
    return value;
  }

  place(at: number, code: string, message: string, hint: string): Problem {
    const line = this.#lineAt(at);
    const column = at - (at === 0 ? -1 : this.#text.lastIndexOf('\n', at - 1));
    return { path: pointer(...this.#path), code, severity: 'problem', message: `${message} (line ${line}, column ${column})`, hint, line, column };
  }

  /** Counts on from the place before: faults come in the order of the text, save for the last. */
  #lineAt(at: number): number {
    if (at < this.#countedTo) {
      this.#countedTo = 0;
      this.#line = 1;
    }
    for (let next = this.#text.indexOf('\n', this.#countedTo); next !== -1 && next < at; next = this.#text.indexOf('\n', next + 1)) {
      this.#line += 1;
      this.#countedTo = next + 1;
    }
    return this.#line;
  }

  #value(): unknown {
    switch (this.#text.charAt(this.#at)) {
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #checkDepth(): void {
    if (this.#path.length >= MAX_DEPTH) throw this.#fault('too-deep', `is nested more than ${MAX_DEPTH} levels deep`, 'A plan needs about 6 levels; look for a bracket that is not closed.');
  }

  #object(): Record<string, unknown> {
    this.#checkDepth();
    const object: Record<string, unknown> = {};
    this.#at += 1;
    this.#skip();
    if (this.#take('}')) return object;
    for (;;) {
      if (this.#text[this.#at] !== '"') throw this.#keyFault();
      const keyAt = this.#at;
      const key = this.#string();
      this.#skip();
      if (!this.#take(':')) throw this.#fault('broken-json', `has ${this.#here()} after the key ${quote(key)}, where a colon belongs`, 'Write a colon between key and value.');
      this.#skip();
      this.#path.push(key);
      this.#checkKey(object, key, keyAt);
      const value = this.#value();
      if (!FORBIDDEN.has(key)) object[key] = value;
      this.#path.pop();
      this.#skip();
      if (this.#take('}')) return object;
      if (!this.#take(',')) throw this.#fault('broken-json', `has ${this.#here()} where a comma or } belongs`, 'Write a comma between two entries, and } after the last.');
      this.#skip();
    }
  }

  #checkKey(object: Record<string, unknown>, key: string, at: number): void {
    if (this.problems.length >= MAX_KEY_PROBLEMS) return;
    if (FORBIDDEN.has(key)) this.problems.push(this.place(at, 'forbidden-key', `is a name that cannot be used`, 'Choose another name.'));
    else if (Object.hasOwn(object, key)) this.problems.push(this.place(at, 'key-twice', `stands twice; only one of them could count`, 'Take one of them out, or rename it.'));
  }

  #array(): unknown[] {
    this.#checkDepth();
    const array: unknown[] = [];
    this.#at += 1;
    this.#skip();
    if (this.#take(']')) return array;
    for (;;) {
      this.#path.push(array.length);
      array.push(this.#value());
      this.#path.pop();
      this.#skip();
      if (this.#take(']')) return array;
      if (!this.#take(',')) throw this.#fault('broken-json', `has ${this.#here()} where a comma or ] belongs`, 'Write a comma between two entries, and ] after the last.');
      this.#skip();
      if (this.#text[this.#at] === ']') throw this.#fault('broken-json', 'has a comma before ]', 'Take the comma after the last entry out.');
    }
  }

  #string(): string {
    const start = this.#at;
    this.#at += 1;
    let hasEscapes = false;
    // By character codes: most of a large file is inside quotes.
    for (let code = this.#text.charCodeAt(this.#at); code !== QUOTE; code = this.#text.charCodeAt(this.#at)) {
      if (code < 0x20 || Number.isNaN(code)) throw this.#openString(start, this.#text[this.#at]);
      if (code === BACKSLASH) hasEscapes = true;
      this.#at += code === BACKSLASH ? 2 : 1;
    }
    this.#at += 1;
    const raw = this.#text.slice(start, this.#at);
    if (!hasEscapes) return raw.slice(1, -1);
    try {
      return JSON.parse(raw) as string;
    } catch {
      throw new TextFault(start, 'broken-json', 'has text with a backslash that means nothing', 'Write \\\\ for a backslash and \\" for a quote.');
    }
  }

  #openString(start: number, character: string | undefined): TextFault {
    if (character === undefined || character === '\n' || character === '\r') return new TextFault(start, 'broken-json', 'has text whose closing quote is missing', 'Write " at the end of the text, on the same line.');
    return new TextFault(this.#at, 'broken-json', 'has a control character inside a text', 'Write \\t for a tab and \\n for a new line.');
  }

  #scalar(): unknown {
    const at = this.#at;
    NUMBER.lastIndex = at;
    const number = NUMBER.exec(this.#text)?.[0];
    if (number !== undefined && !/[\w.]/.test(this.#text[at + number.length] ?? '')) {
      this.#at += number.length;
      return Number(number);
    }
    WORD.lastIndex = at;
    const word = WORD.exec(this.#text)?.[0];
    if (word === 'true' || word === 'false' || word === 'null') {
      this.#at += word.length;
      return word === 'null' ? null : word === 'true';
    }
    throw this.#valueFault(word);
  }

  #valueFault(word: string | undefined): TextFault {
    const character = this.#text[this.#at];
    if (character === undefined) return this.#fault('broken-json', 'ends too early', 'Look for a bracket or quote that is not closed.');
    if (character === "'") return this.#fault('broken-json', "has a single quote where a value belongs", 'Write texts between double quotes.');
    if (character === '/') return this.#fault('broken-json', 'has a comment, which JSON does not know', 'Take it out; most parts have a "label" for remarks.');
    if (word !== undefined) return this.#fault('broken-json', `has the word ${quote(word)} without quotes`, 'Write texts between double quotes.');
    return this.#fault('broken-json', `has ${this.#here()} where a value belongs`, 'Write a text in quotes, a number, true, false, { } or [ ].');
  }

  #keyFault(): TextFault {
    const character = this.#text[this.#at];
    if (character === undefined) return this.#fault('broken-json', 'ends too early', 'Look for a bracket or quote that is not closed.');
    if (character === '}') return this.#fault('broken-json', 'has a comma before }', 'Take the comma after the last entry out.');
    if (character === '/') return this.#fault('broken-json', 'has a comment, which JSON does not know', 'Take it out; most parts have a "label" for remarks.');
    return this.#fault('broken-json', `has ${this.#here()} where a key belongs`, 'Write keys between double quotes.');
  }

  #fault(code: string, message: string, hint: string): TextFault {
    return new TextFault(this.#at, code, message, hint);
  }

  #here(): string {
    const point = this.#text.codePointAt(this.#at);
    return point === undefined ? 'nothing more' : quote(String.fromCodePoint(point));
  }

  #skip(): void {
    for (let code = this.#text.charCodeAt(this.#at); code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09; code = this.#text.charCodeAt(this.#at)) this.#at += 1;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }
}
