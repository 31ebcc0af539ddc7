// A telephone switch in memory. It does only what test/contract/telephony.ts has seen a real Asterisk 22.10 do; a
// behaviour that has no row there has no place here. Read `hangUp` and `createLeg` first.
import type {
  BridgeSnapshot, ChannelSnapshot, ChannelState, HangupReason, LegRequest, LinkEvent, RecordRequest, Telephony, TelephonyEvent,
} from '../../src/ports/telephony.ts';
import { TelephonyError } from '../../src/ports/telephony.ts';
import type { FakeClock } from './fake-clock.ts';

/** How a phone behaves when it is called. */
export type PhoneBehaviour =
  | { readonly kind: 'answers'; readonly afterMs: number; readonly hangsUpAfterMs?: number }
  | { readonly kind: 'busy' | 'declines' | 'rings-on' | 'offline' };

interface FakeChannel {
  readonly id: string;
  readonly endpoint: string | null;
  state: ChannelState;
  isInApp: boolean;
  bridge: string | null;
  readonly playing: { id: string; cancel: () => void; media: readonly string[] }[];
  recording: { name: string; startedMs: number; terminateOn: string; cancel: () => void } | null;
  audible: 'nothing' | 'ringing' | 'music';
  readonly createdAtMs: number;
  readonly args: readonly string[] | null;
}

/** Virtual milliseconds of a request's way there and back. */
const TRIP_MS = 1;
const CAUSES: Readonly<Record<HangupReason, number>> = {
  normal: 16, busy: 17, 'no-answer': 19, declined: 21, 'unknown-number': 1, congestion: 42, 'answered-elsewhere': 26, failure: 41,
};

export class FakeTelephony implements Telephony {
  readonly channels = new Map<string, FakeChannel>();
  readonly bridges = new Map<string, Set<string>>();
  readonly phones = new Map<string, PhoneBehaviour>();
  readonly recordings = new Map<string, number>();
  readonly globals = new Map<string, string>();
  readonly mailboxes = new Map<string, { fresh: number; old: number }>();
  /** Causes that callers were hung up with, by channel. */
  readonly causes = new Map<string, number>();
  /** Everything a channel was made to hear, in order. */
  readonly heard = new Map<string, string[]>();
  onRequest: (verb: string, target: string) => void = () => {};
  beforeEvent: (event: TelephonyEvent) => void = () => {};
  afterEvent: (event: TelephonyEvent) => void = () => {};
  /** Length of a media address in ms; missing ones fail. */
  mediaMs: (media: string) => number | null = () => 1_000;
  isUp = true;
  eventLagMs = 0;
  /** Requests that reject, by verb. */
  readonly failing = new Map<string, TelephonyError>();
  readonly #clock: FakeClock;
  #onEvent: (event: TelephonyEvent) => void = () => {};
  #onLink: (event: LinkEvent) => void = () => {};

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  onEvent(listener: (event: TelephonyEvent) => void): void {
    this.#onEvent = listener;
  }
  onLink(listener: (event: LinkEvent) => void): void {
    this.#onLink = listener;
  }
  async start(): Promise<void> {
    this.#onLink({ type: 'up', isFirst: true });
  }
  async stop(): Promise<void> {}

  /** Cuts or restores the link; while it is cut, requests fail and events are lost for good. */
  setLink(isUp: boolean): void {
    if (this.isUp === isUp) return;
    this.isUp = isUp;
    this.#onLink(isUp ? { type: 'up', isFirst: false } : { type: 'down', reason: 'cut by the test' });
  }

