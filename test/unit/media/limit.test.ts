import { describe, expect, it } from 'vitest';
import { applyGain } from '../../../src/media/limit.ts';

const CEILING = 10 ** (-3 / 20);
const peak = (pcm: Float32Array) => pcm.reduce((m, v) => Math.max(m, Math.abs(v)), 0);

describe('gain with a ceiling', () => {
  it.each([[-12], [0], [6]])('%d dB is the plain gain while no peak reaches the ceiling', async (gainDb) => {
    const pcm = Float32Array.from({ length: 16_003 }, (_, i) => 0.2 * Math.sin(i / 7));
    const expected = pcm.map((v) => v * 10 ** (gainDb / 20));
    await applyGain(pcm, gainDb);
    expect(pcm.every((v, i) => Math.abs(v - (expected[i] ?? 9)) < 1e-6)).toBe(true);
  });

  it('holds one loud click and leaves what is a second away alone', async () => {
    const pcm = new Float32Array(48_000).fill(0.01);
    pcm[24_000] = 1;
    await applyGain(pcm, 20);
    expect(pcm[24_000]).toBeCloseTo(CEILING, 5);
    expect([pcm[0], pcm[47_999]]).toEqual([expect.closeTo(0.1, 5), expect.closeTo(0.1, 5)]);
  });

  it('never passes the ceiling, whatever comes in', async () => {
    let seed = 7;
    const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
    for (const length of [0, 1, 79, 80, 81, 400_001]) {
      const pcm = Float32Array.from({ length }, () => (random() - 0.5) * (random() < 0.01 ? 4 : 0.1));
      await applyGain(pcm, 30 * random());
      expect(peak(pcm)).toBeLessThanOrEqual(CEILING + 1e-6);
    }
  });

  it('keeps silence silent', async () => {
    const pcm = new Float32Array(1_000);
    await applyGain(pcm, 60);
    expect(peak(pcm)).toBe(0);
  });
});
