// Test sounds as files: one tone, or silence, as 16-bit mono WAV. PURE.

export interface ToneWavOptions {
  readonly rateHz?: number;
  /** Largest sample; 0 = silence. */
  readonly peak?: number;
}

/** WAV of a sine of `hz`; 8 kHz and about -11 dB unless told. */
export function toneWav(hz: number, durationMs: number, { rateHz = 8_000, peak = 9_000 }: ToneWavOptions = {}): Buffer {
  const samples = Math.round((durationMs * rateHz) / 1_000);
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rateHz, 24);
  wav.writeUInt32LE(rateHz * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(samples * 2, 40);
  for (let at = 0; at < samples; at += 1) wav.writeInt16LE(Math.round(peak * Math.sin((2 * Math.PI * hz * at) / rateHz)), 44 + at * 2);
  return wav;
}