  /** An INVITE came in and the dialplan handed it to the application. */
  arrive(id: string, args: readonly string[]): void {
    this.channels.set(id, this.#channel(id, null, 'ringing', true, args));
    this.#emit({ type: 'entered', channel: id, args, state: 'ringing', name: `PJSIP/${id}`, replaces: null, atMs: this.#clock.nowMs() });
  }

  /** The far end of a channel ends it. */
  hangUp(id: string, cause = 16, techCause: number | null = null): void {
    const channel = this.channels.get(id);
    if (channel === undefined) return;
    this.#remove(channel, { cause, techCause, soft: false });
  }

  press(id: string, digit: string): void {
    const channel = this.channels.get(id);
    if (channel === undefined) return;
    this.#emit({ type: 'digit', channel: id, digit, durationMs: 100, atMs: this.#clock.nowMs() });
    const recording = channel.recording;
    if (recording !== null && (recording.terminateOn === digit || recording.terminateOn === 'any')) this.#endRecording(channel);
  }

  /** A phone asks that its peer be sent elsewhere. */
  refer(id: string, target: string, attended = false): void {
    if (this.channels.has(id)) this.#emit({ type: 'transfer-requested', channel: id, target, attended, atMs: this.#clock.nowMs() });
  }

  async answer(channel: string): Promise<void> {
    const found = await this.#on('answer', channel);
    if (found.state === 'up') return;
    found.state = 'up';
    found.audible = 'nothing';
    this.#emit({ type: 'state', channel, state: 'up', atMs: this.#clock.nowMs() });
  }
  async ring(channel: string): Promise<void> {
    (await this.#on('ring', channel)).audible = 'ringing';
  }
  async ringStop(channel: string): Promise<void> {
    (await this.#on('ringStop', channel)).audible = 'nothing';
  }
  async hangup(channel: string, reason: HangupReason): Promise<void> {
    const found = await this.#on('hangup', channel);
    this.causes.set(channel, CAUSES[reason]);
    this.#remove(found, { cause: CAUSES[reason], techCause: null, soft: true });
  }
  async createLeg(request: LegRequest): Promise<void> {
    await this.#trip('createLeg', request.channel);
    const behaviour = this.phones.get(request.endpoint);
    if (behaviour === undefined || behaviour.kind === 'offline') throw new TelephonyError('unreachable', 'Allocation failed');
    this.channels.set(request.channel, this.#channel(request.channel, request.endpoint, 'down', true));
    this.#emit({ type: 'entered', channel: request.channel, args: ['leg'], state: 'down', name: request.endpoint, replaces: null, atMs: this.#clock.nowMs() });
  }
  async dialLeg(channel: string, timeoutMs: number): Promise<void> {
    const found = await this.#on('dialLeg', channel);
    const behaviour = this.phones.get(found.endpoint ?? '');
    if (behaviour === undefined) throw new TelephonyError('failed', 'no such phone');
    this.#after(5, found, () => this.#rings(found, behaviour));
    this.#after(timeoutMs, found, () => found.state !== 'up' && this.#remove(found, { cause: 32, techCause: null, soft: true }));
  }
  async play(channel: string, playback: string, media: readonly string[]): Promise<void> {
    const found = await this.#on('play', channel);
    const heard = this.heard.get(channel) ?? [];
    heard.push(...media);
    this.heard.set(channel, heard);
    found.playing.push({ id: playback, cancel: () => {}, media });
    if (found.playing.length === 1) this.#playNext(found);
  }
  async stopPlayback(playback: string): Promise<void> {
    await this.#trip('stopPlayback', playback);
    for (const channel of this.channels.values()) {
      const at = channel.playing.findIndex((one) => one.id === playback);
      if (at < 0) continue;
      channel.playing[at]?.cancel();
      channel.playing.splice(at, 1);
      this.#emit({ type: 'playback-ended', playback, result: 'done', atMs: this.#clock.nowMs() });
      if (at === 0) this.#playNext(channel);
      return;
    }
    throw new TelephonyError('gone', 'no such playback');
  }
  async startMusic(channel: string): Promise<void> {
    (await this.#on('startMusic', channel)).audible = 'music';
  }
  async stopMusic(channel: string): Promise<void> {
    (await this.#on('stopMusic', channel)).audible = 'nothing';
  }
  async record(request: RecordRequest): Promise<void> {
    const found = await this.#on('record', request.channel);
    const cancel = this.#clock.worldAfter(request.maxMs, () => this.#endRecording(found));
    found.recording = { name: request.name, startedMs: this.#clock.nowMs(), terminateOn: request.terminateOn, cancel };
  }
  async stopRecording(recording: string): Promise<void> {
    await this.#trip('stopRecording', recording);
    const channel = [...this.channels.values()].find((one) => one.recording?.name === recording);
    if (channel === undefined) throw new TelephonyError('gone', 'no such recording');
    this.#endRecording(channel);
  }
  async isRecording(recording: string): Promise<boolean> {
    await this.#trip('isRecording', recording);
    return [...this.channels.values()].some((one) => one.recording?.name === recording);
  }
  async fetchRecording(recording: string): Promise<Uint8Array> {
    await this.#trip('fetchRecording', recording);
    if (!this.recordings.has(recording)) throw new TelephonyError('gone', 'no such recording');
    return new Uint8Array([82, 73, 70, 70]);
  }
  async deleteRecording(recording: string): Promise<void> {
    await this.#trip('deleteRecording', recording);
    if (!this.recordings.delete(recording)) throw new TelephonyError('gone', 'no such recording');
  }
  async createBridge(bridge: string): Promise<void> {
    await this.#trip('createBridge', bridge);
    this.bridges.set(bridge, new Set());
  }
  async addToBridge(bridge: string, members: readonly string[]): Promise<void> {
    await this.#trip('addToBridge', bridge);
    const found = this.bridges.get(bridge);
    if (found === undefined) throw new TelephonyError('gone', 'no such bridge');
    // Asterisk checks every channel before it adds any.
    for (const member of members) if (!this.channels.has(member)) throw new TelephonyError('refused', 'no such channel');
    for (const member of members) {
      found.add(member);
      const channel = this.channels.get(member);
      if (channel !== undefined) channel.bridge = bridge;
    }
  }
  async removeFromBridge(bridge: string, channel: string): Promise<void> {
    const found = await this.#on('removeFromBridge', channel);
    this.bridges.get(bridge)?.delete(channel);
    found.bridge = null;
  }
  async destroyBridge(bridge: string): Promise<void> {
    await this.#trip('destroyBridge', bridge);
    const found = this.bridges.get(bridge);
    if (found === undefined) throw new TelephonyError('gone', 'no such bridge');
    for (const member of found) {
      const channel = this.channels.get(member);
      if (channel !== undefined) channel.bridge = null;
    }
    this.bridges.delete(bridge);
  }
  async transferProgress(channel: string): Promise<void> {
    await this.#on('transferProgress', channel);
  }
  async leaveTo(channel: string): Promise<void> {
    const found = await this.#on('leaveTo', channel);
    found.isInApp = false;
    this.#emit({ type: 'left', channel, atMs: this.#clock.nowMs() });
  }
  async setGlobal(name: string, value: string): Promise<void> {
    await this.#trip('setGlobal', name);
    this.globals.set(name, value);
  }
  async setMailbox(mailbox: string, fresh: number, old: number): Promise<void> {
    await this.#trip('setMailbox', mailbox);
    this.mailboxes.set(mailbox, { fresh, old });
  }
  async listChannels(): Promise<readonly ChannelSnapshot[]> {
    await this.#trip('listChannels', '');
    return [...this.channels.values()].map((one) => ({ channel: one.id, name: one.endpoint ?? one.id, state: one.state, createdAtMs: one.createdAtMs, args: one.args }));
  }
  async listBridges(): Promise<readonly BridgeSnapshot[]> {
    await this.#trip('listBridges', '');
    return [...this.bridges].map(([bridge, members]) => ({ bridge, channels: [...members] }));
  }

  /** What is left in the switch, one line each; empty after every call. */
  leftovers(): readonly string[] {
    return [
      ...[...this.channels.keys()].map((id) => `channel ${id}`),
      ...[...this.bridges.keys()].map((id) => `bridge ${id}`),
      ...[...this.recordings.keys()].map((id) => `recording ${id}`),
    ];
  }

  /** The first channel whose id begins with `leg-`, oldest first. */
  legs(): readonly string[] {
    return [...this.channels.keys()].filter((id) => id.startsWith('leg-'));
  }

  #rings(channel: FakeChannel, behaviour: PhoneBehaviour): void {
    if (behaviour.kind === 'busy') return this.#remove(channel, { cause: 17, techCause: 486, soft: false });
    if (behaviour.kind === 'declines') return this.#remove(channel, { cause: 21, techCause: 603, soft: false });
    channel.state = 'ringing';
    this.#emit({ type: 'dialling', channel: channel.id, status: 'ringing', atMs: this.#clock.nowMs() });
    this.#emit({ type: 'state', channel: channel.id, state: 'ringing', atMs: this.#clock.nowMs() });
    if (behaviour.kind !== 'answers') return;
    this.#after(behaviour.afterMs, channel, () => {
      channel.state = 'up';
      this.#emit({ type: 'state', channel: channel.id, state: 'up', atMs: this.#clock.nowMs() });
      const stays = behaviour.hangsUpAfterMs;
      if (stays !== undefined) this.#after(stays, channel, () => this.hangUp(channel.id));
    });
  }

  #playNext(channel: FakeChannel): void {
    const next = channel.playing[0];
    if (next === undefined) return;
    let ms = 0;
    for (const one of next.media) {
      const length = this.mediaMs(one);
      if (length === null) ms = -1;
      else if (ms >= 0) ms += length;
    }
    next.cancel = this.#clock.worldAfter(Math.max(ms, 1), () => {
      channel.playing.shift();
      this.#emit({ type: 'playback-ended', playback: next.id, result: ms < 0 ? 'failed' : 'done', atMs: this.#clock.nowMs() });
      this.#playNext(channel);
    });
  }

  #endRecording(channel: FakeChannel): void {
    const recording = channel.recording;
    if (recording === null) return;
    channel.recording = null;
    recording.cancel();
    const durationMs = Math.floor((this.#clock.nowMs() - recording.startedMs) / 1_000) * 1_000;
    this.recordings.set(recording.name, durationMs);
    this.#emit({ type: 'recording-ended', recording: recording.name, result: 'done', durationMs, atMs: this.#clock.nowMs() });
  }

  #remove(channel: FakeChannel, gone: { cause: number; techCause: number | null; soft: boolean }): void {
    if (!this.channels.delete(channel.id)) return;
    if (channel.bridge !== null) this.bridges.get(channel.bridge)?.delete(channel.id);
    const atMs = this.#clock.nowMs();
    this.#emit({ type: 'hangup-requested', channel: channel.id, atMs, ...gone });
    for (const playing of channel.playing.splice(0)) {
      playing.cancel();
      this.#emit({ type: 'playback-ended', playback: playing.id, result: 'done', atMs });
    }
    this.#endRecording(channel);
    if (channel.isInApp) this.#emit({ type: 'left', channel: channel.id, atMs });
    // Only channels that we created report their destruction (Asterisk 22.10).
    if (channel.endpoint !== null) this.#emit({ type: 'destroyed', channel: channel.id, cause: gone.cause, techCause: gone.techCause, atMs });
  }

  #emit(event: TelephonyEvent): void {
    this.#clock.worldAfter(0, () => {
      if (!this.isUp) return;
      this.beforeEvent(event);
      this.#onEvent(event);
      this.afterEvent(event);
    });
  }

  #after(ms: number, channel: FakeChannel, act: () => void): void {
    this.#clock.worldAfter(ms, () => {
      if (this.channels.get(channel.id) === channel) act();
    });
  }

  async #on(verb: string, id: string): Promise<FakeChannel> {
    await this.#trip(verb, id);
    const channel = this.channels.get(id);
    if (channel === undefined || !channel.isInApp) throw new TelephonyError('gone', `no channel ${id}`);
    return channel;
  }

  async #trip(verb: string, target: string): Promise<void> {
    this.onRequest(verb, target);
    await new Promise<void>((resolve) => void this.#clock.worldAfter(TRIP_MS, resolve));
    if (!this.isUp) throw new TelephonyError('no-link', 'the link is cut');
    const failure = this.failing.get(verb);
    if (failure !== undefined) throw failure;
  }

  #channel(id: string, endpoint: string | null, state: ChannelState, isInApp: boolean, args: readonly string[] | null = null): FakeChannel {
    return { id, endpoint, state, isInApp, bridge: null, playing: [], recording: null, audible: 'nothing', createdAtMs: this.#clock.nowMs(), args };
  }
}
