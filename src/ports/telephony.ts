// What the call flows need of a telephone switch, in our words. Implemented by src/ari (real Asterisk, two transports)
// and by the fake in test/fakes; test/contract/telephony.ts holds both to the same behaviour. Read `Telephony` first.
import type { TrunkLegSpec } from '../trunks/header-recipe.ts';

export type ChannelId = string;
export type BridgeId = string;
export type PlaybackId = string;
export type RecordingName = string;

/** Why a channel is ended by us; the adapter turns it into a Q.850 cause, which SIP shows as the code beside it. */
export type HangupReason =
  | 'normal' // 16: BYE; 603 before the answer
  | 'busy' // 17 -> 486
  | 'no-answer' // 19 -> 480
  | 'declined' // 21 -> 403
  | 'unknown-number' // 1 -> 404
  | 'congestion' // 42 -> 503
  | 'answered-elsewhere' // 26: CANCEL to a ringing phone
  | 'failure'; // 38 -> 500

export type ChannelState = 'down' | 'ringing' | 'up' | 'other';

/** Everything Asterisk tells us, in order per channel. `atMs` is Asterisk's own time stamp, epoch milliseconds. */
export type TelephonyEvent =
  /** A channel is ours now. `args` are the dialplan's Stasis arguments, still percent-encoded. */
  | { type: 'entered'; channel: ChannelId; args: readonly string[]; state: ChannelState; name: string; replaces: ChannelId | null; atMs: number }
  /** The channel left our application, for whatever reason. */
  | { type: 'left'; channel: ChannelId; atMs: number }
  | { type: 'state'; channel: ChannelId; state: ChannelState; atMs: number }
  /** Progress of a leg that we dialled: the far end rings, sends early media, and so on. */
  | { type: 'dialling'; channel: ChannelId; status: 'ringing' | 'progress' | 'other'; atMs: number }
  /** Comes on key release; `durationMs` is how long the key was held. */
  | { type: 'digit'; channel: ChannelId; digit: string; durationMs: number; atMs: number }
  /** The other side asked for the end. `soft`: our own dial timeout or request did it. */
  | { type: 'hangup-requested'; channel: ChannelId; cause: number; soft: boolean; techCause: number | null; atMs: number }
  /** The channel is gone. `techCause` is the SIP status where one came. */
  | { type: 'destroyed'; channel: ChannelId; cause: number; techCause: number | null; atMs: number }
  | { type: 'playback-started'; playback: PlaybackId; atMs: number }
  | { type: 'playback-ended'; playback: PlaybackId; result: 'done' | 'failed'; atMs: number }
  | { type: 'recording-ended'; recording: RecordingName; result: 'done' | 'failed'; durationMs: number; atMs: number }
  | { type: 'held'; channel: ChannelId; isHeld: boolean; atMs: number }
  /** A phone asked (REFER) that its peer be sent elsewhere. `target` = user part dialled; `attended` = a Replaces came along. */
  | { type: 'transfer-requested'; channel: ChannelId; target: string; attended: boolean; atMs: number };

/**
 * The link to the switch as a whole. `up` follows only when events are known to arrive. `isReplaced`: another process
 * took our place; this link never comes up again and every request is refused with `no-link` (fencing).
 */
export type LinkEvent = { type: 'up'; isFirst: boolean } | { type: 'down'; reason: string; isReplaced: boolean };

/** `gone`: the object does not exist (for a leg of ours: it hung up). `refused`: wrong state. `unreachable`: no way to the endpoint. */
export type TelephonyFault = 'gone' | 'refused' | 'unreachable' | 'failed' | 'timeout' | 'no-link';
export class TelephonyError extends Error {
  readonly fault: TelephonyFault;
  constructor(fault: TelephonyFault, message: string) {
    super(message);
    this.name = 'TelephonyError';
    this.fault = fault;
  }
}

/** Media addresses as the switch takes them (`sound:/path`, `tone:ring`); made by the media port only. */
export type MediaUri = string;

export interface LegRequest {
  /** Our own id, chosen before the request leaves. */
  readonly channel: ChannelId;
  /** `PJSIP/acme-201`, `PJSIP/999@trunk-x`: only from validated parts. */
  readonly endpoint: string;
  readonly variables: Readonly<Record<string, string>>;
  /** The channel on whose behalf it is placed; codecs follow it. */
  readonly originator: ChannelId | null;
}
/** A leg towards a carrier: the spec is made from an allowed verdict, so that no outside call leaves without one. */
export interface TrunkLegRequest {
  readonly channel: ChannelId;
  readonly spec: TrunkLegSpec;
  readonly originator: ChannelId | null;
}
export interface RecordRequest {
  readonly name: RecordingName;
  readonly channel: ChannelId;
  readonly maxMs: number;
  /** Silence that ends the recording; 0 = never. */
  readonly silenceEndMs: number;
  readonly terminateOn: 'none' | 'any' | '*' | '#';
}
export interface ChannelSnapshot {
  readonly channel: ChannelId;
  readonly name: string;
  readonly state: ChannelState;
  readonly createdAtMs: number;
  /** Stasis arguments of a channel that the dialplan handed to our application; null = not of ours, or not by the dialplan. */
  readonly args: readonly string[] | null;
}
export interface BridgeSnapshot {
  readonly bridge: BridgeId;
  readonly channels: readonly ChannelId[];
}

