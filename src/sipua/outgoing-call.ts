// Places a call: INVITE, one digest challenge, ringing, early media, answer or refusal, and CANCEL in every order it can meet them.
// What follows the answer is in call.ts. Read `placeCall` first.
import { randomBytes } from 'node:crypto';
import { headerOf, headersOf } from './message.ts';
import type { SipHeader, SipRequest, SipResponse } from './message.ts';
import { addressOf, bracketed, escapeUser, formatAddress, tagOf } from './address.ts';
import { acceptChallenge, authorisation } from './authorise.ts';
import { Call } from './call.ts';
import type { SipCall } from './call.ts';
import { causeOf } from './call-events.ts';
import type { ClientTransaction } from './client-transaction.ts';
import { createDigestAnswerer } from './digest.ts';
import type { Credentials } from './digest.ts';
import { dialogOfCaller, nextHop, requestIn } from './dialog.ts';
import { ALLOW, SDP_TYPE } from './host.ts';
import type { UaHost } from './host.ts';
import { Media } from './media.ts';
import { openRtp } from './rtp.ts';
import { extraHeaders, targetUri } from './target.ts';

export interface OutgoingCallOptions {
  /** User part ("+441632960018", "201", "*98") or full sip URI. */
  readonly to: string;
  readonly from: { readonly user: string; readonly displayName?: string; readonly host?: string };
  /** Further headers of the INVITE, for example P-Asserted-Identity. */
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  readonly auth?: Credentials;
  /** A-law audio, 8 kHz, sent once from the first moment that the far end can hear; silence before and after. */
  readonly sendAudio?: Uint8Array;
  /** How much heard audio is kept, and which end of it; default the last 30,000 ms. */
  readonly keepAudioMs?: number;
  readonly keepAudio?: 'last' | 'first';
  /** Cancels the call when nobody answered for so long; default 180,000 ms. */
  readonly ringTimeoutMs?: number;
}

export interface OutgoingCall extends SipCall {
  readonly direction: 'outgoing';
  /** Takes the INVITE back; if the answer was faster, the call is ended with BYE. Resolves when the call has ended. */
  cancel(): ReturnType<SipCall['hangup']>;
}

/** Sends the INVITE and returns the call at once; rejects only for wrong arguments or when no RTP port can be opened. */
export async function placeCall(host: UaHost, options: OutgoingCallOptions): Promise<OutgoingCall> {
  const uri = targetUri('to', options.to, host.remote);
  const extra = extraHeaders(options.headers);
  const rtp = await openRtp({ host: host.local().host, keepMs: options.keepAudioMs ?? 30_000, keep: options.keepAudio ?? 'last' });
  if (options.sendAudio) rtp.play(options.sendAudio);
  const call = new Call(host, 'outgoing', `${randomBytes(12).toString('hex')}@${host.local().host}`, randomBytes(8).toString('hex'), options.from.user);
  call.useMedia(new Media(rtp, host.local().host));
  if (options.auth) call.answerer = createDigestAnswerer(options.auth);
  new Placing(call, uri, fromValue(host, options, call.localTag), extra, options.ringTimeoutMs ?? 180_000).invite();
  return Object.assign(call as Call & { readonly direction: 'outgoing' }, { cancel: () => call.hangup() });
}

function fromValue(host: UaHost, options: OutgoingCallOptions, tag: string): string {
  const uri = `sip:${escapeUser(options.from.user)}@${bracketed(options.from.host ?? host.local().host)}`;
  return formatAddress(uri, options.from.displayName, `;tag=${tag}`);
}

/** The INVITE of one call until its final answer. */
class Placing {
  readonly #call: Call;
  readonly #uri: string;
  readonly #from: string;
  readonly #extra: readonly SipHeader[];
  readonly #startedAtMs = performance.now();
  readonly #stopLimit: () => void;
  #seq = 0;
  #isCancelled = false;
  #wasChallenged = false;
  #hasEarlyMedia = false;
  #transaction: ClientTransaction | undefined;

