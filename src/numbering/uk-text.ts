// UK numbers as people read them, by our own grouping: for sentences made in the path of a call, where the library's
// formatting (a quarter of a millisecond) is too slow. For pages and terminals use formatNumber of e164.ts.
import type { E164 } from './e164.ts';

/** 020 7946 0018 · 0117 496 0123 · 01632 960018 · 07700 900123 · 0808 157 0000; foreign numbers as E.164. Never throws. */
export function quickText(number: E164): string {
  if (!number.startsWith('+44')) return number;
  const digits = `0${number.slice(3)}`;
  const [first, second] = digits.startsWith('02') ? [3, 7] : isFourThreeFour(digits) ? [4, 7] : [5, digits.length];
  return [digits.slice(0, first), digits.slice(first, second), digits.slice(second)].filter((part) => part !== '').join(' ');
}

/** 011x and 01x1 areas, and all non-geographic ranges but the mobile-like 07. */
function isFourThreeFour(digits: string): boolean {
  return /^0(11|1.1|[3589])/.test(digits) && digits.length === 11;
}
