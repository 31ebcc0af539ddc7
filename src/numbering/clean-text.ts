// Makes text from outside safe to keep: separators out of typed numbers, control and hidden characters out of names.
// Linear in a bounded part of the text. It escapes for no output format: pages and terminals do that themselves.

/** Longest part of a name that is looked at, in UTF-16 units: a 64 kB name costs no more than a short one. */
const LOOKED_AT = 4096;

/**
 * Text without control, format (text direction, zero width), surrogate and unassigned characters; white space becomes
 * one space, ends are trimmed, and at most `maxCodePoints` code points stay. Never throws.
 */
export function cleanText(text: string, maxCodePoints: number): string {
  const plain = text.slice(0, LOOKED_AT).replace(/\s/gu, ' ').replace(/\p{C}/gu, '').replace(/ {2,}/g, ' ').trim();
  return Array.from(plain).slice(0, maxCodePoints).join('').trimEnd();
}

/**
 * Typed or pasted number without the marks people write between digits: spaces, brackets, dots, slashes, hyphens, and
 * the hidden direction marks that address books add. Nothing else is removed, so a letter stays and can be refused.
 */
export function stripSeparators(raw: string): string {
  return raw.replace(/[\s()./\u2010-\u2015\u202a-\u202e\u2066-\u2069\u200b-\u200f-]/gu, '');
}
