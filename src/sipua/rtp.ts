// One RTP socket of one call: sends A-law audio or silence every 20 ms and digits as RFC 4733 events, records what arrives.
// RTCP is ignored. Must not know about SIP. Read `openRtp` first.
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { randomInt } from 'node:crypto';
import { ALAW_SILENCE, alawToUlaw, ulawToAlaw } from './g711.ts';
import { createHearing } from './hearing.ts';
import type { ActiveSpan, RtpStats } from './hearing.ts';
import { eventOf, parseEvent, parseRtp, serialiseEvent, serialiseRtp } from './rtp-packet.ts';
import type { RtpPacket } from './rtp-packet.ts';
import { EVENT_PAYLOAD } from './sdp.ts';
import { SipUsageError } from './errors.ts';

/** Where and how to send; changes with every answer or re-INVITE. */
export interface RtpTarget {
  readonly host: string;
  readonly port: number;
  readonly codec: 'PCMA' | 'PCMU';
  readonly eventPayload: number | undefined;
  readonly isSending: boolean;
}

/** A digit that arrived as telephone-event. */
export interface HeardDigit {
  readonly digit: string;
  readonly durationMs: number;
  readonly atMs: number;
}

export interface RtpOptions {
  readonly host: string;
  /** How much audio to keep; default 30,000 ms. */
  readonly keepMs?: number;
  /** 'last' (ring buffer, the default) or 'first'. */
  readonly keep?: 'last' | 'first';
}

export interface RtpSession {
  readonly port: number;
  /** Sets the far end; sending starts or stops from the next packet. */
  aim(target: RtpTarget): void;
  /** Sends this A-law audio instead of silence from now on, once or for ever; a new call replaces it. */
  play(audio: Uint8Array, options?: { readonly isLooped?: boolean }): void;
  /** Sends digits; resolves with how many went out whole (fewer when the session closes or cannot send). Throws SipUsageError for other characters. */
  sendDigits(digits: string, options?: { readonly durationMs?: number; readonly gapMs?: number }): Promise<number>;
  stats(): RtpStats;
  spans(): readonly ActiveSpan[];
  longestSilentGapMs(fromMs: number, toMs?: number): number;
  wasActive(fromMs: number, toMs?: number): boolean;
  /** Resolves with the time of the first audio (not silence) at or after `sinceMs`, or undefined after `timeoutMs` or at close. */
  waitForAudio(timeoutMs: number, sinceMs?: number): Promise<number | undefined>;
  audio(): Uint8Array;
  readonly digits: readonly HeardDigit[];
  onDigit(act: (digit: HeardDigit) => void): void;
  close(): void;
}

const FRAME = 160;
const FRAME_MS = 20;
const MAX_DIGITS = 256;
const MAX_HEARD_DIGITS = 1_024;

interface DigitJob {
  readonly events: readonly number[];
  readonly holdTicks: number;
  readonly gapTicks: number;
  sent: number;
  tick: number;
  stamp: number;
  finish(sent: number): void;
}

/** Returns an open session on an even port (our RTCP neighbour stays free, so no call hears another's RTCP). Rejects if the host has no free port. */
export async function openRtp(options: RtpOptions): Promise<RtpSession> {
  for (let attempt = 0; ; attempt++) {
    const socket = createSocket(options.host.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(0, options.host, resolve));
    if (socket.address().port % 2 === 0 || attempt >= 16) return new Session(socket, options);
    socket.close();
  }
}

class Session implements RtpSession {
  readonly port: number;
  readonly digits: HeardDigit[] = [];
  readonly #socket: Socket;
  readonly #hearing;
  readonly #ssrc = randomInt(0xffff_ffff);
  #sequence = randomInt(0x8000);
  #timestamp = randomInt(0xffff);
  #target: RtpTarget | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = 0;
  #packetsSent = 0;
  #playing: { audio: Uint8Array; at: number; isLooped: boolean } | undefined;
  #jobs: DigitJob[] = [];
  #isFirst = true;
  #isClosed = false;
  #event: { stamp: number; digit: string; duration: number; isReported: boolean } | undefined;
  #onDigit: (digit: HeardDigit) => void = () => undefined;
  readonly #audioWaiters = new Set<() => void>();

