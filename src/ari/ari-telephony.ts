// The telephony port on a real Asterisk: names each ARI operation once, whatever the transport. Read `start` first:
// the link counts as up only when an event that we caused ourselves has come back.
import type {
  BridgeSnapshot, ChannelSnapshot, HangupReason, LegRequest, LinkEvent, MediaUri, RecordRequest, Telephony, TelephonyEvent, TrunkLegRequest,
} from '../ports/telephony.ts';
import { TelephonyError } from '../ports/telephony.ts';
import { channelState, decodeEvent, isObject, stampMs } from './decode.ts';
import type { AriRequest, AriTransport } from './transport.ts';

/** Events that no flow reads; leaving them out lowers Asterisk's own cost per call (ASTERISK.md section 2). */
const DISALLOWED = [
  'ChannelVarset', 'ChannelDialplan', 'ChannelCallerId', 'ChannelConnectedLine', 'ChannelTalkingStarted', 'ChannelTalkingFinished',
  'BridgeCreated', 'BridgeDestroyed', 'BridgeMerged', 'ChannelEnteredBridge', 'ChannelLeftBridge', 'PlaybackContinuing',
  'RecordingStarted', 'DeviceStateChanged', 'EndpointStateChange', 'PlaybackStarted', 'ChannelCreated',
].map((type) => ({ type }));

/** How long our own probe event may take to come back before the link is tried again. */
const PROBE_LIMIT_MS = 3_000;
/** A link without an event for so long is asked for one of our own: the socket alone proves nothing about events. */
const QUIET_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
const PROBE_EVENT = 'genvoice-probe';

const CAUSES: Readonly<Record<HangupReason, number>> = {
  normal: 16, busy: 17, 'no-answer': 19, declined: 21, 'unknown-number': 1, congestion: 42, 'answered-elsewhere': 26, failure: 38,
};

/**
 * A REFER on a leg of ours comes to us as an event. Without it Asterisk 22.10 carries it out by itself: it sends the peer
 * into the phones' context through a Local channel of its own, which no call owns.
 */
const LEG_VARIABLES = { 'PJSIP_TRANSFER_HANDLING()': 'ari-only' };

export class AriTelephony implements Telephony {
  readonly #transport: AriTransport;
  readonly #app: string;
  #onEvent: (event: TelephonyEvent) => void = () => {};
  #onLink: (event: LinkEvent) => void = () => {};
  #isUp = false;
  #isReplaced = false;
  #wasUp = false;
  #lagMs = 0;
  #lastStampMs = 0;
  #lastEventMs: number | null = null;
  #looker: NodeJS.Timeout | null = null;
  #isProving = false;
  #probe: { id: string; seen: () => void } | null = null;
  #firstUp: () => void = () => {};
  #epoch = 0;

  constructor(transport: AriTransport, app: string) {
    this.#transport = transport;
    this.#app = app;
  }

  get isUp(): boolean {
    return this.#isUp;
  }
  get eventLagMs(): number {
    return this.#lagMs;
  }
  get lastEventMs(): number | null {
    return this.#lastEventMs;
  }
  /** Asterisk's newest stamp, epoch ms: compared with our own clock it shows a wrong one. */
  get lastStampMs(): number {
    return this.#lastStampMs;
  }
  onEvent(listener: (event: TelephonyEvent) => void): void {
    this.#onEvent = listener;
  }
  onLink(listener: (event: LinkEvent) => void): void {
    this.#onLink = listener;
  }

