// Whether words that a caller hears say who was reached and how to reach them: the organisation's name and its contact, or
// a phone number, in one message (RULES 1-12). Judges texts alone; phrases of the product's own voice name nobody.
import { toE164OrNull } from '../numbering/e164.ts';
import type { Organisation, RoutingPlan, SayItem } from '../routing/plan.ts';

/** Texts of prompts that were judged already, by name. */
export type JudgedTexts = Map<string, { readonly hasName: boolean; readonly hasContact: boolean }>;

/**
 * True when what is said in one go gives both. A name counts by whole words, whatever its capitals, with "&" for "and"; a
 * number counts by its digits. What a variable would say is not known here and counts for nothing.
 */
export function identifies(plan: RoutingPlan, say: readonly SayItem[], judged: JudgedTexts): boolean {
  let hasName = false;
  let hasContact = false;
  for (const item of say) {
    const text = textOf(plan, item);
    if (text === null) continue;
    const key = item.kind === 'prompt' ? `prompt ${item.name}` : `digits ${text}`;
    let found = judged.get(key);
    if (found === undefined) {
      found = { hasName: namesOrganisation(text, plan.organisation), hasContact: givesContact(text, plan.organisation) };
      judged.set(key, found);
    }
    hasName ||= found.hasName;
    hasContact ||= found.hasContact;
  }
  return hasName && hasContact;
}

function textOf(plan: RoutingPlan, item: SayItem): string | null {
  if (item.kind === 'prompt') return plan.prompts.get(item.name)?.text ?? null;
  return item.kind === 'digits' && !item.value.includes('{{') ? item.value : null;
}

export function namesOrganisation(text: string, { name }: Organisation): boolean {
  const wanted = words(name);
  return wanted !== '' && ` ${words(text)} `.includes(` ${wanted} `);
}

/** The organisation's own contact, word for word or digit by digit, or any phone number. */
export function givesContact(text: string, { contact, country }: Organisation): boolean {
  const wanted = words(contact);
  if (wanted !== '' && ` ${words(text)} `.includes(` ${wanted} `)) return true;
  const own = contact.replace(/\D/g, '');
  for (const [found] of text.matchAll(/\+?\(?\d[\d\s().-]*\d/g)) {
    const digits = found.replace(/[^\d+]/g, '');
    if (own.length >= MIN_DIGITS && digits === own) return true;
    if (digits.length >= MIN_DIGITS && digits.length <= MAX_DIGITS && toE164OrNull(digits, country) !== null) return true;
  }
  return false;
}

/** Shorter ones are times, keys and dates. */
const MIN_DIGITS = 9;
const MAX_DIGITS = 16;

/** Letters and digits in small letters, one space between words; apostrophes belong to their word. */
function words(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/['’]/g, '').replace(/&/g, ' and ').replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
}
