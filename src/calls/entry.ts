// Reads the Stasis arguments that dialplan/extensions.conf passes for a new call. PURE. The values come from
// strangers: any byte may be in them. Read `parseEntry`.

/** A new call as the dialplan describes it; texts are the header's own, unparsed, '' when the header was absent. */
export interface Entry {
  readonly from: 'trunk' | 'phone';
  /** User part of the request URI; `s` when the URI had none. */
  readonly dialled: string;
  readonly fromHeader: string;
  readonly assertedIdentity: string;
  readonly privacy: string;
  readonly toHeader: string;
  readonly diversion: string;
  readonly sipCallId: string;
  /** Address and port of the other side. */
  readonly remoteAddress: string;
  /** UDP, TCP, TLS, WS or WSS. */
  readonly transport: string;
  /** Trunk id, or the phone's endpoint name. */
  readonly name: string;
}

/** The call's entry, or undefined when the channel did not come in through the dialplan's entry contexts. */
export function parseEntry(args: readonly string[]): Entry | undefined {
  const [from, ...rest] = args;
  if (from !== 'trunk' && from !== 'phone') return undefined;
  const text = (index: number): string => decodeArgument(rest[index] ?? '');
  return {
    from, dialled: text(0), fromHeader: text(1), assertedIdentity: text(2), privacy: text(3), toHeader: text(4),
    diversion: text(5), sipCallId: text(6), remoteAddress: rest[7] ?? '', transport: rest[8] ?? '', name: rest[9] ?? '',
  };
}

const PLAIN = /^[!-$&-~ ]*$/;
const HEX_BYTE = /^[0-9A-Fa-f]{2}$/;
const UTF8 = new TextDecoder();

const ASCII = /^[ -~]*$/;
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const STAND_INS = /[\u0001\u0002]/g;

/** The usual case, an undamaged text, by the engine's own decoder; null = byte by byte. */
function decodeWhole(argument: string): string | null {
  if (!ASCII.test(argument)) return null;
  try {
    return decodeURIComponent(argument).replace(STAND_INS, (standIn) => (standIn === '\u0001' ? '(' : ')'));
  } catch {
    return null;
  }
}

/** The text behind one URI-encoded argument. Bytes that are no UTF-8, and a cut escape, become U+FFFD; never throws. */
export function decodeArgument(argument: string): string {
  // Most arguments are empty or plain.
  if (PLAIN.test(argument)) return argument;
  const whole = decodeWhole(argument);
  if (whole !== null) return whole;
  const bytes: number[] = [];
  for (let i = 0; i < argument.length; i += 1) {
    const code = argument.charCodeAt(i);
    const hex = code === 0x25 ? argument.slice(i + 1, i + 3) : '';
    if (HEX_BYTE.test(hex)) {
      const byte = Number.parseInt(hex, 16);
      // The dialplan's stand-ins for '(' and ')'.
      bytes.push(byte === 0x01 ? 0x28 : byte === 0x02 ? 0x29 : byte);
      i += 2;
    } else {
      // The encoder emits ASCII alone; anything else, and a lone '%', is damage.
      bytes.push(code < 0x80 && code !== 0x25 ? code : 0xff);
    }
  }
  return UTF8.decode(Uint8Array.from(bytes));
}
