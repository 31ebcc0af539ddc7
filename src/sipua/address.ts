// Reads and writes the parts inside SIP headers: URIs, name-addr, parameters, Via (RFC 3261 section 20 and 25). PURE.
// Everything here returns undefined for text it cannot read; nothing throws. Read `parseAddress` first.
import { headerOf, splitList } from './message.ts';
import type { SipMessage } from './message.ts';

/** A sip: or sips: URI; `user` is decoded, `host` has no brackets, parameter names are lower case. */
export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  readonly user: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly params: ReadonlyMap<string, string>;
}

/** The value of From, To, Contact, Route, Refer-To, P-Asserted-Identity; `uriText` is the URI as it stood there. */
export interface Address {
  readonly displayName: string;
  readonly uriText: string;
  readonly uri: SipUri | undefined;
  readonly params: ReadonlyMap<string, string>;
}

/** The top Via of a message: where the answer goes, and the transaction's branch. */
export interface Via {
  readonly host: string;
  readonly port: number;
  readonly branch: string;
  readonly wantsRport: boolean;
}

function parseParams(text: string): ReadonlyMap<string, string> {
  const params = new Map<string, string>();
  for (const part of splitList(text, ';').slice(0, 64)) {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (name && !params.has(name)) params.set(name, equals < 0 ? '' : unquote(part.slice(equals + 1).trim()));
  }
  return params;
}

const unquote = (text: string): string =>
  text.startsWith('"') && text.endsWith('"') && text.length > 1 ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;

function decodeUser(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone % from the network: keep it as it stands
  }
}

/** Returns the parts of a sip URI, or undefined (tel:, another scheme, no host, port out of range). */
export function parseUri(text: string): SipUri | undefined {
  const scheme = /^(sips?):/i.exec(text);
  if (!scheme || text.length > 2048) return undefined;
  const noHeaders = text.slice(scheme[0].length).split('?')[0] ?? '';
  const at = noHeaders.lastIndexOf('@');
  const userPart = at < 0 ? '' : noHeaders.slice(0, at);
  const hostPart = noHeaders.slice(at + 1);
  const host = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9.\-_]{1,255}))(?::(\d{1,5}))?(?:;(.*))?$/.exec(hostPart);
  if (!host) return undefined;
  const port = host[3] === undefined ? undefined : Number(host[3]);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  return {
    scheme: (scheme[1] ?? '').toLowerCase() === 'sips' ? 'sips' : 'sip',
    user: decodeUser(userPart.split(/[;:]/)[0] ?? ''),
    host: host[1] ?? host[2] ?? '',
    port,
    params: parseParams(host[4] ?? ''),
  };
}

/** Returns the parts of a name-addr or addr-spec; without angle brackets all parameters belong to the header. */
export function parseAddress(text: string): Address | undefined {
  const open = indexOutsideQuotes(text, '<');
  if (open >= 0) {
    const close = text.indexOf('>', open);
    if (close < 0) return undefined;
    const uriText = text.slice(open + 1, close).trim();
    return { displayName: unquote(text.slice(0, open).trim()), uriText, uri: parseUri(uriText), params: parseParams(text.slice(close + 1)) };
  }
  const semi = text.indexOf(';');
  const uriText = (semi < 0 ? text : text.slice(0, semi)).trim();
  if (uriText === '' || /[\s"]/.test(uriText)) return undefined;
  return { displayName: '', uriText, uri: parseUri(uriText), params: parseParams(semi < 0 ? '' : text.slice(semi + 1)) };
}

function indexOutsideQuotes(text: string, wanted: string): number {
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (quoted && text[i] === '\\') i++;
    else if (text[i] === '"') quoted = !quoted;
    else if (!quoted && text[i] === wanted) return i;
  }
  return -1;
}

/** Returns the top Via's parts, or undefined when it cannot be answered. */
export function parseVia(text: string): Via | undefined {
  const via = /^SIP\s*\/\s*2\.0\s*\/\s*[A-Za-z]{1,8}\s+(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9.\-_]{1,255}))\s*(?::\s*(\d{1,5}))?\s*(?:;(.*))?$/i.exec(text);
  if (!via) return undefined;
  const port = Number(via[3] ?? 5060);
  if (port < 1 || port > 65_535) return undefined;
  const params = parseParams(via[4] ?? '');
  return { host: via[1] ?? via[2] ?? '', port, branch: params.get('branch') ?? '', wantsRport: params.has('rport') };
}

/** Returns the tag of From or To, or '' when there is none. */
export function tagOf(message: SipMessage, side: 'from' | 'to'): string {
  return parseAddress(headerOf(message, side) ?? '')?.params.get('tag') ?? '';
}

/** Returns the address in a header, or an empty one: for From and To of messages whose sender wrote nonsense. */
export function addressOf(message: SipMessage, name: string): Address {
  const found = parseAddress(headerOf(message, name) ?? '');
  return found ?? { displayName: '', uriText: '', uri: undefined, params: new Map() };
}

/** Returns a display name quoted so that it can hold anything (RFC 3261 25.1): quotes and backslashes escaped, no controls, 128 characters. */
export function quoteDisplayName(name: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what must not get through
  const plain = Array.from(name.replace(/[\u0000-\u001F\u007F]+/g, ' ')).slice(0, 128).join('').trim();
  return `"${plain.replace(/[\\"]/g, '\\$&')}"`;
}

/** Returns the user part with all characters escaped that RFC 3261 does not allow there ('#' becomes %23). */
export function escapeUser(user: string): string {
  return Array.from(user.toWellFormed(), (c) => (/[A-Za-z0-9\-_.!~*'()&=+$,/]/.test(c) ? c : encodeURIComponent(c))).join('');
}

/** Returns host:port with brackets around IPv6. */
export const hostPort = (host: string, port: number): string => `${bracketed(host)}:${port}`;

/** Returns the host as it stands in a URI. */
export const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** Returns a From, To or Contact value; `params` are appended as they are. */
export function formatAddress(uri: string, displayName?: string, params = ''): string {
  return `${displayName ? `${quoteDisplayName(displayName)} ` : ''}<${uri}>${params}`;
}
