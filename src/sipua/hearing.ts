// What one side heard: packet counts, loss, when audio (not silence) was there, and the audio itself in a bounded buffer. PURE: times are arguments.
// Must not know about sockets. Read `createHearing` first.
import { ALAW_SILENCE, alawLevel } from './g711.ts';

/** Mean sample value above which a packet counts as audio: about -50 dBFS, above line noise, below any prompt or tone. */
const ACTIVE_LEVEL = 96;
/** Pauses up to this length belong to speech and are not told apart from audio. */
const PAUSE_MS = 60;
const PACKET_MS = 20;
/** Spans kept; the oldest two are joined when there are more, so a call of any length stays bounded. */
const MAX_SPANS = 4_096;

/** A snapshot; all times are `performance.now()` ms of this process. */
export interface RtpStats {
  readonly packets: number;
  /** Packets that sequence numbers say were sent and that never came; late ones are taken off again. */
  readonly lost: number;
  readonly duplicates: number;
  readonly firstPacketAtMs: number | undefined;
  readonly lastPacketAtMs: number | undefined;
  /** Longest time between two packets in arrival order. */
  readonly longestPacketGapMs: number;
  /** First packet that was not silence. */
  readonly firstActiveAtMs: number | undefined;
  readonly lastActiveAtMs: number | undefined;
  readonly packetsSent: number;
}

/** A stretch of audio without a pause of more than 60 ms. */
export interface ActiveSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Hearing {
  /** Takes one audio packet (A-law) as it arrives. */
  take(sequence: number, ssrc: number, audio: Uint8Array, atMs: number): void;
  stats(packetsSent: number): RtpStats;
  /** Stretches of audio so far, oldest first. */
  spans(): readonly ActiveSpan[];
  /** Longest time in [fromMs, toMs] without audio, in ms; the whole of it when nothing was heard. */
  longestSilentGapMs(fromMs: number, toMs: number): number;
  /** True if some audio was heard in [fromMs, toMs]. */
  wasActive(fromMs: number, toMs: number): boolean;
  /** The audio heard last, A-law 8 kHz, at most the limit; lost packets are left out. */
  audio(): Uint8Array;
}

/** Returns an empty hearing that keeps the last `keepMs` of audio, or the first when `keep` is 'first'. */
export function createHearing(keepMs: number, keep: 'last' | 'first' = 'last'): Hearing {
  const buffer = new Uint8Array(Math.max(0, Math.min(keepMs, 3_600_000)) * 8);
  const spans: { fromMs: number; toMs: number }[] = [];
  let written = 0;
  let ssrcNow: number | undefined;
  let highest = 0;
  const count = { packets: 0, lost: 0, duplicates: 0 };
  const at: { first?: number; last?: number } = {};
  let longestPacketGapMs = 0;

  function order(sequence: number, ssrc: number): boolean {
    const step = (sequence - highest) & 0xffff;
    if (ssrc !== ssrcNow || (step > 3_000 && step < 0x10000 - 3_000)) {
      ssrcNow = ssrc; // a new source, or a jump that is no loss: start counting from here
      highest = sequence;
      return true;
    }
    if (step === 0) {
      count.duplicates++;
      return false;
    }
    if (step < 0x8000) {
      count.lost += step - 1;
      highest = sequence;
    } else if (count.lost > 0) count.lost--;
    return true;
  }

  function store(audio: Uint8Array): void {
    if (buffer.length === 0) return;
    for (const byte of audio) {
      if (keep === 'first' && written >= buffer.length) return;
      buffer[written % buffer.length] = byte;
      written++;
    }
  }

  function noteActive(atMs: number): void {
    const open = spans.at(-1);
    if (open && atMs - open.toMs <= PAUSE_MS) open.toMs = atMs + PACKET_MS;
    else spans.push({ fromMs: atMs, toMs: atMs + PACKET_MS });
    const [oldest, second] = spans;
    if (spans.length > MAX_SPANS && oldest && second) spans.splice(0, 2, { fromMs: oldest.fromMs, toMs: second.toMs });
  }

  return {
    take(sequence, ssrc, audio, atMs) {
      if (!order(sequence, ssrc)) return;
      count.packets++;
      if (at.last !== undefined) longestPacketGapMs = Math.max(longestPacketGapMs, atMs - at.last);
      at.first ??= atMs;
      at.last = atMs;
      if (alawLevel(audio) > ACTIVE_LEVEL) noteActive(atMs);
      store(audio);
    },
    stats: (packetsSent) => ({
      ...count,
      firstPacketAtMs: at.first,
      lastPacketAtMs: at.last,
      longestPacketGapMs,
      firstActiveAtMs: spans[0]?.fromMs,
      lastActiveAtMs: spans.at(-1)?.toMs,
      packetsSent,
    }),
    spans: () => spans.map((s) => ({ ...s })),
    longestSilentGapMs(fromMs, toMs) {
      let longest = 0;
      let silentFrom = fromMs;
      for (const span of spans) {
        if (span.toMs <= fromMs || span.fromMs >= toMs) continue;
        longest = Math.max(longest, span.fromMs - silentFrom);
        silentFrom = span.toMs;
      }
      return Math.max(longest, toMs - silentFrom, 0);
    },
    wasActive: (fromMs, toMs) => spans.some((s) => s.toMs > fromMs && s.fromMs < toMs),
    audio() {
      if (written <= buffer.length) return buffer.slice(0, written);
      const split = written % buffer.length;
      const out = new Uint8Array(buffer.length).fill(ALAW_SILENCE);
      out.set(buffer.subarray(split));
      out.set(buffer.subarray(0, split), buffer.length - split);
      return out;
    },
  };
}