  start(): Promise<void> {
    this.#transport.onEvent((raw) => this.#take(raw));
    this.#transport.onSocket((state, reason) => {
      this.#epoch += 1;
      if (state === 'open') void this.#prove(this.#epoch);
      else this.#down(reason);
    });
    const first = new Promise<void>((resolve) => {
      this.#firstUp = resolve;
    });
    this.#looker = setInterval(() => void this.#proveAgain(), LOOK_EVERY_MS);
    this.#looker.unref();
    this.#transport.start();
    return first;
  }

  async stop(): Promise<void> {
    this.#epoch += 1;
    this.#isUp = false;
    if (this.#looker !== null) clearInterval(this.#looker);
    await this.#transport.stop();
  }

  answer(channel: string): Promise<void> {
    return this.#do(channels('answer', 'POST', '/answer', channel));
  }
  ring(channel: string): Promise<void> {
    return this.#do(channels('ring', 'POST', '/ring', channel));
  }
  ringStop(channel: string): Promise<void> {
    return this.#do(channels('ringStop', 'DELETE', '/ring', channel));
  }
  progress(channel: string): Promise<void> {
    return this.#do(channels('progress', 'POST', '/progress', channel));
  }
  hangup(channel: string, reason: HangupReason): Promise<void> {
    return this.#do(channels('hangup', 'DELETE', '', channel, { reason_code: String(CAUSES[reason]) }));
  }
  createLeg(request: LegRequest): Promise<void> {
    // The way to a carrier is createTrunkLeg, which takes a verdict.
    if (request.endpoint.includes('@')) return Promise.reject(new TelephonyError('refused', 'a phone is named without @: a leg towards a carrier needs a verdict'));
    return this.#createChannel(request);
  }
  createTrunkLeg({ channel, spec, originator }: TrunkLegRequest): Promise<void> {
    return this.#createChannel({ channel, endpoint: spec.endpoint, variables: spec.variables, originator });
  }
  #createChannel(request: LegRequest): Promise<void> {
    const params: Record<string, string> = { endpoint: request.endpoint, app: this.#app, appArgs: 'leg', channelId: request.channel };
    if (request.originator !== null) params['originator'] = request.originator;
    return this.#do({ resource: 'channels', operation: 'create', method: 'POST', path: 'channels/create', params, body: { variables: { ...LEG_VARIABLES, ...request.variables } } });
  }
  /** Asterisk 22.10 keeps a cause for every channel from which any response came, and none before. */
  async hasResponse(channel: string): Promise<boolean> {
    const answer = await this.#ask(channels('getChannelVar', 'GET', '/variable', channel, { variable: 'HANGUPCAUSE_KEYS()' }));
    return isObject(answer) && typeof answer['value'] === 'string' && answer['value'] !== '';
  }
  dialLeg(channel: string, timeoutMs: number): Promise<void> {
    return this.#do(channels('dial', 'POST', '/dial', channel, { timeout: Math.ceil(timeoutMs / 1_000) }));
  }
  play(channel: string, playback: string, media: readonly MediaUri[]): Promise<void> {
    // The list goes in the body: in a query Asterisk 22.10 keeps the last `media` alone and splits it at every comma, those
    // of a `tone:` included.
    return this.#do({
      resource: 'channels', operation: 'playWithId', method: 'POST', path: 'channels/{channelId}/play/{playbackId}',
      params: { channelId: channel, playbackId: playback }, body: { media },
    });
  }
  stopPlayback(playback: string): Promise<void> {
    return this.#do({ resource: 'playbacks', operation: 'stop', method: 'DELETE', path: 'playbacks/{playbackId}', params: { playbackId: playback } });
  }
  startMusic(channel: string): Promise<void> {
    return this.#do(channels('startMoh', 'POST', '/moh', channel));
  }
  stopMusic(channel: string): Promise<void> {
    return this.#do(channels('stopMoh', 'DELETE', '/moh', channel));
  }
  record(request: RecordRequest): Promise<void> {
    return this.#do(
      channels('record', 'POST', '/record', request.channel, {
        name: request.name, format: 'wav', maxDurationSeconds: Math.ceil(request.maxMs / 1_000),
        maxSilenceSeconds: Math.ceil(request.silenceEndMs / 1_000), ifExists: 'overwrite', beep: false, terminateOn: request.terminateOn,
      }),
    );
  }
  stopRecording(recording: string): Promise<void> {
    return this.#do({ resource: 'recordings', operation: 'stop', method: 'POST', path: 'recordings/live/{recordingName}/stop', params: { recordingName: recording } });
  }
  async isRecording(recording: string): Promise<boolean> {
    try {
      await this.#do({ resource: 'recordings', operation: 'getLive', method: 'GET', path: 'recordings/live/{recordingName}', params: { recordingName: recording } });
      return true;
    } catch (error) {
      if (error instanceof TelephonyError && error.fault === 'gone') return false;
      throw error;
    }
  }
  fetchRecording(recording: string): Promise<Uint8Array> {
    if (this.#isReplaced) return Promise.reject(new TelephonyError('no-link', 'another process has taken over the application'));
    return this.#transport.download(`recordings/stored/${encodeURIComponent(recording)}/file`);
  }
  deleteRecording(recording: string): Promise<void> {
    return this.#do({ resource: 'recordings', operation: 'deleteStored', method: 'DELETE', path: 'recordings/stored/{recordingName}', params: { recordingName: recording } });
  }
  createBridge(bridge: string): Promise<void> {
    return this.#do({ resource: 'bridges', operation: 'createWithId', method: 'POST', path: 'bridges/{bridgeId}', params: { bridgeId: bridge, type: 'mixing', name: bridge } });
  }
  addToBridge(bridge: string, members: readonly string[]): Promise<void> {
    return this.#do({ resource: 'bridges', operation: 'addChannel', method: 'POST', path: 'bridges/{bridgeId}/addChannel', params: { bridgeId: bridge, channel: members.join(',') } });
  }
  removeFromBridge(bridge: string, channel: string): Promise<void> {
    return this.#do({ resource: 'bridges', operation: 'removeChannel', method: 'POST', path: 'bridges/{bridgeId}/removeChannel', params: { bridgeId: bridge, channel } });
  }
  announce(bridge: string, playback: string, media: readonly MediaUri[]): Promise<void> {
    return this.#do({
      resource: 'bridges', operation: 'playWithId', method: 'POST', path: 'bridges/{bridgeId}/play/{playbackId}', params: { bridgeId: bridge, playbackId: playback }, body: { media },
    });
  }
  destroyBridge(bridge: string): Promise<void> {
    return this.#do({ resource: 'bridges', operation: 'destroy', method: 'DELETE', path: 'bridges/{bridgeId}', params: { bridgeId: bridge } });
  }
  transferProgress(channel: string, state: 'trying' | 'ok' | 'refused'): Promise<void> {
    const states = state === 'trying' ? 'channel_progress' : state === 'ok' ? 'channel_answered' : 'channel_declined';
    return this.#do(channels('transfer_progress', 'POST', '/transfer_progress', channel, { states }));
  }
  leaveTo(channel: string, context: string, extension: string): Promise<void> {
    return this.#do(channels('continueInDialplan', 'POST', '/continue', channel, { context, extension, priority: 1 }));
  }
  setGlobal(name: string, value: string): Promise<void> {
    return this.#do({ resource: 'asterisk', operation: 'setGlobalVar', method: 'POST', path: 'asterisk/variable', params: { variable: name, value } });
  }
  /**
   * Debian's Asterisk has no mailbox resource in ARI, so a Local channel runs MinivmMWI() in the dialplan ([gv-mwi]) and
   * hangs itself up. It is given a context and no application: the application hears nothing of it.
   */
  async setMailbox(mailbox: string, newMessages: number, oldMessages: number): Promise<void> {
    if (!/^[0-9A-Za-z_.-]{1,79}$/.test(mailbox)) throw new TelephonyError('refused', `mailbox ${JSON.stringify(mailbox.slice(0, 80))} has characters other than letters, digits, _ . and -`);
    await this.#do({
      resource: 'channels', operation: 'originate', method: 'POST', path: 'channels',
      params: { endpoint: `Local/${mailbox}@gv-mwi`, context: 'gv-mwi-set', extension: 's', priority: 1, timeout: 2 },
      body: { variables: { GV_MWI_NEW: String(newMessages), GV_MWI_OLD: String(oldMessages) } },
    });
  }

  async listChannels(): Promise<readonly ChannelSnapshot[]> {
    const answer = await this.#ask({ resource: 'channels', operation: 'list', method: 'GET', path: 'channels', params: {} });
    return objects(answer).map((one) => ({
      channel: String(one['id']), name: String(one['name']), state: channelState(one['state']), createdAtMs: stampMs(one['creationtime']), args: stasisArgs(one['dialplan'], this.#app),
    }));
  }
  async listBridges(): Promise<readonly BridgeSnapshot[]> {
    const answer = await this.#ask({ resource: 'bridges', operation: 'list', method: 'GET', path: 'bridges', params: {} });
    return objects(answer).map((one) => ({ bridge: String(one['id']), channels: Array.isArray(one['channels']) ? one['channels'].map(String) : [] }));
  }

  async #do(request: AriRequest): Promise<void> {
    await this.#ask(request);
  }

  async #ask(request: AriRequest): Promise<unknown> {
    if (this.#isReplaced) throw new TelephonyError('no-link', `${request.resource}.${request.operation} was not sent: another process has taken over the application`);
    return this.#transport.request(request);
  }

  #take(raw: unknown): void {
    this.#lastEventMs = Date.now();
    if (isObject(raw) && raw['type'] === 'ChannelUserevent' && raw['eventname'] === PROBE_EVENT) {
      const shown = raw['userevent'];
      if (this.#probe !== null && isObject(shown) && shown['id'] === this.#probe.id) this.#probe.seen();
      return;
    }
    if (isObject(raw) && raw['type'] === 'ApplicationReplaced') {
      this.#fence();
      return;
    }
    const event = decodeEvent(raw);
    if (event === null) return;
    if (event.atMs > 0) {
      this.#lastStampMs = event.atMs;
      this.#lagMs = Math.max(0, Date.now() - event.atMs);
    }
    this.#onEvent(event);
  }

  /** Sets the event filter and sends an event through Asterisk to ourselves. */
  async #prove(epoch: number): Promise<void> {
    for (let attempt = 0; epoch === this.#epoch; attempt += 1) {
      try {
        await this.#transport.request({
          resource: 'applications', operation: 'filter', method: 'PUT', path: 'applications/{applicationName}/eventFilter',
          params: { applicationName: this.#app }, body: { disallowed: DISALLOWED },
        });
        await this.#sendProbe(`${epoch}-${attempt}`);
        break;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, Math.min(50 * 2 ** attempt, 1_000)));
      }
    }
    if (epoch !== this.#epoch) return;
    this.#isUp = true;
    const isFirst = !this.#wasUp;
    this.#wasUp = true;
    this.#onLink({ type: 'up', isFirst });
    this.#firstUp();
  }

  /** A failure is not acted upon here: `lastEventMs` grows old, and whoever asks for readiness sees it. */
  async #proveAgain(): Promise<void> {
    if (!this.#isUp || this.#isProving || Date.now() - (this.#lastEventMs ?? 0) < QUIET_MS) return;
    this.#isProving = true;
    try {
      await this.#sendProbe(`quiet-${this.#epoch}-${Date.now()}`);
    } catch {
      // Tried again at the next look.
    } finally {
      this.#isProving = false;
    }
  }

  async #sendProbe(id: string): Promise<void> {
    const seen = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new TelephonyError('timeout', 'our own event did not come back')), PROBE_LIMIT_MS);
      this.#probe = {
        id,
        seen: () => {
          clearTimeout(timer);
          resolve();
        },
      };
    });
    seen.catch(() => {});
    await this.#transport.request({
      resource: 'events', operation: 'userEvent', method: 'POST', path: 'events/user/{eventName}',
      params: { eventName: PROBE_EVENT, application: this.#app }, body: { variables: { id } },
    });
    await seen;
    this.#probe = null;
  }

  #down(reason: string): void {
    if (this.#isReplaced || (!this.#isUp && this.#wasUp)) return;
    this.#isUp = false;
    this.#onLink({ type: 'down', reason, isReplaced: false });
  }

  /**
   * Another process took our application name. Asterisk 22.10 leaves our socket open: whoever came later acts, we stop at
   * once and for good. Connecting again would take the name back and start a fight.
   */
  #fence(): void {
    if (this.#isReplaced) return;
    this.#isReplaced = true;
    this.#isUp = false;
    this.#epoch += 1;
    this.#onLink({ type: 'down', reason: `another process took over the application ${this.#app}`, isReplaced: true });
    void this.#transport.stop();
  }
}

function channels(
  operation: string, method: AriRequest['method'], tail: string, channelId: string, params: Readonly<Record<string, string | number | boolean>> = {},
): AriRequest {
  return { resource: 'channels', operation, method, path: `channels/{channelId}${tail}`, params: { channelId, ...params } };
}

/** Arguments of `Stasis(app,…)` as Asterisk reports the application that a channel is in. */
function stasisArgs(dialplan: unknown, app: string): readonly string[] | null {
  if (!isObject(dialplan) || dialplan['app_name'] !== 'Stasis' || typeof dialplan['app_data'] !== 'string') return null;
  const [name, ...args] = dialplan['app_data'].split(',');
  return name === app ? args : null;
}

function objects(answer: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(answer) ? answer.filter(isObject) : [];
}
