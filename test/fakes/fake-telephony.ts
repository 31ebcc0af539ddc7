// A telephone switch in memory. It does only what test/contract/telephony.ts has seen a real Asterisk 22.10 do; a
// behaviour that has no row there has no place here. Read `hangUp` and `createLeg` first.
import type {
  BridgeSnapshot, ChannelSnapshot, ChannelState, HangupReason, LegRequest, LinkEvent, RecordRequest, Telephony, TelephonyEvent, TrunkLegRequest,
} from '../../src/ports/telephony.ts';
import { TelephonyError } from '../../src/ports/telephony.ts';
import type { FakeClock } from './fake-clock.ts';

/** How a phone behaves when it is called. `manual`: does nothing until a test says so (`far…`). */
export type PhoneBehaviour =
  | { readonly kind: 'answers'; readonly afterMs: number; readonly hangsUpAfterMs?: number }
  | { readonly kind: 'busy' | 'declines' | 'rings-on' | 'offline' | 'manual' };

/** How a carrier behaves, beyond what a phone does. `tries`: 100 and then nothing. `silent`: no response at all. */
export type CarrierBehaviour = PhoneBehaviour | { readonly kind: 'refuses'; readonly code: Refusal; readonly ringsFirst?: boolean } | { readonly kind: 'tries' | 'silent' };

/** What a phone or carrier refuses with -> the Q.850 cause that Asterisk 22.10 makes of it. */
const CAUSE_OF_REFUSAL = { 302: 23, 400: 127, 403: 21, 404: 1, 408: 18, 410: 22, 480: 19, 482: 127, 483: 19, 484: 28, 486: 17, 487: 127, 488: 58, 500: 38, 502: 27, 503: 34, 504: 102, 600: 17, 603: 21, 604: 1, 607: 127 } as const;
export type Refusal = keyof typeof CAUSE_OF_REFUSAL;
/** The SIP code that an unanswered caller gets for a cause of ours; every other cause is a 603. */
const SIP_OF_CAUSE: Readonly<Record<number, number>> = { 1: 404, 17: 486, 19: 480, 21: 403, 38: 500, 42: 503 };

interface FakeChannel {
  readonly id: string;
  readonly endpoint: string | null;
  state: ChannelState;
  isInApp: boolean;
  bridge: string | null;
  readonly playing: { id: string; cancel: () => void; media: readonly string[]; isStopped: boolean }[];
  recording: { name: string; startedMs: number; terminateOn: string; silenceEndMs: number; cancel: () => void; cancelSilence: () => void } | null;
  isDialled: boolean;
  hasResponse: boolean;
  speaksUntilMs: number;
  /** End of what is announced in its bridge. */
  announcedUntilMs: number;
  audible: 'nothing' | 'ringing' | 'music';
  readonly createdAtMs: number;
  readonly args: readonly string[] | null;
}

/** Virtual milliseconds of a request's way there and back. */
const TRIP_MS = 1;
const CAUSES: Readonly<Record<HangupReason, number>> = {
  normal: 16, busy: 17, 'no-answer': 19, declined: 21, 'unknown-number': 1, congestion: 42, 'answered-elsewhere': 26, failure: 38,
};

