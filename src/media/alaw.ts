// G.711 A-law, both ways, and the plain WAV header: what the telephone side and an Asterisk elsewhere are handed.

const SIGN = 0x80;
/** G.711 flips every second bit on the line. */
const TOGGLE = 0x55;

/** One 16-bit linear sample as an A-law byte (ITU-T G.711, table 1a). */
export function alawByte(sample: number): number {
  const positive = sample >= 0;
  const magnitude = Math.min(4095, positive ? sample >> 3 : (-sample - 1) >> 3);
  const sign = positive ? SIGN : 0;
  if (magnitude < 32) return (sign | (magnitude >> 1)) ^ TOGGLE;
  const segment = 31 - Math.clz32(magnitude) - 4;
  return (sign | (segment << 4) | ((magnitude >> segment) & 0x0f)) ^ TOGGLE;
}

/** The 16-bit linear sample that an A-law byte stands for. */
export function alawSample(byte: number): number {
  const code = byte ^ TOGGLE;
  const segment = (code >> 4) & 7;
  const mantissa = code & 0x0f;
  const magnitude = segment === 0 ? mantissa * 2 + 1 : (mantissa * 2 + 33) << (segment - 1);
  return (code & SIGN) !== 0 ? magnitude << 3 : -(magnitude << 3);
}

const DECODED = Int16Array.from({ length: 256 }, (_, byte) => alawSample(byte));

/** A-law at 8 kHz as a mono 16-bit WAV: the form that every Asterisk plays from an address ending in `.wav`. */
export function wavFromAlaw(alaw: Uint8Array): Buffer {
  const body = Buffer.allocUnsafe(alaw.length * 2);
  for (let i = 0; i < alaw.length; i += 1) body.writeInt16LE(DECODED[alaw[i] ?? 0] ?? 0, i * 2);
  return Buffer.concat([wavHeader(8_000, body.length), body]);
}

/** The 44 bytes before mono 16-bit PCM of `dataBytes` bytes. */
export function wavHeader(rateHz: number, dataBytes: number): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + dataBytes, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rateHz, 24);
  head.writeUInt32LE(rateHz * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(dataBytes, 40);
  return head;
}
