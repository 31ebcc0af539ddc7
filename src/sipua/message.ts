// Parses and writes SIP messages (RFC 3261 section 7) for one datagram. PURE.
// Everything from the network is hostile: sizes are bounded and every fault is a value, never an exception.
// Must not know about transactions or sockets. Read `parseMessage` first.

/** One header line: `name` in its full form, `value` unfolded and trimmed. */
export interface SipHeader {
  readonly name: string;
  readonly value: string;
}

/** A request as sent or received; `body` is text because we carry SDP, sipfrag and dtmf-relay only. */
export interface SipRequest {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly SipHeader[];
  readonly body: string;
}

/** A response as sent or received; `code` is 100 to 699. */
export interface SipResponse {
  readonly kind: 'response';
  readonly code: number;
  readonly reason: string;
  readonly headers: readonly SipHeader[];
  readonly body: string;
}

export type SipMessage = SipRequest | SipResponse;

/** Why a datagram was not taken: `keep-alive` is harmless, all others are counted and dropped. */
export type ParseFault =
  | 'keep-alive'
  | 'too-large'
  | 'torn'
  | 'start-line'
  | 'header-line'
  | 'too-many-headers'
  | 'missing-header'
  | 'content-length';

export type ParseResult =
  | { readonly ok: true; readonly message: SipMessage }
  | { readonly ok: false; readonly fault: ParseFault; readonly detail: string };

/** Bytes in the largest datagram that UDP over IPv4 can carry. */
export const MAX_MESSAGE_BYTES = 65_507;
/** More than any phone sends; stops a datagram of 10,000 empty headers. */
const MAX_HEADERS = 256;
/** Characters in one unfolded header value; the longest honest ones (Route sets, Identity) stay far below. */
const MAX_HEADER_CHARS = 8_192;

const COMPACT: Readonly<Record<string, string>> = {
  a: 'accept-contact', b: 'referred-by', c: 'content-type', d: 'request-disposition', e: 'content-encoding',
  f: 'from', i: 'call-id', j: 'reject-contact', k: 'supported', l: 'content-length', m: 'contact',
  n: 'identity-info', o: 'event', r: 'refer-to', s: 'subject', t: 'to', u: 'allow-events', v: 'via',
  x: 'session-expires', y: 'identity',
};

/** Headers whose grammar is a comma list; all others keep their commas (Authorization, Date, Subject). */
const LISTS = new Set([
  'via', 'route', 'record-route', 'contact', 'supported', 'require', 'proxy-require', 'unsupported', 'allow',
  'accept', 'allow-events', 'diversion', 'history-info', 'p-asserted-identity', 'reason', 'path', 'service-route',
]);

const IRREGULAR: Readonly<Record<string, string>> = { 'call-id': 'Call-ID', cseq: 'CSeq', 'www-authenticate': 'WWW-Authenticate', mime: 'MIME', 'rack': 'RAck', 'rseq': 'RSeq' };
const MANDATORY = ['via', 'from', 'to', 'call-id', 'cseq'] as const;
const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]{1,64}$/;
// oxlint-disable-next-line no-control-regex -- control characters are exactly what has to be found
const CONTROL = /[\u0000-\u0008\u000A-\u001F\u007F]/;

const fault = (kind: ParseFault, detail: string): ParseResult => ({ ok: false, fault: kind, detail });

/** Returns the message in one datagram, or the fault that made us drop it. Never throws, linear in the length. */
export function parseMessage(datagram: Uint8Array): ParseResult {
  if (datagram.length > MAX_MESSAGE_BYTES) return fault('too-large', `${datagram.length} bytes`);
  let start = 0;
  while (start < datagram.length && (datagram[start] === 13 || datagram[start] === 10)) start++;
  if (start === datagram.length || (datagram.length === 1 && datagram[0] === 0)) return fault('keep-alive', 'no content');
  const end = endOfHead(datagram, start);
  if (end === undefined) return fault('torn', 'no blank line after the headers');
  const lines = new TextDecoder().decode(datagram.subarray(start, end.head)).split(/\r?\n/);
  const headers = parseHeaders(lines);
  if (!Array.isArray(headers)) return headers;
  const faulty = checkMandatory(headers);
  if (faulty) return faulty;
  const rest = datagram.subarray(end.body);
  const length = bodyLength(headers, rest.length);
  if (typeof length !== 'number') return length;
  return parseStartLine(lines[0] ?? '', headers, new TextDecoder().decode(rest.subarray(0, length)));
}

function endOfHead(bytes: Uint8Array, start: number): { head: number; body: number } | undefined {
  for (let i = start; i < bytes.length; i++) {
    if (bytes[i] !== 10) continue;
    if (bytes[i + 1] === 10) return { head: i, body: i + 2 };
    if (bytes[i + 1] === 13 && bytes[i + 2] === 10) return { head: i, body: i + 3 };
  }
  return undefined;
}

function parseHeaders(lines: readonly string[]): SipHeader[] | ParseResult {
  const headers: SipHeader[] = [];
  for (let i = 1; i < lines.length; ) {
    const parts = [lines[i++] ?? ''];
    while (i < lines.length && /^[ \t]/.test(lines[i] ?? '')) parts.push((lines[i++] ?? '').trim());
    const line = parts.join(' ').replace(/\r/g, ' ');
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (colon < 1 || !TOKEN.test(name) || CONTROL.test(value)) return fault('header-line', line.slice(0, 80));
    if (value.length > MAX_HEADER_CHARS) return fault('too-large', `${name} has ${value.length} characters`);
    const full = COMPACT[name] ?? name;
    for (const item of LISTS.has(full) ? splitList(value) : [value]) headers.push({ name: full, value: item });
    if (headers.length > MAX_HEADERS) return fault('too-many-headers', `more than ${MAX_HEADERS}`);
  }
  return headers;
}

