// The log: pino lines bound to a call's id, free of secrets, safe to look at in a terminal. It decides what a line may
// show; where lines go is log-file.ts. Read `createLog` first.
import pino from 'pino';
import type { Logger } from 'pino';
import type { LogFile } from './log-file.ts';

export type Log = Logger;
export interface LogOptions {
  readonly level: pino.LevelWithSilent;
  /** `masked` hides the last three digits of every phone number in a line, also inside sentences. */
  readonly numbers: 'full' | 'masked';
  readonly file: Pick<LogFile, 'write'> | null;
  /** Second destination, such as process.stdout. */
  readonly also?: { write(line: string): unknown };
}

/** Fields whose value is never written, at the top of a line or one level down. */
const SECRET_FIELDS: ReadonlySet<string> = new Set(['password', 'passwd', 'secret', 'secretDigits', 'pin', 'apiKey', 'api_key', 'authorization', 'cookie', 'token', 'ha1', 'ha1Md5']);
const HIDDEN = '(hidden)';
/** Longest header value or other outside text in a line. */
const MAX_OUTSIDE_CHARACTERS = 256;

/**
 * The root log. Every line is one JSON object with ISO `time`. Characters that could act on a terminal or turn text
 * round are escaped in every line, whatever field they came in.
 */
export function createLog(options: LogOptions): Log {
  const { level, numbers, file, also } = options;
  const finish = numbers === 'masked' ? (line: string) => escapeHidden(maskNumbers(line)) : escapeHidden;
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // Not pino's own redaction: its wildcard paths cost 22 of the 27 us that a line took.
      formatters: { level: (label) => ({ level: label }), log: hideSecrets },
      serializers: { err: errorForLog, error: errorForLog, sip: sipForLog, headers: sipForLog },
      hooks: { streamWrite: finish },
    },
    {
      write(line: string) {
        file?.write(line);
        also?.write(line);
      },
    },
  );
  // Pino's formatters do not see what a child is bound to; its own children inherit this one.
  const bind: unknown = Reflect.get(log, 'child');
  Reflect.set(log, 'child', function (this: Log, bindings: pino.Bindings, childOptions?: pino.ChildLoggerOptions): unknown {
    return typeof bind === 'function' ? Reflect.apply(bind, this, [hideSecrets(bindings), childOptions]) : undefined;
  });
  return log;
}

/**
 * The fields that bind a line to its call, and to the customer once known. Fields, because a child logger would be made
 * anew for nearly every line.
 */
export function callFields(call: string, customer: string | null): Readonly<Record<string, string>> {
  return customer === null ? { call } : { call, customer };
}

/**
 * Digits a caller typed, as they may be logged: `•` for each when they are secret (the count stays, it helps to find
 * faults), cut at 64.
 */
export function digitsForLog(digits: string, isSecret: boolean): string {
  const cut = digits.slice(0, 64);
  return isSecret ? '•'.repeat(cut.length) : outsideText(cut);
}

/** Text from outside for a line: control characters written as \xNN, cut at 256 characters. */
export function outsideText(text: string): string {
  // Only as much is looked at as is shown.
  const shown = text.slice(0, MAX_OUTSIDE_CHARACTERS).replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return text.length > MAX_OUTSIDE_CHARACTERS ? `${shown}… (${text.length} characters)` : shown;
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
/** Of those, the ones that JSON.stringify leaves as they are. */
const HIDDEN_IN_JSON = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

function escapeHidden(line: string): string {
  return line.replace(HIDDEN_IN_JSON, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * +44…, 0044…, 44… and 0…, with or without single spaces, 8 to 15 digits; not inside ids, hashes and decimals. An escape
 * such as \n may stand right before one: lines are masked after they were made JSON.
 */
const NUMBER_IN_TEXT =
  /(?:(?<![0-9A-Za-z])|(?<=\\(?:[bfnrt]|u[0-9a-f]{4}|x[0-9a-f]{2})))(?<!\d\.)(?:\+(?=\d)|0(?=[\d ])|44(?=\d{9,10}(?!\d)))(?: ?\d){7,14}(?![0-9A-Za-z]|[.:]\d)/g;

/** `text` with the last three digits of every phone number in it as •. */
export function maskNumbers(text: string): string {
  return text.replace(NUMBER_IN_TEXT, (found) => found.replace(/\d ?\d ?\d$/, (tail) => tail.replace(/\d/g, '•')));
}

/** The same fields, those with a secret's name hidden, at the top and one level down; copied only where something is hidden. */
function hideSecrets(fields: Record<string, unknown>): Record<string, unknown> {
  let shown = fields;
  for (const [name, value] of Object.entries(fields)) {
    // `err` and `error` are looked at when they have been made plain, in errorForLog.
    const safe = SECRET_FIELDS.has(name) ? HIDDEN : typeof value === 'object' && value !== null && name !== 'err' && name !== 'error' ? hideInside(value) : value;
    if (safe === value) continue;
    if (shown === fields) shown = { ...fields };
    shown[name] = safe;
  }
  return shown;
}

function hideInside(value: object): object {
  const secrets = Object.keys(value).filter((name) => SECRET_FIELDS.has(name));
  return secrets.length === 0 ? value : { ...value, ...Object.fromEntries(secrets.map((name) => [name, HIDDEN])) };
}

function errorForLog(error: unknown): unknown {
  const plain: unknown = error instanceof Error ? pino.stdSerializers.err(error) : error;
  return typeof plain === 'object' && plain !== null ? hideInside(plain) : plain;
}

/** Header fields one by one, bounded and escaped; credentials hidden. Anything else becomes bounded text. */
function sipForLog(value: unknown): unknown {
  if (typeof value === 'string') return outsideText(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'number' || typeof value === 'boolean' ? value : null;
  return Object.fromEntries(
    Object.entries(value).slice(0, 40).map(([name, inner]) => {
      if (/authorization|cookie|api-?key|password|secret|token/i.test(name)) return [outsideText(name), HIDDEN];
      return [outsideText(name), typeof inner === 'number' || typeof inner === 'boolean' ? inner : outsideText(typeof inner === 'string' ? inner : (JSON.stringify(inner) ?? ''))];
    }),
  );
}
