// Finds the DDI in what a carrier sends, and lists every spelling a carrier may send for a DDI, for the static dialplan
// that works without us. Both directions agree: each spelling listed is one that `normaliseDdi` takes back.
import { callingCodeOf, countryOf, formatNumber, toE164OrNull } from './e164.ts';
import type { CountryCode, E164 } from './e164.ts';
import { parseSipAddress } from './sip-address.ts';

/**
 * The DDI that `raw` names, or null. Takes +44…, 0044…, 44… and 0…, bare or as user part of a sip:, sips: or tel: URI
 * with parameters. Null for short codes, extensions, letters and ranges that nobody may use. Never throws.
 */
export function normaliseDdi(raw: string, country: CountryCode): E164 | null {
  return toE164OrNull(parseSipAddress(raw).user, country);
}

/**
 * Every bare spelling of `ddi` that a carrier of its own country may send, the E.164 form first, none twice. Each holds
 * only digits and one leading +, so it may stand in a dialplan as it is.
 */
export function ddiSpellings(ddi: E164): string[] {
  const country = ddi.startsWith('+44') ? 'GB' : countryOf(ddi);
  if (country === undefined) return [ddi];
  const digits = ddi.slice(1);
  const national = ddi.startsWith('+44')
    ? `0${digits.slice(callingCodeOf(country).length)}`
    : foreignNational(ddi, country);
  const spellings = new Set([ddi, `00${digits}`, digits, ...(national === null ? [] : [national])]);
  return [...spellings].filter((spelling) => spelling === ddi || normaliseDdi(spelling, country) === ddi);
}

/** National digits of a foreign number: the international form without its code, with a leading 0 where that is the use. */
function foreignNational(ddi: E164, country: CountryCode): string | null {
  const rest = formatNumber(ddi)
    .replace(/[^0-9]/g, '')
    .slice(callingCodeOf(country).length);
  for (const candidate of [`0${rest}`, rest]) if (toE164OrNull(candidate, country) === ddi) return candidate;
  return null;
}
