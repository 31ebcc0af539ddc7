// Test sounds that are told apart by one packet of them, and key presses as a pcap for SIPp. PURE.
import { serialiseEvent, serialiseRtp, eventOf } from '../../src/sipua/rtp-packet.ts';

const FRAME_MS = 20;
const SAMPLES_PER_FRAME = 160;

/** Frequencies of the two prompts: 12 and 80 changes of sign in a packet of 20 ms. */
export const MENU_HZ = 300;
export const NEXT_HZ = 2_000;
const BETWEEN = 40;

/** Which prompt one packet of A-law is of; null for silence and anything else. */
export function promptOf(alaw: Uint8Array): 'menu' | 'next' | null {
  if (alaw.length < SAMPLES_PER_FRAME) return null;
  let changes = 0;
  let loud = 0;
  for (let n = 1; n < alaw.length; n += 1) {
    // Bit 7 is the sign; the even bits are inverted on the wire (G.711), so small values are 0xD5 and 0x55.
    if (((alaw[n] ?? 0) ^ (alaw[n - 1] ?? 0)) & 0x80) changes += 1;
    if ((((alaw[n] ?? 0) ^ 0x55) & 0x7f) > 0x20) loud += 1;
  }
  if (loud < alaw.length / 4) return null;
  return changes < BETWEEN ? 'menu' : 'next';
}

/**
 * A pcap of keys pressed for `holdMs` each, one every `everyMs`, as RFC 4733 events of payload type 101; `turn` tells
 * presses of one call apart. SIPp replaces addresses and ports when it plays it.
 */
export function keysPcap(keys: string, turn = 0, holdMs = 60, everyMs = 160): Buffer {
  const parts = [pcapHeader()];
  // A second press with the time stamp of the first would be a repetition of it.
  const baseStamp = 8_000 + turn * 32_000;
  let sequence = 1 + turn * 200;
  Array.from(keys).forEach((key, place) => {
    const startMs = place * everyMs;
    const frames = Math.max(2, Math.round(holdMs / FRAME_MS));
    for (let frame = 0; frame < frames; frame += 1) {
      const isEnd = frame === frames - 1;
      const payload = serialiseEvent(eventOf(key) ?? 0, isEnd, (frame + 1) * SAMPLES_PER_FRAME);
      // The end goes out three times (RFC 4733 2.5.1.4).
      for (let copy = 0; copy < (isEnd ? 3 : 1); copy += 1) {
        const rtp = serialiseRtp({ payloadType: 101, isMarked: frame === 0, sequence, timestamp: baseStamp + startMs * 8, ssrc: 0x67656e76, payload });
        parts.push(pcapPacket(startMs + frame * FRAME_MS, rtp));
        sequence += 1;
      }
    }
  });
  return Buffer.concat(parts);
}

function pcapHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(1, 20);
  return header;
}

function pcapPacket(atMs: number, rtp: Uint8Array): Buffer {
  const length = 14 + 20 + 8 + rtp.length;
  const packet = Buffer.alloc(16 + length);
  packet.writeUInt32LE(Math.floor(atMs / 1_000), 0);
  packet.writeUInt32LE((atMs % 1_000) * 1_000, 4);
  packet.writeUInt32LE(length, 8);
  packet.writeUInt32LE(length, 12);
  packet.writeUInt16BE(0x0800, 28);
  const ip = 30;
  packet.writeUInt8(0x45, ip);
  packet.writeUInt16BE(length - 14, ip + 2);
  packet.writeUInt8(64, ip + 8);
  packet.writeUInt8(17, ip + 9);
  packet.writeUInt32BE(0x7f000001, ip + 12);
  packet.writeUInt32BE(0x7f000001, ip + 16);
  packet.writeUInt16BE(6_000, ip + 20);
  packet.writeUInt16BE(6_000, ip + 22);
  packet.writeUInt16BE(8 + rtp.length, ip + 24);
  packet.set(rtp, ip + 28);
  return packet;
}
