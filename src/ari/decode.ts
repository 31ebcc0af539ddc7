// Raw ARI events -> ours. Unknown types and torn shapes are null, never an exception: Asterisk may be newer than we are.
import type { ChannelState, TelephonyEvent } from '../ports/telephony.ts';

type Json = Readonly<Record<string, unknown>>;

/** null = of no interest, or not understood. */
export function decodeEvent(raw: unknown): TelephonyEvent | null {
  if (!isObject(raw)) return null;
  const atMs = stampMs(raw['timestamp']);
  switch (raw['type']) {
    case 'StasisStart': return entered(raw, atMs);
    case 'StasisEnd': return onChannel(raw, (channel) => ({ type: 'left', channel, atMs }));
    case 'ChannelStateChange':
      return onChannel(raw, (channel, snapshot) => ({ type: 'state', channel, state: channelState(snapshot['state']), atMs }));
    case 'ChannelDtmfReceived':
      return onChannel(raw, (channel) => ({ type: 'digit', channel, digit: text(raw['digit']), durationMs: number(raw['duration_ms']), atMs }));
    case 'ChannelHangupRequest':
      return onChannel(raw, (channel) => ({
        type: 'hangup-requested', channel, cause: number(raw['cause']), soft: raw['soft'] === true, techCause: numberOrNull(raw['tech_cause']), atMs,
      }));
    case 'ChannelDestroyed':
      return onChannel(raw, (channel) => ({ type: 'destroyed', channel, cause: number(raw['cause']), techCause: numberOrNull(raw['tech_cause']), atMs }));
    case 'Dial': return dialling(raw, atMs);
    case 'PlaybackStarted': return onPlayback(raw, (playback) => ({ type: 'playback-started', playback, atMs }));
    case 'PlaybackFinished':
      return onPlayback(raw, (playback, shown) => ({ type: 'playback-ended', playback, result: shown['state'] === 'failed' ? 'failed' : 'done', atMs }));
    case 'RecordingFinished': return recordingEnded(raw, 'done', atMs);
    case 'RecordingFailed': return recordingEnded(raw, 'failed', atMs);
    case 'ChannelHold': return onChannel(raw, (channel) => ({ type: 'held', channel, isHeld: true, atMs }));
    case 'ChannelUnhold': return onChannel(raw, (channel) => ({ type: 'held', channel, isHeld: false, atMs }));
    case 'ChannelTransfer': return transfer(raw, atMs);
    default: return null;
  }
}

export function channelState(state: unknown): ChannelState {
  switch (state) {
    case 'Up': return 'up';
    case 'Ring':
    case 'Ringing': return 'ringing';
    case 'Down':
    case 'Rsrvd': return 'down';
    default: return 'other';
  }
}

/** Asterisk's stamp (2026-11-22T19:00:00.123+0000) as epoch ms; 0 when it cannot be read. */
export function stampMs(stamp: unknown): number {
  if (typeof stamp !== 'string') return 0;
  // Every event has a stamp, and nearly all of a minute share everything but their seconds.
  if (stamp.length === STAMP_LENGTH && stamp.startsWith(minute.head) && stamp.endsWith(minute.zone)) {
    const seconds = Number(stamp.slice(MINUTE_LENGTH, MINUTE_LENGTH + 6));
    if (seconds >= 0 && seconds < 60) return minute.ms + Math.round(seconds * 1_000);
  }
  const ms = Date.parse(stamp.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  if (Number.isNaN(ms)) return 0;
  if (FULL_STAMP.test(stamp)) minute = { head: stamp.slice(0, MINUTE_LENGTH), zone: stamp.slice(-5), ms: Math.floor(ms / 60_000) * 60_000 };
  return ms;
}

/** 2026-11-22T19:00:00.123+0000 */
const FULL_STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}$/;
const STAMP_LENGTH = 28;
const MINUTE_LENGTH = 17;
let minute = { head: '-', zone: '-', ms: 0 };

function entered(raw: Json, atMs: number): TelephonyEvent | null {
  const args = Array.isArray(raw['args']) ? raw['args'].filter((arg) => typeof arg === 'string') : [];
  const replaced = raw['replace_channel'];
  return onChannel(raw, (channel, snapshot) => ({
    type: 'entered', channel, args, state: channelState(snapshot['state']), name: text(snapshot['name']),
    replaces: isObject(replaced) ? text(replaced['id']) : null, atMs,
  }));
}

function dialling(raw: Json, atMs: number): TelephonyEvent | null {
  const peer = raw['peer'];
  if (!isObject(peer) || typeof peer['id'] !== 'string') return null;
  const status = raw['dialstatus'];
  return { type: 'dialling', channel: peer['id'], status: status === 'RINGING' ? 'ringing' : status === 'PROGRESS' ? 'progress' : 'other', atMs };
}

function recordingEnded(raw: Json, result: 'done' | 'failed', atMs: number): TelephonyEvent | null {
  const recording = raw['recording'];
  if (!isObject(recording) || typeof recording['name'] !== 'string') return null;
  return { type: 'recording-ended', recording: recording['name'], result, durationMs: number(recording['duration']) * 1_000, atMs };
}

/** Each of our own progress reports comes back as the same event with a `state` (Asterisk 22.10): no second request. */
function transfer(raw: Json, atMs: number): TelephonyEvent | null {
  if (typeof raw['state'] === 'string') return null;
  const by = raw['referred_by'];
  const to = raw['refer_to'];
  if (!isObject(by) || !isObject(to)) return null;
  const source = by['source_channel'];
  if (!isObject(source) || typeof source['id'] !== 'string') return null;
  const wanted = to['requested_destination'];
  const target = isObject(wanted) ? text(wanted['destination']) : '';
  const attended = isObject(to['destination_channel']) || (isObject(wanted) && typeof wanted['protocol_id'] === 'string' && wanted['protocol_id'] !== '');
  return { type: 'transfer-requested', channel: source['id'], target: target.slice(0, 128), attended, atMs };
}

function onChannel(raw: Json, make: (channel: string, snapshot: Json) => TelephonyEvent): TelephonyEvent | null {
  const snapshot = raw['channel'];
  return isObject(snapshot) && typeof snapshot['id'] === 'string' ? make(snapshot['id'], snapshot) : null;
}

function onPlayback(raw: Json, make: (playback: string, shown: Json) => TelephonyEvent): TelephonyEvent | null {
  const shown = raw['playback'];
  return isObject(shown) && typeof shown['id'] === 'string' ? make(shown['id'], shown) : null;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