export class FakeTelephony implements Telephony {
  readonly channels = new Map<string, FakeChannel>();
  readonly bridges = new Map<string, Set<string>>();
  readonly phones = new Map<string, PhoneBehaviour>();
  /** By endpoint name: what stands behind the @ of a trunk leg. */
  readonly trunks = new Map<string, CarrierBehaviour>();
  /** Specs of trunk legs, by channel. */
  readonly specs = new Map<string, TrunkLegRequest['spec']>();
  readonly recordings = new Map<string, number>();
  readonly globals = new Map<string, string>();
  readonly mailboxes = new Map<string, { fresh: number; old: number }>();
  /** Causes that callers were hung up with, by channel. */
  readonly causes = new Map<string, number>();
  /** The SIP code (null after an answer) and cause that callers were ended with by us. */
  readonly endings = new Map<string, { sipCode: number | null; cause: number }>();
  /** The SIP code with which a call at a phone ended that was never answered (487 = taken back); null after an answer. */
  readonly farEndings = new Map<string, number | null>();
  /** Final code of a phone's REFER, by channel. */
  readonly transfers = new Map<string, number>();
  /** Everything a channel was made to hear, in order. */
  readonly heard = new Map<string, string[]>();
  /** Endpoints in the order in which they began to ring, also while nobody could hear of it. */
  readonly rang: string[] = [];
  onRequest: (verb: string, target: string) => void = () => {};
  beforeEvent: (event: TelephonyEvent) => void = () => {};
  afterEvent: (event: TelephonyEvent) => void = () => {};
  /** Length of a media address in ms; missing ones fail. */
  mediaMs: (media: string) => number | null = () => 1_000;
  isUp = true;
  eventLagMs = 0;
  lastEventMs: number | null = null;
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
    this.#onLink(isUp ? { type: 'up', isFirst: false } : { type: 'down', reason: 'cut by the test', isReplaced: false });
  }

  /** An INVITE came in and the dialplan handed it to the application. */
  arrive(id: string, args: readonly string[]): void {
    this.channels.set(id, this.#channel(id, null, 'ringing', true, args));
    this.#emit({ type: 'entered', channel: id, args, state: 'ringing', name: `PJSIP/${id}`, replaces: null, atMs: this.#clock.nowMs() });
  }

  /** The far end of a channel ends it: BYE, or the CANCEL of a caller who waited. */
  hangUp(id: string): void {
    const channel = this.channels.get(id);
    if (channel === undefined) return;
    const isCancel = channel.endpoint === null && channel.state !== 'up';
    this.#remove(channel, isCancel ? { cause: 127, techCause: 487, soft: false } : { cause: 0, techCause: null, soft: false }, { cause: 16, techCause: null });
  }

  /** A carrier sends 100: no event, but a response. */
  farTries(id: string): void {
    const channel = this.#dialled(id);
    if (channel !== undefined) channel.hasResponse = true;
  }
  /** The phone of a dialled leg sends 180. */
  farRings(id: string): void {
    const channel = this.#dialled(id);
    if (channel === undefined) return;
    channel.hasResponse = true;
    channel.state = 'ringing';
    this.rang.push(channel.endpoint ?? id);
    this.#emit({ type: 'dialling', channel: id, status: 'ringing', atMs: this.#clock.nowMs() });
    this.#emit({ type: 'state', channel: id, state: 'ringing', atMs: this.#clock.nowMs() });
  }
  /** 183 with audio: not an answer. */
  farProgress(id: string): void {
    const channel = this.#dialled(id);
    if (channel === undefined) return;
    channel.hasResponse = true;
    this.#emit({ type: 'dialling', channel: id, status: 'progress', atMs: this.#clock.nowMs() });
  }
  /** 200; false when the leg is gone. */
  farAnswers(id: string): boolean {
    const channel = this.#dialled(id);
    if (channel === undefined) return false;
    channel.state = 'up';
    channel.hasResponse = true;
    this.farEndings.set(id, null);
    this.#emit({ type: 'state', channel: id, state: 'up', atMs: this.#clock.nowMs() });
    this.#emit({ type: 'dialling', channel: id, status: 'other', atMs: this.#clock.nowMs() });
    return true;
  }
  farRefuses(id: string, sipCode: Refusal): void {
    const channel = this.#dialled(id);
    if (channel === undefined) return;
    this.farEndings.set(id, sipCode);
    const gone = { cause: CAUSE_OF_REFUSAL[sipCode], techCause: sipCode };
    this.#remove(channel, { ...gone, soft: false }, gone);
  }
  /** A phone holds or resumes. */
  hold(id: string, isHeld: boolean): void {
    if (this.channels.has(id)) this.#emit({ type: 'held', channel: id, isHeld, atMs: this.#clock.nowMs() });
  }
  /** Speech on a channel: a recording counts its silence from the end of it. */
  speak(id: string, ms: number): void {
    const channel = this.channels.get(id);
    if (channel !== undefined) channel.speaksUntilMs = this.#clock.nowMs() + ms;
  }
  /** True when something other than silence reaches the far end of a channel. */
  isAudible(id: string): boolean {
    const channel = this.channels.get(id);
    return channel !== undefined && (channel.audible !== 'nothing' || channel.playing.length > 0 || channel.announcedUntilMs > this.#clock.nowMs());
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
  async progress(channel: string): Promise<void> {
    await this.#on('progress', channel);
  }
  async hangup(channel: string, reason: HangupReason): Promise<void> {
    const found = await this.#on('hangup', channel);
    const cause = CAUSES[reason];
    this.causes.set(channel, cause);
    this.endings.set(channel, { sipCode: found.state === 'up' ? null : (SIP_OF_CAUSE[cause] ?? 603), cause });
    // Asterisk first says 32 (and soft), whatever the reason; the reason's cause comes with the end.
    this.#remove(found, { cause: 32, techCause: null, soft: true }, { cause, techCause: null });
  }
  async createLeg(request: LegRequest): Promise<void> {
    if (request.endpoint.includes('@')) throw new TelephonyError('refused', 'a leg towards a carrier needs a verdict');
    await this.#createChannel(request);
  }
  async #createChannel(request: LegRequest): Promise<void> {
    await this.#trip('createLeg', request.channel);
    if (this.channels.has(request.channel)) throw new TelephonyError('refused', 'a channel with this id exists');
    const behaviour = this.#behaviourOf(request.endpoint);
    if (behaviour === undefined || behaviour.kind === 'offline') throw new TelephonyError('unreachable', 'Allocation failed');
    this.channels.set(request.channel, this.#channel(request.channel, request.endpoint, 'down', true));
    this.#emit({ type: 'entered', channel: request.channel, args: ['leg'], state: 'down', name: request.endpoint, replaces: null, atMs: this.#clock.nowMs() });
  }
  async createTrunkLeg({ channel, spec, originator }: TrunkLegRequest): Promise<void> {
    this.specs.set(channel, spec);
    await this.#createChannel({ channel, endpoint: spec.endpoint, variables: spec.variables, originator });
  }
  async hasResponse(channel: string): Promise<boolean> {
    return (await this.#on('hasResponse', channel)).hasResponse;
  }
  async dialLeg(channel: string, timeoutMs: number): Promise<void> {
    const found = await this.#on('dialLeg', channel);
    const behaviour = this.#behaviourOf(found.endpoint ?? '');
    if (behaviour === undefined) throw new TelephonyError('failed', 'no such phone');
    found.isDialled = true;
    this.#emit({ type: 'dialling', channel, status: 'other', atMs: this.#clock.nowMs() });
    this.#after(5, found, () => this.#behaves(found, behaviour));
    this.#after(timeoutMs, found, () => found.state !== 'up' && this.#remove(found, { cause: 32, techCause: null, soft: true }, { cause: 19, techCause: 480 }));
  }
  async play(channel: string, playback: string, media: readonly string[]): Promise<void> {
    const found = await this.#on('play', channel);
    const heard = this.heard.get(channel) ?? [];
    heard.push(...media);
    this.heard.set(channel, heard);
    found.playing.push({ id: playback, cancel: () => {}, media, isStopped: false });
    if (found.playing.length === 1) this.#playNext(found);
  }
  async stopPlayback(playback: string): Promise<void> {
    await this.#trip('stopPlayback', playback);
    for (const channel of this.channels.values()) {
      const found = channel.playing.find((one) => one.id === playback);
      if (found === undefined) continue;
      found.isStopped = true;
      // One that waits for its turn ends when that comes.
      if (found !== channel.playing[0]) return;
      found.cancel();
      this.#endPlayback(channel, 'done');
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
    found.recording = { name: request.name, startedMs: this.#clock.nowMs(), terminateOn: request.terminateOn, silenceEndMs: request.silenceEndMs, cancel, cancelSilence: () => {} };
    this.#watchSilence(found);
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
    if (this.bridges.has(bridge)) throw new TelephonyError('refused', 'a bridge with this id exists');
    this.bridges.set(bridge, new Set());
  }
  async addToBridge(bridge: string, members: readonly string[]): Promise<void> {
    await this.#trip('addToBridge', bridge);
    const found = this.bridges.get(bridge);
    if (found === undefined) throw new TelephonyError('gone', 'no such bridge');
    // Asterisk checks every channel before it adds any.
    for (const member of members) if (!this.channels.has(member)) throw new TelephonyError('refused', 'no such channel');
    for (const member of members) {
      const channel = this.channels.get(member);
      if (channel === undefined) continue;
      if (channel.bridge !== null) this.bridges.get(channel.bridge)?.delete(member);
      channel.bridge = bridge;
      found.add(member);
    }
  }
  async removeFromBridge(bridge: string, channel: string): Promise<void> {
    await this.#trip('removeFromBridge', bridge);
    const found = this.bridges.get(bridge);
    if (found === undefined) throw new TelephonyError('gone', 'no such bridge');
    if (!found.delete(channel)) throw new TelephonyError('refused', 'the channel is not in this bridge');
    const member = this.channels.get(channel);
    if (member !== undefined) member.bridge = null;
  }
  async announce(bridge: string, playback: string, media: readonly string[]): Promise<void> {
    await this.#trip('announce', bridge);
    const members = this.bridges.get(bridge);
    if (members === undefined) throw new TelephonyError('gone', 'no such bridge');
    const ms = media.reduce((sum, one) => sum + (this.mediaMs(one) ?? 0), 0);
    for (const member of members) {
      this.heard.set(member, [...(this.heard.get(member) ?? []), ...media]);
      const channel = this.channels.get(member);
      if (channel !== undefined) channel.announcedUntilMs = this.#clock.nowMs() + ms;
    }
    this.#clock.worldAfter(ms, () => {
      if (this.bridges.get(bridge) === members) this.#emit({ type: 'playback-ended', playback, result: 'done', atMs: this.#clock.nowMs() });
    });
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
  async transferProgress(channel: string, state: 'trying' | 'ok' | 'refused'): Promise<void> {
    await this.#on('transferProgress', channel);
    if (state !== 'trying') this.transfers.set(channel, state === 'ok' ? 200 : 603);
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
    if (!/^[0-9A-Za-z_.-]+$/.test(mailbox)) throw new TelephonyError('refused', 'the mailbox has other characters');
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

  #behaviourOf(endpoint: string): CarrierBehaviour | undefined {
    return this.phones.get(endpoint) ?? this.trunks.get(endpoint.split('@')[1] ?? '');
  }

  #behaves(channel: FakeChannel, behaviour: CarrierBehaviour): void {
    if (behaviour.kind === 'manual' || behaviour.kind === 'silent') return;
    if (behaviour.kind === 'tries') return this.farTries(channel.id);
    if (behaviour.kind === 'refuses') {
      if (behaviour.ringsFirst === true) this.farRings(channel.id);
      return this.farRefuses(channel.id, behaviour.code);
    }
    if (behaviour.kind === 'busy') return this.farRefuses(channel.id, 486);
    if (behaviour.kind === 'declines') return this.farRefuses(channel.id, 603);
    this.farRings(channel.id);
    if (behaviour.kind !== 'answers') return;
    this.#after(behaviour.afterMs, channel, () => {
      this.farAnswers(channel.id);
      const stays = behaviour.hangsUpAfterMs;
      if (stays !== undefined) this.#after(stays, channel, () => this.hangUp(channel.id));
    });
  }

  #dialled(id: string): FakeChannel | undefined {
    const channel = this.channels.get(id);
    return channel?.isDialled === true ? channel : undefined;
  }

  #playNext(channel: FakeChannel): void {
    const next = channel.playing[0];
    if (next === undefined) return;
    const lengths = next.media.map((one) => this.mediaMs(one));
    const ms = next.isStopped ? 0 : lengths.reduce<number>((sum, one) => sum + (one ?? 0), 0);
    // Asterisk goes on after a missing file; the last one decides the result.
    const isFailed = !next.isStopped && lengths.at(-1) === null;
    next.cancel = this.#clock.worldAfter(Math.max(ms, 1), () => this.#endPlayback(channel, isFailed ? 'failed' : 'done'));
  }

  #endPlayback(channel: FakeChannel, result: 'done' | 'failed'): void {
    const ended = channel.playing.shift();
    if (ended === undefined) return;
    this.#emit({ type: 'playback-ended', playback: ended.id, result, atMs: this.#clock.nowMs() });
    this.#playNext(channel);
  }

  #watchSilence(channel: FakeChannel): void {
    const recording = channel.recording;
    if (recording === null || recording.silenceEndMs === 0) return;
    const quietMs = Math.max(this.#clock.nowMs(), channel.speaksUntilMs) + recording.silenceEndMs;
    recording.cancelSilence = this.#clock.worldAfter(quietMs - this.#clock.nowMs(), () => (channel.speaksUntilMs + recording.silenceEndMs > this.#clock.nowMs() ? this.#watchSilence(channel) : this.#endRecording(channel)));
  }

  #endRecording(channel: FakeChannel): void {
    const recording = channel.recording;
    if (recording === null) return;
    channel.recording = null;
    recording.cancel();
    recording.cancelSilence();
    // Asterisk tells whole seconds only.
    const durationMs = Math.floor((this.#clock.nowMs() - recording.startedMs) / 1_000) * 1_000;
    this.recordings.set(recording.name, durationMs);
    this.#emit({ type: 'recording-ended', recording: recording.name, result: 'done', durationMs, atMs: this.#clock.nowMs() });
  }

  #remove(channel: FakeChannel, asked: { cause: number; techCause: number | null; soft: boolean }, gone: { cause: number; techCause: number | null }): void {
    if (!this.channels.delete(channel.id)) return;
    if (channel.bridge !== null) this.bridges.get(channel.bridge)?.delete(channel.id);
    if (channel.isDialled && !this.farEndings.has(channel.id)) this.farEndings.set(channel.id, 487);
    const atMs = this.#clock.nowMs();
    if (channel.isInApp) this.#emit({ type: 'hangup-requested', channel: channel.id, atMs, ...asked });
    for (const playing of channel.playing.splice(0)) {
      playing.cancel();
      this.#emit({ type: 'playback-ended', playback: playing.id, result: 'failed', atMs });
    }
    this.#endRecording(channel);
    if (channel.isInApp) this.#emit({ type: 'left', channel: channel.id, atMs });
    // A channel that came in through the dialplan is the application's only while it is inside.
    if (channel.endpoint !== null) this.#emit({ type: 'destroyed', channel: channel.id, ...gone, atMs });
  }

  #emit(event: TelephonyEvent): void {
    // What happens while the link is cut is never told, also when the link is back before the next event.
    if (!this.isUp) return;
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
    return { id, endpoint, state, isInApp, bridge: null, playing: [], recording: null, isDialled: false, hasResponse: false, speaksUntilMs: 0, announcedUntilMs: 0, audible: 'nothing', createdAtMs: this.#clock.nowMs(), args };
  }
}