  constructor(socket: Socket, options: RtpOptions) {
    this.#socket = socket;
    this.port = socket.address().port;
    this.#hearing = createHearing(options.keepMs ?? 30_000, options.keep);
    socket.removeAllListeners('error').on('error', () => undefined); // ICMP refusals: the far end is not there yet, or has left
    socket.on('message', (bytes) => this.#receive(bytes));
  }

  aim(target: RtpTarget): void {
    this.#target = target;
    if (!target.isSending) this.#failJobs();
    if (this.#timer || !target.isSending || this.#isClosed) return;
    this.#dueMs = performance.now();
    this.#isFirst = true;
    this.#tick();
  }

  play(audio: Uint8Array, options: { readonly isLooped?: boolean } = {}): void {
    this.#playing = audio.length === 0 ? undefined : { audio, at: 0, isLooped: options.isLooped ?? false };
  }

  sendDigits(digits: string, options: { readonly durationMs?: number; readonly gapMs?: number } = {}): Promise<number> {
    const keys = Array.from(digits);
    const events = keys.map(eventOf);
    const bad = events.indexOf(undefined);
    if (bad >= 0) throw new SipUsageError('digits', `"${keys[bad]}" at place ${bad + 1} of the digits has no key. Keys are 0-9 * # A-D`);
    if (events.length > MAX_DIGITS) throw new SipUsageError('digits', `${events.length} digits are more than ${MAX_DIGITS}. Send them in parts`);
    if (this.#isClosed || !this.#target?.isSending || this.#target.eventPayload === undefined) return Promise.resolve(0);
    const ticks = (ms: number): number => Math.min(Math.max(1, Math.round(ms / FRAME_MS)), 400); // 8 s: the duration field ends there
    return new Promise((finish) => {
      const job = { events: events as number[], holdTicks: ticks(options.durationMs ?? 100), gapTicks: ticks(options.gapMs ?? 100), sent: 0, tick: 0, stamp: 0, finish };
      if (job.events.length === 0) return finish(0);
      this.#jobs.push(job);
    });
  }

  /** Sends what is due and arms the next tick against the ideal time, so that pacing does not drift. */
  #tick(): void {
    this.#timer = undefined;
    if (this.#isClosed || !this.#target?.isSending) return;
    const nowMs = performance.now();
    if (nowMs - this.#dueMs > 200) {
      const missed = Math.floor((nowMs - this.#dueMs) / FRAME_MS); // the process was stopped: leave a hole, do not burst
      this.#dueMs += missed * FRAME_MS;
      this.#timestamp += missed * FRAME;
    }
    while (this.#dueMs <= nowMs) {
      this.#sendFrame(this.#target);
      this.#dueMs += FRAME_MS;
    }
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, this.#dueMs - performance.now()));
  }

  #sendFrame(target: RtpTarget): void {
    const job = this.#jobs[0];
    if (!job || !this.#sendEvent(job, target)) {
      const audio = this.#nextAudio();
      this.#sendPacket(target, target.codec === 'PCMA' ? 8 : 0, this.#isFirst, this.#timestamp, target.codec === 'PCMA' ? audio : alawToUlaw(audio));
      this.#isFirst = false;
    }
    this.#timestamp += FRAME;
  }

  /** Sends this tick's event packet; false in the gap between digits, when audio goes out instead. */
  #sendEvent(job: DigitJob, target: RtpTarget): boolean {
    const phase = job.tick++ % (job.holdTicks + job.gapTicks);
    if (phase >= job.holdTicks) {
      if (phase === job.holdTicks + job.gapTicks - 1 && job.sent === job.events.length) {
        this.#jobs.shift();
        job.finish(job.sent);
      }
      return false;
    }
    const event = job.events[job.sent] ?? 0;
    const payloadType = target.eventPayload ?? EVENT_PAYLOAD;
    if (phase === 0) job.stamp = this.#timestamp;
    const isEnd = phase === job.holdTicks - 1;
    const payload = serialiseEvent(event, isEnd, (phase + 1) * FRAME);
    // RFC 4733 2.5.1.4: the end packet goes out three times, so that losing one loses no digit.
    for (let i = 0; i < (isEnd ? 3 : 1); i++) this.#sendPacket(target, payloadType, phase === 0 && i === 0, job.stamp, payload);
    if (isEnd) job.sent++;
    return true;
  }

  #sendPacket(target: RtpTarget, payloadType: number, isMarked: boolean, timestamp: number, payload: Uint8Array): void {
    const packet: RtpPacket = { payloadType, isMarked, sequence: this.#sequence++, timestamp, ssrc: this.#ssrc, payload };
    this.#packetsSent++;
    this.#socket.send(serialiseRtp(packet), target.port, target.host, () => undefined);
  }

  #nextAudio(): Uint8Array {
    const frame = new Uint8Array(FRAME).fill(ALAW_SILENCE);
    const playing = this.#playing;
    if (!playing) return frame;
    frame.set(playing.audio.subarray(playing.at, playing.at + FRAME));
    playing.at += FRAME;
    if (playing.at >= playing.audio.length) {
      playing.at = 0;
      if (!playing.isLooped) this.#playing = undefined;
    }
    return frame;
  }

  #receive(bytes: Uint8Array): void {
    const packet = parseRtp(bytes);
    if (!packet) return;
    const atMs = performance.now();
    if (packet.payloadType === EVENT_PAYLOAD || packet.payloadType === this.#target?.eventPayload) return this.#hearEvent(packet, atMs);
    if (packet.payloadType !== 8 && packet.payloadType !== 0) return;
    this.#hearing.take(packet.sequence, packet.ssrc, packet.payloadType === 8 ? packet.payload : ulawToAlaw(packet.payload), atMs);
    for (const check of this.#audioWaiters) check();
  }

  /** Reports a digit once, at its first end packet, or when the next digit starts after all three ends were lost. */
  #hearEvent(packet: RtpPacket, atMs: number): void {
    const heard = parseEvent(packet.payload);
    if (!heard) return;
    if (this.#event?.stamp !== packet.timestamp) {
      this.#reportDigit(atMs);
      this.#event = { stamp: packet.timestamp, digit: heard.digit, duration: heard.duration, isReported: false };
    } else this.#event.duration = Math.max(this.#event.duration, heard.duration);
    if (heard.isEnd) this.#reportDigit(atMs);
  }

  #reportDigit(atMs: number): void {
    const event = this.#event;
    if (!event || event.isReported) return;
    event.isReported = true;
    const digit: HeardDigit = { digit: event.digit, durationMs: event.duration / 8, atMs };
    if (this.digits.length < MAX_HEARD_DIGITS) this.digits.push(digit);
    this.#onDigit(digit);
  }

  onDigit(act: (digit: HeardDigit) => void): void {
    this.#onDigit = act;
  }

  stats(): RtpStats {
    return this.#hearing.stats(this.#packetsSent);
  }

  spans(): readonly ActiveSpan[] {
    return this.#hearing.spans();
  }

  longestSilentGapMs(fromMs: number, toMs = performance.now()): number {
    return this.#hearing.longestSilentGapMs(fromMs, toMs);
  }

  wasActive(fromMs: number, toMs = performance.now()): boolean {
    return this.#hearing.wasActive(fromMs, toMs);
  }

  audio(): Uint8Array {
    return this.#hearing.audio();
  }

  waitForAudio(timeoutMs: number, sinceMs = performance.now()): Promise<number | undefined> {
    const found = (): number | undefined => this.#hearing.spans().filter((s) => s.toMs > sinceMs).map((s) => Math.max(s.fromMs, sinceMs))[0];
    const already = found();
    if (already !== undefined || this.#isClosed) return Promise.resolve(already);
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#audioWaiters.delete(check);
        resolve(found());
      };
      const check = (): void => {
        if (this.#isClosed || found() !== undefined) settle();
      };
      const timer = setTimeout(settle, timeoutMs);
      this.#audioWaiters.add(check);
    });
  }

  #failJobs(): void {
    for (const job of this.#jobs.splice(0)) job.finish(job.sent);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#failJobs();
    for (const check of this.#audioWaiters) check();
    this.#socket.close();
  }
}
