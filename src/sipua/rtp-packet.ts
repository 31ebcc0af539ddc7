// Reads and writes RTP packets (RFC 3550 5.1) and the telephone-event payload (RFC 4733 2.3). PURE.
// Must not know about time or sockets. Read `parseRtp` first.

export interface RtpPacket {
  readonly payloadType: number;
  readonly isMarked: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
}

/** Returns the packet, or undefined for anything else: RTCP, STUN, torn headers, wrong padding. Never throws. */
export function parseRtp(bytes: Uint8Array): RtpPacket | undefined {
  if (bytes.length < 12 || bytes.length > 4_096) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = view.getUint8(0);
  const second = view.getUint8(1);
  if (first >> 6 !== 2 || (second >= 192 && second <= 223)) return undefined; // 192 to 223 is RTCP (RFC 5761 4)
  let start = 12 + (first & 0x0f) * 4;
  if (first & 0x10) {
    if (start + 4 > bytes.length) return undefined;
    start += 4 + view.getUint16(start + 2) * 4;
  }
  const end = bytes.length - (first & 0x20 ? view.getUint8(bytes.length - 1) : 0);
  if (start > end) return undefined;
  return {
    payloadType: second & 0x7f,
    isMarked: second >= 128,
    sequence: view.getUint16(2),
    timestamp: view.getUint32(4),
    ssrc: view.getUint32(8),
    payload: bytes.subarray(start, end),
  };
}

/** Returns the bytes of a packet without extension or padding. */
export function serialiseRtp(packet: RtpPacket): Uint8Array {
  const bytes = new Uint8Array(12 + packet.payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x80);
  view.setUint8(1, (packet.isMarked ? 0x80 : 0) | (packet.payloadType & 0x7f));
  view.setUint16(2, packet.sequence & 0xffff);
  view.setUint32(4, packet.timestamp >>> 0);
  view.setUint32(8, packet.ssrc >>> 0);
  bytes.set(packet.payload, 12);
  return bytes;
}

/** The keys in the order of their event numbers. */
const KEYS = '0123456789*#ABCD';

/** Returns the event number of a key, or undefined. */
export function eventOf(key: string): number | undefined {
  const event = key.length === 1 ? KEYS.indexOf(key.toUpperCase()) : -1;
  return event < 0 ? undefined : event;
}

export interface TelephoneEvent {
  readonly digit: string;
  readonly isEnd: boolean;
  /** In RTP timestamp units: 8 per ms. */
  readonly duration: number;
}

/** Returns the key in a telephone-event payload, or undefined (other events, torn). */
export function parseEvent(payload: Uint8Array): TelephoneEvent | undefined {
  const digit = KEYS[payload[0] ?? 255];
  if (payload.length < 4 || digit === undefined) return undefined;
  return { digit, isEnd: ((payload[1] ?? 0) & 0x80) !== 0, duration: ((payload[2] ?? 0) << 8) | (payload[3] ?? 0) };
}

/** Returns the payload of a telephone-event at volume -10 dBm0. */
export function serialiseEvent(event: number, isEnd: boolean, duration: number): Uint8Array {
  const limited = Math.min(duration, 0xffff);
  return Uint8Array.of(event, (isEnd ? 0x80 : 0) | 10, limited >> 8, limited & 0xff);
}
