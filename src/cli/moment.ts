// Times as people type them.
import { misuse } from './cli-error.ts';

/** ISO 8601 of 2026-11-23 (midnight UTC) or 2026-11-23T14:00Z; throws, naming the flag. */
export function momentOf(text: string | undefined, flag: string): string | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (Number.isNaN(ms) || !/^\d{4}-/.test(text)) throw misuse(`${flag}: "${text.slice(0, 40)}" is no time.`, 'Write it like 2026-11-23 or 2026-11-23T14:00Z.', flag);
  return new Date(ms).toISOString();
}
