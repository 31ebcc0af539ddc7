import { describe, expect, it } from 'vitest';
import { alawByte, alawSample, wavFromAlaw, wavHeader } from '../../../src/media/alaw.ts';
import { convertLevelled } from '../../../src/media/levelled.ts';
import { listen } from '../../../src/media/listen.ts';
import { PromptError } from '../../../src/media/prompt-error.ts';
import { sniff } from '../../../src/media/sniff.ts';

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof PromptError) return error.code;
    throw error;
  }
  return 'accepted';
};

/** A WAV whose fields are overwritten after the header was made. */
const wav = (edit: (head: Buffer) => void = () => undefined, body = Buffer.alloc(320)) => {
  const head = wavHeader(16_000, body.length);
  edit(head);
  return Buffer.concat([head, body]);
};

describe('what a file is', () => {
  const rows: [string, Buffer, string][] = [
    ['a plain WAV', wav(), 'accepted'],
    ['an MP3 with a tag', Buffer.from('ID3\u0004\0\0\0\0\0\0', 'latin1'), 'accepted'],
    ['an MP3 frame', Buffer.from([0xff, 0xfb, 0x90, 0x00]), 'accepted'],
    ['nothing', Buffer.alloc(0), 'empty'],
    ['one byte', Buffer.from([0xff]), 'unknown-type'],
    ['text', Buffer.from('#!/bin/sh\nrm -rf /\n'), 'unknown-type'],
    ['an AAC frame (layer 0)', Buffer.from([0xff, 0xf1, 0x50, 0x80]), 'unknown-type'],
    ['a bad MPEG bit rate', Buffer.from([0xff, 0xfb, 0xf0, 0x00]), 'unknown-type'],
    ['RIFF of another kind', Buffer.from('RIFF\0\0\0\0AVI LIST'), 'unknown-type'],
    ['a WAV cut off in its header', wav().subarray(0, 30), 'broken'],
    ['a data chunk before the format', Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVEdata\x10\0\0\0'), Buffer.alloc(16)]), 'broken'],
    ['a chunk that claims 4 GB', wav((h) => h.writeUInt32LE(0xffffffff, 16)), 'broken'],
    ['a WAV without sound', wav(() => undefined, Buffer.alloc(0)), 'empty'],
    ['65535 channels', wav((h) => h.writeUInt16LE(65_535, 22)), 'unsupported-encoding'],
    ['no channel', wav((h) => h.writeUInt16LE(0, 22)), 'unsupported-encoding'],
    ['4 G samples a second', wav((h) => h.writeUInt32LE(0xffffffff, 24)), 'unsupported-encoding'],
    ['1 sample a second', wav((h) => h.writeUInt32LE(1, 24)), 'unsupported-encoding'],
    ['MP3 inside a WAV', wav((h) => h.writeUInt16LE(0x55, 20)), 'unsupported-encoding'],
    ['13 bits', wav((h) => h.writeUInt16LE(13, 34)), 'unsupported-encoding'],
  ];
  it.each(rows)('%s', (_, bytes, expected) => {
    expect(codeOf(() => sniff(bytes, 'x.wav'))).toBe(expected);
  });

  it('believes the file, not the length that a header claims', () => {
    const found = sniff(wav((h) => h.writeUInt32LE(0xfffffff0, 40)), 'x.wav');
    expect(found).toMatchObject({ type: 'wav', shape: { dataBytes: 320, dataAt: 44 } });
  });

  it('looks at a bounded number of chunks', () => {
    const chunks = Buffer.concat(Array.from({ length: 100_000 }, () => Buffer.from('junk\0\0\0\0', 'latin1')));
    const bomb = Buffer.concat([wav().subarray(0, 12), chunks, wav().subarray(12)]);
    expect(codeOf(() => sniff(bomb, 'x.wav'))).toBe('broken');
  });

  it('names the file, what is wrong and the mend', () => {
    expect(() => sniff(Buffer.from('hello'), 'greeting.wav')).toThrow(/^greeting\.wav: this is neither a WAV nor an MP3 file.*\. Save it as WAV/);
  });
});

describe('A-law', () => {
  it('decodes to a sample that encodes to the same code, for all 256', () => {
    for (let code = 0; code < 256; code += 1) expect(alawByte(alawSample(code))).toBe(code);
  });

  it('is off by no more than half a step of its segment', () => {
    for (let sample = -32_768; sample < 32_768; sample += 1) {
      const size = Math.abs(sample);
      const step = size < 512 ? 16 : 16 * 2 ** (Math.floor(Math.log2(size)) - 8);
      expect(Math.abs(alawSample(alawByte(sample)) - sample)).toBeLessThanOrEqual(step / 2 + 1);
    }
  });

  it.each([[0, 0xd5], [-1, 0x55], [32767, 0xaa], [-32768, 0x2a], [1000, 0xfa], [-1000, 0x7a]])('%d is code %d', (sample, code) => {
    expect(alawByte(sample)).toBe(code);
  });

  it('becomes a WAV that says what it is', () => {
    expect(sniff(wavFromAlaw(Buffer.alloc(800, 0xd5)), 'x')).toMatchObject({ type: 'wav', shape: { format: 1, rateHz: 8_000, channels: 1, bits: 16, dataBytes: 1600 } });
  });
});

describe('the short way for levelled masters', () => {
  const sine = (hz: number) => {
    const body = Buffer.alloc(32_000);
    for (let i = 0; i < 16_000; i += 1) body.writeInt16LE(Math.round(8_000 * Math.sin((2 * Math.PI * hz * i) / 16_000)), i * 2);
    return Buffer.concat([wavHeader(16_000, body.length), body]);
  };
  const rms = (alaw: Buffer) => Math.sqrt(alaw.subarray(100, -100).reduce((sum, byte) => sum + alawSample(byte) ** 2, 0) / (alaw.length - 200));

  it.each([[300, 1, 0.02], [1_000, 1, 0.02], [3_300, 1, 0.06], [4_500, 0, 0.01], [6_000, 0, 0.01]])('a tone of %d Hz comes through %d times', async (hz, factor, slack) => {
    const { alaw, sln16, report } = await convertLevelled(sine(hz), 'x.wav');
    expect([alaw.length, sln16.length, report.durationMs]).toEqual([8_000, 32_000, 1_000]);
    expect(Math.abs(rms(alaw) / (8_000 / Math.SQRT2) - factor)).toBeLessThan(slack);
  });

  it('refuses a master of another shape', async () => {
    await expect(convertLevelled(wav((h) => h.writeUInt16LE(2, 22)), 'x.wav')).rejects.toMatchObject({ code: 'unsupported-encoding' });
  });
});

describe('listening', () => {
  const pcm = (...parts: [ms: number, level: number][]) => Float32Array.from(parts.flatMap(([ms, level]) => Array.from({ length: ms * 16 }, () => level)));

  it('finds the waits before, after and inside', async () => {
    expect(await listen(pcm([1_500, 0], [300, 0.5], [4_200, 0.001], [100, 0.1], [700, 0]))).toEqual({ durationMs: 6_800, peakDb: expect.closeTo(-6.02, 1), leadMs: 1_500, tailMs: 700, longestPauseMs: 4_200 });
  });
  it('calls digital silence silence', async () => {
    expect(await listen(pcm([100, 0]))).toMatchObject({ peakDb: Number.NEGATIVE_INFINITY, leadMs: 100 });
  });
  it.each([Number.NaN, Number.POSITIVE_INFINITY])('gives null when a sample is %d', async (bad) => {
    expect(await listen(pcm([50, 0.1], [1, bad], [50, 0.1]))).toBeNull();
  });
});
