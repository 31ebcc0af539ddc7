import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { answerDirection, buildAnswer, buildOffer, parseSdp } from '../../../src/sipua/sdp.ts';
import type { Direction } from '../../../src/sipua/sdp.ts';
import { alawLevel, alawTone, alawToLinear, alawToUlaw, linearToAlaw, ulawToAlaw } from '../../../src/sipua/g711.ts';
import { createHearing } from '../../../src/sipua/hearing.ts';
import { parseEvent, parseRtp, serialiseEvent, serialiseRtp } from '../../../src/sipua/rtp-packet.ts';

const local = { host: '127.0.0.1', port: 4000, sessionId: 1, version: 1, direction: 'sendrecv' as const };
const sdp = (...lines: string[]): string => ['v=0', 'o=- 1 1 IN IP4 10.0.0.1', 's=-', 'c=IN IP4 10.0.0.1', 't=0 0', ...lines, ''].join('\r\n');
const audioOf = (text: string) => {
  const parsed = parseSdp(text);
  if (!parsed.ok) throw new Error(parsed.fault);
  return parsed.audio;
};

describe('SDP', () => {
  test('our own offer is read back', () => {
    expect(audioOf(buildOffer(local))).toMatchObject({ host: '127.0.0.1', port: 4000, codecs: ['PCMA', 'PCMU'], eventPayload: 101, direction: 'sendrecv' });
  });

  test.each([
    [['m=audio 5000 RTP/AVP 0 8 96', 'a=rtpmap:96 telephone-event/8000', 'a=sendonly'], { codecs: ['PCMU', 'PCMA'], eventPayload: 96, direction: 'sendonly' }],
    [['m=audio 5000 RTP/AVP 9 8', 'c=IN IP4 0.0.0.0'], { codecs: ['PCMA'], direction: 'inactive', eventPayload: undefined }],
    [['m=video 6000 RTP/AVP 31', 'm=audio 5000 RTP/AVP 8'], { audioIndex: 1, port: 5000 }],
    [['a=inactive', 'm=audio 5000 RTP/AVP 8'], { direction: 'inactive' }],
    [['m=audio 0 RTP/AVP 8'], { port: 0 }],
    [['m=audio 5000 RTP/AVP 8', 'a=rtpmap:8 G722/8000'], { codecs: [] }],
    [['m=audio 5000 RTP/SAVP 8', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${'A'.repeat(40)}`], { codecs: [] }],
  ])('%j', (lines, expected) => {
    expect(audioOf(sdp(...lines))).toMatchObject(expected);
  });

  test.each([
    ['not-sdp', 'hello'], ['no-audio', sdp()], ['no-audio', sdp('m=audio x RTP/AVP 8')], ['no-audio', sdp('m=image 1 udptl t38')],
    ['no-address', 'v=0\r\nm=audio 5000 RTP/AVP 8'], ['no-address', sdp('m=audio 99999 RTP/AVP 8')], ['too-large', `v=0\r\n${'a=x\r\n'.repeat(9_000)}`],
  ])('%s', (fault, text) => {
    expect(parseSdp(text)).toMatchObject({ ok: false, fault });
  });

  test('an answer keeps the order of media, refuses the others, and chooses PCMA when it can', () => {
    const answer = buildAnswer(audioOf(sdp('m=video 6000 RTP/AVP 31', 'm=audio 5000 RTP/AVP 0 8 97', 'a=rtpmap:97 telephone-event/8000')), local);
    expect(answer?.codec).toBe('PCMA');
    expect(answer?.sdp).toContain('m=video 0 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 8 97\r\n');
  });

  test('no codec in common gives no answer', () => {
    expect(buildAnswer(audioOf(sdp('m=audio 5000 RTP/AVP 9 18')), local)).toBeUndefined();
  });

  test.each<[Direction, Direction, Direction]>([
    ['sendrecv', 'sendrecv', 'sendrecv'], ['sendonly', 'sendrecv', 'recvonly'], ['recvonly', 'sendrecv', 'sendonly'],
    ['inactive', 'sendrecv', 'inactive'], ['sendonly', 'sendonly', 'inactive'], ['sendrecv', 'sendonly', 'sendonly'],
  ])('offered %s, wanted %s: %s', (offered, wanted, expected) => {
    expect(answerDirection(offered, wanted)).toBe(expected);
  });

  test('any text gives a value', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('m=audio 1 RTP/AVP 8', 'm=audio', 'c=IN IP4 1.2.3.4', 'a=rtpmap:', 'a=rtpmap:8 X/1', 'm=', 'a=sendonly'), { maxLength: 12 }), (l) => typeof parseSdp(sdp(...l)).ok === 'boolean'));
  });
});

describe('G.711', () => {
  test('known values and round trips', () => {
    expect(alawToLinear(Uint8Array.of(0xd5, 0x55, 0xaa, 0x2a))).toEqual(Int16Array.of(8, -8, 32_256, -32_256));
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(linearToAlaw(alawToLinear(all))).toEqual(all);
    expect(alawLevel(ulawToAlaw(alawToUlaw(alawTone(440, 200))))).toBeCloseTo(alawLevel(alawTone(440, 200)), -2);
    expect(alawLevel(new Uint8Array(160).fill(0xd5))).toBe(8);
  });
});

describe('RTP packets', () => {
  test('are read back, with CSRC, extension and padding taken off', () => {
    const packet = { payloadType: 8, isMarked: true, sequence: 65_535, timestamp: 0xffff_fff0, ssrc: 7, payload: Uint8Array.of(1, 2, 3, 4) };
    const plain = serialiseRtp(packet);
    expect(parseRtp(plain)).toEqual(packet);
    const dressed = Uint8Array.of(0xb1, ...plain.subarray(1, 12), 9, 9, 9, 9, 0xbe, 0xde, 0, 1, 5, 5, 5, 5, 1, 2, 3, 4, 0, 2);
    expect(parseRtp(dressed)?.payload).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  test('anything else is refused', () => {
    const rtcp = Uint8Array.of(0x80, 200, ...new Uint8Array(20));
    expect([rtcp, new Uint8Array(11), new Uint8Array(20), Uint8Array.of(0xaf, 8, ...new Uint8Array(12)), Uint8Array.of(0xa0, 8, ...new Uint8Array(10), 255)].map(parseRtp)).toEqual(Array(5).fill(undefined));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (b) => {
      const packet = parseRtp(b);
      return packet === undefined || packet.payload.length <= b.length;
    }));
  });

  test('telephone events', () => {
    expect(parseEvent(serialiseEvent(11, true, 800))).toEqual({ digit: '#', isEnd: true, duration: 800 });
    expect(parseEvent(Uint8Array.of(16, 0, 0, 0))).toBeUndefined();
    expect(parseEvent(Uint8Array.of(1))).toBeUndefined();
  });
});

describe('hearing', () => {
  const tone = alawTone(440, 20);
  const quiet = new Uint8Array(160).fill(0xd5);

  test('counts loss, late packets and duplicates across the wrap', () => {
    const hearing = createHearing(1_000);
    for (const [i, seq] of [65_534, 65_535, 1, 0, 1, 4].entries()) hearing.take(seq, 1, quiet, i * 20);
    expect(hearing.stats(0)).toMatchObject({ packets: 5, lost: 2, duplicates: 1, firstPacketAtMs: 0, lastPacketAtMs: 100 });
    hearing.take(30_000, 2, quiet, 120);
    expect(hearing.stats(0)).toMatchObject({ packets: 6, lost: 2 });
  });

  test('tells audio from silence and finds the longest gap', () => {
    const hearing = createHearing(1_000);
    for (let i = 0; i < 100; i++) hearing.take(i, 1, i >= 10 && i < 20 ? tone : i >= 60 && i < 65 ? tone : quiet, i * 20);
    expect(hearing.stats(0)).toMatchObject({ firstActiveAtMs: 200, lastActiveAtMs: 1_300 });
    expect(hearing.spans()).toEqual([{ fromMs: 200, toMs: 400 }, { fromMs: 1_200, toMs: 1_300 }]);
    expect(hearing.longestSilentGapMs(0, 2_000)).toBe(800);
    expect(hearing.longestSilentGapMs(250, 300)).toBe(0);
    expect(hearing.longestSilentGapMs(1_250, 2_000)).toBe(700);
    expect([hearing.wasActive(0, 200), hearing.wasActive(0, 201), hearing.wasActive(400, 1_200)]).toEqual([false, true, false]);
    expect(createHearing(0).longestSilentGapMs(0, 500)).toBe(500);
  });

  test('keeps the last or the first audio, never more than asked', () => {
    const fill = (keep: 'last' | 'first'): Uint8Array => {
      const hearing = createHearing(40, keep);
      for (let i = 0; i < 5; i++) hearing.take(i, 1, new Uint8Array(160).fill(i), i * 20);
      return hearing.audio();
    };
    expect([fill('last').length, fill('last')[0], fill('last').at(-1)]).toEqual([320, 3, 4]);
    expect([fill('first').length, fill('first')[0], fill('first').at(-1)]).toEqual([320, 0, 1]);
  });
});
