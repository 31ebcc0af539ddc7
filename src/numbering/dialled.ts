// Decides what raw dialled digits mean, before any library sees them: emergency first, whatever surrounds it, then
// feature codes, short codes, prefixes, extensions and only last a number. Whatever the input, only checked digits come
// out, so a dial string may be built from the result and from nothing else. Read `classifyDialled` first.
import { stripSeparators } from './clean-text.ts';
import { parseE164, usesUkPlan } from './e164.ts';
import type { CountryCode, E164 } from './e164.ts';
import { classOf, shortCodeClass } from './ranges.ts';
import type { NumberClass, ShortClass } from './ranges.ts';

/** Prefixes dialled before a number. `withhold` is 141, `release` 1470; `relay` is Relay UK's. */
export interface DialPrefixes {
  readonly withhold?: true;
  readonly release?: true;
  readonly relay?: '18001' | '18002';
}

/** Why digits lead nowhere. */
export type DialledReason =
  | 'empty'
  | 'too-long'
  | 'characters'
  | 'unknown-feature'
  | 'unknown-extension'
  | 'length'
  | 'no-leading-zero'
  | 'unknown-country'
  | 'not-in-use'
  | 'ambiguous';

/** What was dialled. Every string but `message` has only characters that were checked: digits, and where stated + * #. */
export type Dialled =
  /** Emergency services. `digits` is what goes to the trunk: the service, behind its relay prefix if one was dialled. */
  | {
      readonly kind: 'emergency';
      readonly service: '999' | '112' | '18000';
      readonly relay: boolean;
      readonly digits: string;
    }
  /** A code sent to the trunk as it is: 101, 116123, 118500. */
  | {
      readonly kind: 'short-code';
      readonly digits: string;
      readonly class: Exclude<ShortClass, 'emergency'>;
      readonly prefixes: DialPrefixes;
    }
  /** A feature code of the site; `rest` (digits, * # and a leading +) may itself need classifying. */
  | { readonly kind: 'feature'; readonly code: string; readonly rest: string }
  /** An extension of the customer. */
  | { readonly kind: 'extension'; readonly number: string }
  /** An outside number; `class` is never `invalid`. */
  | { readonly kind: 'e164'; readonly e164: E164; readonly class: NumberClass; readonly prefixes: DialPrefixes }
  /** Nothing that can be reached; `message` is for people and repeats at most checked digits. */
  | { readonly kind: 'invalid'; readonly reason: DialledReason; readonly message: string };

/** What the site knows: its own numbers and habits. */
export interface DialContext {
  /** The customer's extensions, asked with digits alone. */
  readonly extensions: ReadonlySet<string> | ((digits: string) => boolean);
  /** Feature codes such as *97. Codes of digits alone match only as a whole. */
  readonly featureCodes?: ReadonlySet<string> | ((code: string) => boolean);
  /** Digits dialled for an outside line, for example "9"; optional before numbers, needed before a short code that is also an extension. */
  readonly outsidePrefix?: string;
  /** Country whose national form and short codes apply. */
  readonly country: CountryCode;
}

/** Longest text that is looked at, in UTF-16 units; a number with prefixes and separators has under 50. */
const MAX_RAW_LENGTH = 64;
/** Longest feature code with its star. */
const MAX_FEATURE_LENGTH = 8;
/** Longest extension. */
const MAX_EXTENSION_LENGTH = 15;