  constructor(call: Call, uri: string, from: string, extra: readonly SipHeader[], ringTimeoutMs: number) {
    this.#call = call;
    this.#uri = uri;
    this.#from = from;
    this.#extra = extra;
    this.#stopLimit = call.host.timers.after(ringTimeoutMs, () => this.#cancel(undefined));
    call.leaveEarly = (reason) => this.#cancel(reason);
    call.on('ended', () => this.#stopLimit());
  }

  invite(): void {
    const { host, callId, media } = this.#call;
    this.#seq++;
    const request: SipRequest = {
      kind: 'request',
      method: 'INVITE',
      uri: this.#uri,
      headers: [
        { name: 'max-forwards', value: '70' },
        { name: 'from', value: this.#from },
        { name: 'to', value: `<${this.#uri}>` },
        { name: 'call-id', value: callId },
        { name: 'cseq', value: `${this.#seq} INVITE` },
        this.#call.contact,
        ALLOW,
        { name: 'user-agent', value: host.userAgent },
        ...authorisation(this.#call.answerer, 'INVITE', this.#uri),
        ...this.#extra,
        SDP_TYPE,
      ],
      body: media?.offer() ?? '',
    };
    this.#transaction = host.layer.start(request, host.remote, {
      response: (response) => this.#hear(request, response),
      failed: (reason) => this.#call.finish(reason === 'closed' || this.#isCancelled ? 'local' : 'network', reason === 'closed' ? {} : { sipCode: 408 }),
    });
  }

  #cancel(reason: string | undefined): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#transaction?.cancel(reason === undefined ? [] : [{ name: 'reason', value: reason }]);
  }

  #hear(request: SipRequest, response: SipResponse): void {
    if (response.code < 200) this.#hearProgress(request, response);
    else if (response.code < 300) this.#hearAnswer(request, response);
    else this.#hearRefusal(response);
  }

  #hearProgress(request: SipRequest, response: SipResponse): void {
    const { events, media } = this.#call;
    if (response.code === 100) return events.emit({ kind: 'trying' });
    if (tagOf(response, 'to') !== '') this.#call.dialog ??= dialogOfCaller(request, response);
    events.emit({ kind: 'ringing', code: response.code });
    if (response.body !== '' && media?.takeAnswer(response.body) && !this.#hasEarlyMedia) {
      this.#hasEarlyMedia = true;
      events.emit({ kind: 'early-media', code: response.code });
    }
  }

  /** Every 2xx gets its ACK, also a repeated one; a second branch of a forked call and an answer after CANCEL get BYE as well. */
  #hearAnswer(request: SipRequest, response: SipResponse): void {
    const call = this.#call;
    const { host, media } = call;
    const dialog = dialogOfCaller(request, response);
    host.layer.sendAck(requestIn(dialog, 'ACK', request.headers.filter((h) => /^(proxy-)?authorization$/.test(h.name)), '', dialog.localSeq), nextHop(dialog, host.remote));
    if (call.state === 'answered' && call.dialog?.remoteTag === dialog.remoteTag) return;
    if (call.state !== 'early') {
      if (call.dialog?.remoteTag !== dialog.remoteTag || this.#isCancelled) void call.transact(dialog, 'BYE', [], '');
      return;
    }
    const heardEarly = call.dialog?.remoteTag === dialog.remoteTag ? call.dialog.remoteSeq : -1;
    call.dialog = Object.assign(dialog, { remoteSeq: heardEarly });
    const isAgreed = response.body === '' ? media?.isAgreed : media?.takeAnswer(response.body);
    if (this.#isCancelled || !isAgreed) {
      call.finish('local', { sipCode: this.#isCancelled ? 487 : 488 });
      void call.transact(dialog, 'BYE', [], '');
      return;
    }
    this.#stopLimit();
    call.noteAnswered(performance.now() - this.#startedAtMs);
  }

  #hearRefusal(response: SipResponse): void {
    const call = this.#call;
    const { answerer } = call;
    const isFirst = !this.#wasChallenged || /stale\s*=\s*"?true/i.test(headersOf(response, 'www-authenticate').join(' '));
    if (!this.#isCancelled && isFirst && this.#seq < 4 && acceptChallenge(answerer, response)) {
      this.#wasChallenged = true;
      return this.invite();
    }
    const cause = causeOf(headersOf(response, 'reason'), headerOf(response, 'x-asterisk-hangupcausecode'), response.code);
    const redirectTo = response.code < 400 ? addressOf(response, 'contact').uriText : '';
    call.finish(this.#isCancelled && response.code === 487 ? 'local' : 'remote', cause, redirectTo || undefined);
  }
}
