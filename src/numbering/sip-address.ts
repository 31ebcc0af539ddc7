// Takes display name, user and host out of a SIP name-addr, addr-spec or tel URI as carriers send them. Every pass is a
// plain scan of a bounded text, so a hostile 64 kB header costs no more than a short one. It decides nothing about
// numbers. Read `parseSipAddress` first.

/** One address; texts as received (user percent-decoded), not yet cleaned. Empty where the header has none. */
export interface SipAddress {
  readonly display: string;
  readonly user: string;
  readonly host: string;
}

/** Longest part of a header that is looked at, in UTF-16 units. */
const LOOKED_AT = 8192;
/** Most addresses taken from one header: RFC 3325 allows two in P-Asserted-Identity. */
const MAX_ADDRESSES = 4;

/** The first address of a header or a bare URI or user part. Never throws; what cannot be read is empty. */
export function parseSipAddress(header: string): SipAddress {
  const text = header.slice(0, LOOKED_AT).trim();
  const quoted = text.startsWith('"') ? readQuoted(text) : null;
  const after = quoted ? text.slice(quoted.end) : text;
  const open = after.indexOf('<');
  if (open < 0) return { display: quoted?.value ?? '', ...splitUri(after.trim()) };
  const close = after.indexOf('>', open);
  const uri = after.slice(open + 1, close < 0 ? undefined : close);
  return { display: quoted?.value ?? after.slice(0, open).trim(), ...splitUri(uri.trim()) };
}

/** The addresses of a header that may hold several, separated by commas outside quotes and angle brackets. */
export function parseSipAddresses(header: string): SipAddress[] {
  const text = header.slice(0, LOOKED_AT);
  const found: SipAddress[] = [];
  let start = 0;
  let inQuotes = false;
  let inBrackets = false;
  for (let at = 0; at < text.length && found.length < MAX_ADDRESSES - 1; at += 1) {
    const character = text.charAt(at);
    if (inQuotes && character === '\\') at += 1;
    else if (character === '"' && !inBrackets) inQuotes = !inQuotes;
    else if (!inQuotes && character === '<') inBrackets = true;
    else if (!inQuotes && character === '>') inBrackets = false;
    else if (!inQuotes && !inBrackets && character === ',') {
      found.push(parseSipAddress(text.slice(start, at)));
      start = at + 1;
    }
  }
  found.push(parseSipAddress(text.slice(start)));
  return found;
}

/** A quoted string at the start of `text` and where it ends; an unclosed one ends before the next "<". */
function readQuoted(text: string): { value: string; end: number } {
  let value = '';
  for (let at = 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') return { value, end: at + 1 };
    if (character === '\\') at += 1;
    value += text.charAt(at);
  }
  const open = text.lastIndexOf('<');
  return open < 0 ? { value: text.slice(1), end: text.length } : { value: text.slice(1, open), end: open };
}

function splitUri(uri: string): { user: string; host: string } {
  const scheme = /^(sips?|tel):/i.exec(uri);
  const rest = scheme ? uri.slice(scheme[0].length) : uri;
  const isTel = scheme?.[1]?.toLowerCase() === 'tel';
  const at = isTel ? -1 : rest.indexOf('@');
  // "sip:host" has no user; a bare text without scheme is the user part alone, as the dialplan hands it on.
  const hasUser = isTel || at >= 0 || !scheme;
  const userPart = hasUser ? (at >= 0 ? rest.slice(0, at) : rest) : '';
  const hostPart = at >= 0 ? rest.slice(at + 1) : hasUser ? '' : rest;
  return { user: decodeUser(cutAt(userPart, ';:?')), host: cutAt(hostPart, ';?>').toLowerCase() };
}

/** `text` up to the first of `marks`. */
function cutAt(text: string, marks: string): string {
  for (let at = 0; at < text.length; at += 1) if (marks.includes(text.charAt(at))) return text.slice(0, at);
  return text;
}

/** %2B and the like, byte by byte: a broken escape stays as it is instead of throwing. */
function decodeUser(user: string): string {
  return user.replace(/%([2-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))).trim();
}
