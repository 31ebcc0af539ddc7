// An INVITE that reached us: what its owner may do with it before the answer, and what CANCEL or a missing ACK make of it.
// What follows the answer is in call.ts. Read `takeInvite` first.
import { randomBytes } from 'node:crypto';
import { headerOf, headersOf } from './message.ts';
import type { SipMessage, SipRequest } from './message.ts';
import { addressOf, parseUri, tagOf } from './address.ts';
import { Call } from './call.ts';
import type { SipCall } from './call.ts';
import { causeOf } from './call-events.ts';
import { dialogOfCallee } from './dialog.ts';
import { ALLOW, SDP_TYPE } from './host.ts';
import type { UaHost } from './host.ts';
import { Media } from './media.ts';
import { openRtp } from './rtp.ts';
import { responseTo } from './server-transaction.ts';
import type { ServerTransaction } from './server-transaction.ts';
import { extraHeaders, targetUri } from './target.ts';

/** One side of a call as its headers name it; text from the network, so display it escaped. */
export interface Party {
  readonly user: string;
  readonly displayName: string;
  readonly uri: string;
}

export interface AcceptOptions {
  /** A-law audio, 8 kHz, sent once from the answer on. */
  readonly sendAudio?: Uint8Array;
  readonly keepAudioMs?: number;
  readonly keepAudio?: 'last' | 'first';
  readonly headers?: Readonly<Record<string, readonly string[]>>;
}

export interface IncomingCall {
  readonly from: Party;
  readonly to: Party;
  /** User part of the request URI: which of our registrations is meant. */
  readonly dialled: string;
  /** Values of a header by name, any case. */
  headers(name: string): string[];
  /** Sends 180. */
  ring(headers?: Readonly<Record<string, readonly string[]>>): void;
  /** Sends 183 with SDP, so that the caller hears what we play before the answer. Resolves false if the call was gone or its offer cannot be met. */
  progress(options?: AcceptOptions): Promise<boolean>;
  /** Sends 200; resolves true when it went out, false when the caller was faster with CANCEL or the offer has no codec of ours (488). */
  accept(options?: AcceptOptions): Promise<boolean>;
  /** Sends a refusal, 400 to 699; without effect once the call is answered or over. */
  reject(code: number, headers?: Readonly<Record<string, readonly string[]>>): void;
  /** Sends 302 to a user part or URI. */
  redirect(target: string): void;
  /** The call itself; its `ended` tells of CANCEL too. */
  readonly call: SipCall;
}

/** Methods of an extension that an INVITE may require without our saying 420. */
const UNDERSTOOD = new Set(['timer']);

/** Returns the incoming call, or undefined when it was refused at once (420). */
export function takeInvite(host: UaHost, transaction: ServerTransaction): IncomingCall | undefined {
  const { request } = transaction;
  const unknown = headersOf(request, 'require').filter((r) => !UNDERSTOOD.has(r.toLowerCase()));
  const localTag = randomBytes(8).toString('hex');
  if (unknown.length > 0) {
    transaction.respond(responseTo(request, 420, { toTag: localTag, headers: unknown.map((value) => ({ name: 'unsupported', value })) }));
    return undefined;
  }
  return new Ringing(host, transaction, localTag);
}

const partyOf = (message: SipMessage, side: 'from' | 'to'): Party => {
  const { uri, uriText, displayName } = addressOf(message, side);
  return { user: uri?.user ?? '', displayName, uri: uriText };
};

class Ringing implements IncomingCall {
  readonly from: Party;
  readonly to: Party;
  readonly dialled: string;
  readonly call: Call;
  readonly #transaction: ServerTransaction;
  readonly #request: SipRequest;
  readonly #receivedAtMs = performance.now();
  #preparing: Promise<Media | undefined> | undefined;
  #sdp: string | undefined;