/**
 * Every request settles: with its result, or with a TelephonyError within the adapter's deadline (default 5 s).
 * No request of one call ever waits behind another call's.
 */
export interface Telephony {
  /** All events in order, synchronously; one listener. Set before `start`. */
  onEvent(listener: (event: TelephonyEvent) => void): void;
  onLink(listener: (event: LinkEvent) => void): void;
  /** Connects, keeps connecting for ever; resolves when the first link is up. */
  start(): Promise<void>;
  /** Stops listening; channels stay. */
  stop(): Promise<void>;
  readonly isUp: boolean;
  /** Milliseconds between Asterisk's stamp and our handling of the newest event. */
  readonly eventLagMs: number;
  /** Arrival of the newest event, epoch ms; null = none yet. While the link is quiet the adapter causes one every 5 s. */
  readonly lastEventMs: number | null;

  answer(channel: ChannelId): Promise<void>;
  ring(channel: ChannelId): Promise<void>;
  ringStop(channel: ChannelId): Promise<void>;
  /** Tells an unanswered caller that audio comes before the answer (183). */
  progress(channel: ChannelId): Promise<void>;
  hangup(channel: ChannelId, reason: HangupReason): Promise<void>;
  createLeg(request: LegRequest): Promise<void>;
  createTrunkLeg(request: TrunkLegRequest): Promise<void>;
  /** True once the far end of a dialled leg has sent any response at all, 100 included; `gone` when the leg is. */
  hasResponse(channel: ChannelId): Promise<boolean>;
  /** Sends the INVITE of a created leg that has entered. `timeoutMs` is the switch's own backstop. */
  dialLeg(channel: ChannelId, timeoutMs: number): Promise<void>;
  play(channel: ChannelId, playback: PlaybackId, media: readonly MediaUri[]): Promise<void>;
  stopPlayback(playback: PlaybackId): Promise<void>;
  startMusic(channel: ChannelId): Promise<void>;
  stopMusic(channel: ChannelId): Promise<void>;
  record(request: RecordRequest): Promise<void>;
  stopRecording(recording: RecordingName): Promise<void>;
  /** True while it runs. */
  isRecording(recording: RecordingName): Promise<boolean>;
  /** The bytes of a finished recording (WAV). */
  fetchRecording(recording: RecordingName): Promise<Uint8Array>;
  deleteRecording(recording: RecordingName): Promise<void>;
  createBridge(bridge: BridgeId): Promise<void>;
  addToBridge(bridge: BridgeId, channels: readonly ChannelId[]): Promise<void>;
  removeFromBridge(bridge: BridgeId, channel: ChannelId): Promise<void>;
  /** Says something to everybody in a bridge; ends by itself. */
  announce(bridge: BridgeId, playback: PlaybackId, media: readonly MediaUri[]): Promise<void>;
  destroyBridge(bridge: BridgeId): Promise<void>;
  /** Tells a phone how its REFER went: `ok` lets it hang up. */
  transferProgress(channel: ChannelId, state: 'trying' | 'ok' | 'refused'): Promise<void>;
  /** Sends the channel back to the dialplan (last-known route). */
  leaveTo(channel: ChannelId, context: string, extension: string): Promise<void>;
  setGlobal(name: string, value: string): Promise<void>;
  setMailbox(mailbox: string, newMessages: number, oldMessages: number): Promise<void>;
  listChannels(): Promise<readonly ChannelSnapshot[]>;
  listBridges(): Promise<readonly BridgeSnapshot[]>;
}

/** What the switch knows of its trunks by looking at them (OPTIONS). */
export interface TrunkStates {
  /** Whether each endpoint can be reached; null = it is not looked at. Endpoints that the switch does not know are left out. */
  trunkStates(endpoints: readonly string[]): Promise<ReadonlyMap<string, boolean | null>>;
}

/** A phone as the switch has to know it. `ha1` are digests of user:realm:password, never the password. */
export interface PhoneProvision {
  readonly endpoint: string;
  readonly realm: string;
  readonly ha1Md5: string;
  readonly displayName: string;
  readonly extension: string;
  readonly mailbox: string | null;
}
/** Phones are pushed, not written into files of Asterisk's. */
export interface PhoneProvisioning {
  putPhone(phone: PhoneProvision): Promise<void>;
  removePhone(endpoint: string): Promise<void>;
  /** Endpoint names with at least one reachable or registered contact. */
  onlinePhones(): Promise<ReadonlySet<string>>;
  /** Names of all endpoints the switch knows. */
  endpoints(): Promise<readonly string[]>;
  reload(module: string): Promise<void>;
}