function checkMandatory(headers: readonly SipHeader[]): ParseResult | undefined {
  for (const name of MANDATORY) {
    const values = headers.filter((h) => h.name === name);
    if (values.length === 0 || values[0]?.value === '') return fault('missing-header', name);
    if (name !== 'via' && values.length > 1) return fault('header-line', `${name} twice`);
  }
  return undefined;
}

function bodyLength(headers: readonly SipHeader[], available: number): number | ParseResult {
  const stated = new Set(headers.filter((h) => h.name === 'content-length').map((h) => h.value));
  if (stated.size === 0) return available;
  const [text = ''] = stated;
  if (stated.size > 1 || !/^\d{1,6}$/.test(text)) return fault('content-length', [...stated].join(' and ').slice(0, 80));
  const length = Number(text);
  return length > available ? fault('torn', `body has ${available} of ${length} bytes`) : length;
}

function parseStartLine(line: string, headers: SipHeader[], body: string): ParseResult {
  const cseq = /^(\d{1,10})[ \t]+(\S{1,64})$/.exec(headers.find((h) => h.name === 'cseq')?.value ?? '');
  if (!cseq || Number(cseq[1]) > 0xffff_ffff) return fault('header-line', 'CSeq');
  const answer = /^SIP\/2\.0 ([1-6]\d\d)(?: (.{0,512}))?$/i.exec(line);
  if (answer) return { ok: true, message: { kind: 'response', code: Number(answer[1]), reason: (answer[2] ?? '').trim(), headers, body } };
  const ask = /^([A-Za-z0-9\-.!%*_+`'~]{1,32}) (\S{1,2048}) SIP\/2\.0$/i.exec(line);
  if (!ask || CONTROL.test(line)) return fault('start-line', line.slice(0, 80));
  if (ask[1] !== cseq[2]) return fault('header-line', 'CSeq names another method than the request');
  return { ok: true, message: { kind: 'request', method: ask[1] ?? '', uri: ask[2] ?? '', headers, body } };
}

/** Splits at commas that stand outside quotes and angle brackets; an unclosed quote takes the rest as one item. */
export function splitList(value: string, separator = ','): string[] {
  const items: string[] = [];
  let quoted = false;
  let angle = false;
  let from = 0;
  for (let i = 0; i < value.length; i++) {
    const c = value[i];
    if (quoted && c === '\\') i++;
    else if (c === '"') quoted = !quoted;
    else if (!quoted && c === '<') angle = true;
    else if (!quoted && c === '>') angle = false;
    else if (c === separator && !quoted && !angle) {
      items.push(value.slice(from, i).trim());
      from = i + 1;
    }
  }
  items.push(value.slice(from).trim());
  return items.filter((item) => item !== '');
}

/** Returns the bytes of a message; control characters in any field become spaces, so nothing can inject a header. */
export function serialiseMessage(message: SipMessage): Uint8Array {
  const first = message.kind === 'request'
    ? `${clean(message.method)} ${clean(message.uri).replace(/ /g, '%20')} SIP/2.0`
    : `SIP/2.0 ${message.code} ${clean(message.reason)}`;
  const body = new TextEncoder().encode(message.body);
  const lines = message.headers
    .filter((h) => h.name.toLowerCase() !== 'content-length')
    .map((h) => `${canonicalName(h.name)}: ${clean(h.value)}`);
  const head = new TextEncoder().encode([first, ...lines, `Content-Length: ${body.length}`, '', ''].join('\r\n'));
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

// oxlint-disable-next-line no-control-regex -- see CONTROL
const clean = (text: string): string => text.replace(/[\u0000-\u001F\u007F]+/g, ' ').trim();

function canonicalName(name: string): string {
  const lower = clean(name).toLowerCase();
  return IRREGULAR[lower] ?? lower.replace(/(^|-)[a-z]/g, (c) => c.toUpperCase());
}

/** True if `name` can stand before the colon of a header line. */
export const isHeaderName = (name: string): boolean => TOKEN.test(name);

/** True if `value` can be sent as one header value: no control characters, at most 8,192 characters. */
export const isHeaderValue = (value: string): boolean => value.length <= MAX_HEADER_CHARS && !CONTROL.test(value);

/** Returns the first value of a header by its full name, in any case, or undefined. */
export function headerOf(message: SipMessage, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return message.headers.find((h) => h.name.toLowerCase() === wanted)?.value;
}

/** Returns all values of a header in order of appearance. */
export function headersOf(message: SipMessage, name: string): string[] {
  const wanted = name.toLowerCase();
  return message.headers.filter((h) => h.name.toLowerCase() === wanted).map((h) => h.value);
}

/** Returns number and method of CSeq; a parsed message always has one, ours too. */
export function cseqOf(message: SipMessage): { readonly seq: number; readonly method: string } {
  const [seq = '0', method = ''] = (headerOf(message, 'cseq') ?? '').split(/\s+/);
  return { seq: Number(seq), method };
}