/** The meaning of `raw` at this site. Never throws; time and memory do not grow with hostile input. */
export function classifyDialled(raw: string, context: DialContext): Dialled {
  const emergency = findEmergency(raw, context);
  if (emergency) return emergency;
  if (raw.length > MAX_RAW_LENGTH) {
    return refuse(
      'too-long',
      `${raw.length} characters were dialled; a number with its prefixes has at most ${MAX_RAW_LENGTH}.`,
    );
  }
  const text = withoutTerminator(stripSeparators(raw), context);
  if (text === '') return refuse('empty', 'Nothing was dialled. Dial an extension, or a number with its area code.');
  if (!/^[0-9*#+]+$/.test(text)) {
    return refuse('characters', 'What was dialled has characters other than digits, * and #. Dial the digits alone.');
  }
  const inside = asFeature(text, context) ?? asOwnShortExtension(text, context);
  if (inside) return inside;
  const outside = asOutside(text, context, START);
  if (outside.kind !== 'invalid') return outside;
  return asExtension(text, context) ?? refuseInside(text) ?? outside;
}

/** Where prefix stripping stands: what was stripped, so that nothing is stripped twice and recursion ends. */
interface Stripped {
  readonly prefixes: DialPrefixes;
  readonly outside: boolean;
}
const START: Stripped = { prefixes: {}, outside: false };

/**
 * A short code or number behind any prefixes, or why there is none. Short codes are tried before a prefix is taken off
 * (118118 is directory enquiries at a site whose outside line is 1), numbers after (9 020… is not a number as it is).
 */
function asOutside(text: string, context: DialContext, stripped: Stripped): Dialled {
  const short = usesUkPlan(context.country) ? shortCodeClass(text) : null;
  if (short && short !== 'emergency')
    return { kind: 'short-code', digits: text, class: short, prefixes: stripped.prefixes };
  let reason: Dialled | null = null;
  for (const { rest, next } of strippings(text, context, stripped)) {
    const found = asOutside(rest, context, next);
    if (found.kind !== 'invalid') return found;
    // The reason should speak of the number behind the prefix, unless what is left does not look like one.
    if (found.reason !== 'no-leading-zero') reason ??= found;
  }
  const parsed = parseE164(text, context.country);
  if (!parsed.ok) return reason ?? refuse(parsed.error.code, parsed.error.message);
  return { kind: 'e164', e164: parsed.value, class: classOf(parsed.value), prefixes: stripped.prefixes };
}

/** Every way to take one prefix off: each kind at most once, relay last as it belongs to the number. */
function strippings(text: string, context: DialContext, stripped: Stripped): { rest: string; next: Stripped }[] {
  const ways: { rest: string; next: Stripped }[] = [];
  const { prefixes, outside } = stripped;
  const take = (prefix: string, next: Stripped): void => {
    if (text.length > prefix.length && text.startsWith(prefix)) ways.push({ rest: text.slice(prefix.length), next });
  };
  if (usesUkPlan(context.country) && !prefixes.relay) {
    if (!prefixes.withhold && !prefixes.release) {
      take('141', { prefixes: { withhold: true }, outside });
      take('1470', { prefixes: { release: true }, outside });
    }
    take('18001', { prefixes: { ...prefixes, relay: '18001' }, outside });
    take('18002', { prefixes: { ...prefixes, relay: '18002' }, outside });
  }
  if (!outside && hasOutsidePrefix(context)) take(context.outsidePrefix, { prefixes, outside: true });
  return ways;
}

/**
 * Emergency before everything else (RULES F8): 999, 112, 18000, behind the outside line, 141, 1470, 18001 and 18002 in
 * any order. Also what phones make of it by themselves: +999, +44999, 0044112, a closing #, URI parameters. None of
 * these can be another number, and a call for help that is refused for its form is the worst result there is.
 */
function findEmergency(raw: string, context: DialContext): Dialled | null {
  const withoutParameters = raw.slice(0, MAX_RAW_LENGTH).split(';', 1)[0] ?? '';
  const text = stripSeparators(withoutParameters).replace(/#$/, '');
  const prefixes = ['+', '+44', '0044', '141', '1470', '18001', '18002'];
  if (hasOutsidePrefix(context)) prefixes.unshift(context.outsidePrefix);
  return emergencyBehind(text, prefixes, '');
}

function emergencyBehind(text: string, prefixes: readonly string[], relay: string): Dialled | null {
  if (text === '18000') return { kind: 'emergency', service: text, relay: true, digits: text };
  if (text === '999' || text === '112')
    return { kind: 'emergency', service: text, relay: relay !== '', digits: relay + text };
  for (const prefix of prefixes) {
    if (!text.startsWith(prefix)) continue;
    const isRelay = prefix === '18001' || prefix === '18002';
    const others = prefixes.filter((other) => other !== prefix);
    const found = emergencyBehind(text.slice(prefix.length), others, isRelay ? prefix : relay);
    if (found) return found;
  }
  return null;
}

function asFeature(text: string, context: DialContext): Dialled | null {
  const starts = /^[*#]/.test(text);
  if (!starts) return has(context.featureCodes, text) ? { kind: 'feature', code: text, rest: '' } : null;
  // Longest first: at a site with *2 and *21 the dialled *21 is the second.
  for (let length = Math.min(MAX_FEATURE_LENGTH, text.length); length > 1; length -= 1) {
    const code = text.slice(0, length);
    const rest = text.slice(length);
    if (has(context.featureCodes, code) && /^\+?[0-9*#]*$/.test(rest)) return { kind: 'feature', code, rest };
  }
  return null;
}

function asExtension(text: string, context: DialContext): Dialled | null {
  if (text.length > MAX_EXTENSION_LENGTH || !/^[0-9]+$/.test(text)) return null;
  return has(context.extensions, text) ? { kind: 'extension', number: text } : null;
}

/**
 * At a site with an outside prefix the bare 101 is the site's own extension, if it has one: the police are 9 101.
 * Without a prefix the short code wins, and compile has to say that such an extension can never be dialled.
 */
function asOwnShortExtension(text: string, context: DialContext): Dialled | null {
  return hasOutsidePrefix(context) && shortCodeClass(text) !== null ? asExtension(text, context) : null;
}

/** Reason for digits that were meant for inside the site, or null when they were not. */
function refuseInside(text: string): Dialled | null {
  if (/^[*#]/.test(text))
    return refuse('unknown-feature', `No feature has the code ${text} here. Check the list of feature codes.`);
  if (!/^[1-9][0-9]{0,5}$/.test(text)) return null;
  const help = /^(99+|11+2+)/.test(text) ? ' For the emergency services dial 999.' : '';
  return refuse('unknown-extension', `${text} is no extension here, and outside numbers begin with 0 or +.${help}`);
}

/** Many phones send the # that ends dialling; it is dropped unless the whole is a feature code. */
function withoutTerminator(text: string, context: DialContext): string {
  return /^[0-9+]+#$/.test(text) && !has(context.featureCodes, text) ? text.slice(0, -1) : text;
}

function hasOutsidePrefix(context: DialContext): context is DialContext & { readonly outsidePrefix: string } {
  return context.outsidePrefix !== undefined && context.outsidePrefix !== '';
}

function has(known: ReadonlySet<string> | ((text: string) => boolean) | undefined, text: string): boolean {
  if (known === undefined) return false;
  return typeof known === 'function' ? known(text) : known.has(text);
}

function refuse(reason: DialledReason, message: string): Dialled {
  return { kind: 'invalid', reason, message };
}