  constructor(host: UaHost, transaction: ServerTransaction, localTag: string) {
    const { request } = transaction;
    this.#transaction = transaction;
    this.#request = request;
    this.from = partyOf(request, 'from');
    this.to = partyOf(request, 'to');
    this.dialled = parseUri(request.uri)?.user ?? '';
    this.call = new Call(host, 'incoming', headerOf(request, 'call-id') ?? '', localTag, this.dialled);
    this.call.dialog = dialogOfCallee(request, localTag);
    this.call.leaveEarly = () => this.reject(480);
    this.call.terminateInvite = () => this.#respond(487);
    transaction.onCancel((cancel) => {
      this.#respond(487);
      this.call.finish('remote', causeOf(headersOf(cancel, 'reason'), headerOf(cancel, 'x-asterisk-hangupcausecode'), 487));
    });
    transaction.onAckMissing(() => {
      if (this.call.state !== 'answered' || !this.call.dialog) return;
      this.call.finish('network', { sipCode: 408 });
      void this.call.transact(this.call.dialog, 'BYE', [{ name: 'reason', value: 'SIP;cause=408;text="No ACK"' }], '');
    });
  }

  headers(name: string): string[] {
    return headersOf(this.#request, name);
  }

  #respond(code: number, headers: ReturnType<typeof extraHeaders> = [], body = ''): boolean {
    return this.#transaction.respond(responseTo(this.#request, code, { toTag: this.call.localTag, headers, body }));
  }

  ring(headers?: Readonly<Record<string, readonly string[]>>): void {
    if (this.#respond(180, [this.call.contact, ALLOW, ...extraHeaders(headers)])) this.call.events.emit({ kind: 'ringing', code: 180 });
  }

  /** Opens the RTP session once and works out our SDP: the answer, or an offer when the INVITE had none. */
  #prepare(options: AcceptOptions): Promise<Media | undefined> {
    this.#preparing ??= (async () => {
      const { host } = this.call;
      const rtp = await openRtp({ host: host.local().host, keepMs: options.keepAudioMs ?? 30_000, keep: options.keepAudio ?? 'last' });
      const media = new Media(rtp, host.local().host);
      this.#sdp = this.call.state === 'ended' ? undefined : this.#request.body === '' ? media.offer() : media.answer(this.#request.body);
      if (this.#sdp === undefined) {
        rtp.close();
        return undefined;
      }
      this.call.useMedia(media);
      return media;
    })();
    return this.#preparing;
  }

  async progress(options: AcceptOptions = {}): Promise<boolean> {
    const media = await this.#prepare(options);
    if (!media || this.#sdp === undefined || this.#request.body === '') return false;
    if (options.sendAudio) media.rtp.play(options.sendAudio);
    if (!this.#respond(183, [this.call.contact, ALLOW, SDP_TYPE, ...extraHeaders(options.headers)], this.#sdp)) return false;
    this.call.events.emit({ kind: 'early-media', code: 183 });
    return true;
  }

  async accept(options: AcceptOptions = {}): Promise<boolean> {
    const extra = extraHeaders(options.headers);
    const media = await this.#prepare(options);
    if (!media || this.#sdp === undefined) {
      this.reject(488);
      return false;
    }
    if (options.sendAudio) media.rtp.play(options.sendAudio);
    if (this.#request.body === '') {
      this.#transaction.onAck((ack) => {
        if (!media.takeAnswer(ack.body)) void this.call.hangup('SIP;cause=488;text="No codec in common"');
      });
    }
    if (this.call.state !== 'early' || !this.#respond(200, [this.call.contact, ALLOW, ...extra, SDP_TYPE], this.#sdp)) return false;
    this.call.noteAnswered(performance.now() - this.#receivedAtMs);
    return true;
  }

  reject(code: number, headers?: Readonly<Record<string, readonly string[]>>): void {
    const extra = extraHeaders(headers);
    if (!this.#respond(code, extra)) return;
    this.call.finish('local', causeOf(extra.filter((h) => h.name.toLowerCase() === 'reason').map((h) => h.value), undefined, code));
  }

  redirect(target: string): void {
    const uri = targetUri('target', target, this.call.host.remote);
    if (this.#respond(302, [{ name: 'contact', value: `<${uri}>` }])) this.call.finish('local', { sipCode: 302 }, uri);
  }
}

/** True if a request belongs to a dialog that exists, or claims to. */
export const isInDialog = (request: SipRequest): boolean => tagOf(request, 'to') !== '';
