// Encrypted speech for one direction (RFC 3711 with AES_CM_128_HMAC_SHA1_80 and keys from SDP, RFC 4568), as a phone has it.
// For tests alone. Read `createSrtp`.
import { createCipheriv, createHmac, timingSafeEqual } from 'node:crypto';

export const SUITE = 'AES_CM_128_HMAC_SHA1_80';
const TAG_BYTES = 10;

export interface Srtp {
  /** The packet encrypted and signed. */
  protect(rtp: Buffer): Buffer;
  /** The packet as it was, or null when its signature is not of this key. */
  unprotect(srtp: Buffer): Buffer | null;
}

/** `inline` is what SDP holds behind `inline:`: base64 of 16 bytes of key and 14 of salt. */
export function createSrtp(inline: string): Srtp {
  const material = Buffer.from(inline, 'base64');
  if (material.length !== 30) throw new RangeError(`a key of ${material.length} bytes; 30 are needed`);
  const [key, salt] = [material.subarray(0, 16), material.subarray(16)];
  const derived = (label: number, bytes: number): Buffer => {
    const iv = Buffer.alloc(16);
    salt.copy(iv);
    iv[7] = (iv[7] ?? 0) ^ label;
    return createCipheriv('aes-128-ctr', key, iv).update(Buffer.alloc(bytes));
  };
  const [cipherKey, authKey, sessionSalt] = [derived(0, 16), derived(1, 20), derived(2, 14)];
  let rollovers = 0;
  let lastSequence: number | null = null;

  const advance = (sequence: number): void => {
    if (lastSequence !== null && lastSequence > 0xf000 && sequence < 0x1000) rollovers += 1;
    lastSequence = sequence;
  };
  const crypt = (packet: Buffer): Buffer => {
    const iv = Buffer.alloc(16);
    sessionSalt.copy(iv);
    const mask = Buffer.alloc(16);
    mask.writeUInt32BE(packet.readUInt32BE(8), 4);
    mask.writeUInt32BE(rollovers, 8);
    mask.writeUInt16BE(packet.readUInt16BE(2), 12);
    for (let at = 0; at < 16; at += 1) iv[at] = (iv[at] ?? 0) ^ (mask[at] ?? 0);
    const head = headBytes(packet);
    return Buffer.concat([packet.subarray(0, head), createCipheriv('aes-128-ctr', cipherKey, iv).update(packet.subarray(head))]);
  };
  const tagOf = (packet: Buffer): Buffer => {
    const roc = Buffer.alloc(4);
    roc.writeUInt32BE(rollovers);
    return createHmac('sha1', authKey).update(packet).update(roc).digest().subarray(0, TAG_BYTES);
  };
  return {
    protect(rtp) {
      advance(rtp.readUInt16BE(2));
      const packet = crypt(rtp);
      return Buffer.concat([packet, tagOf(packet)]);
    },
    unprotect(srtp) {
      if (srtp.length < 12 + TAG_BYTES) return null;
      const packet = srtp.subarray(0, -TAG_BYTES);
      advance(packet.readUInt16BE(2));
      return timingSafeEqual(tagOf(packet), srtp.subarray(-TAG_BYTES)) ? crypt(packet) : null;
    },
  };
}

/** Fixed head, contributing sources and extension travel in the clear. */
function headBytes(packet: Buffer): number {
  const first = packet[0] ?? 0;
  const fixed = 12 + (first & 0x0f) * 4;
  return (first & 0x10) === 0 ? fixed : fixed + 4 + packet.readUInt16BE(fixed + 2) * 4;
}
