// One call after its dialog exists, the same for both directions: hang-up, hold, transfer, keys, and the other side's requests.
// Setting up is in outgoing-call.ts and incoming-call.ts. Must not know about sockets. Read `SipCall` first.
import { headersOf } from './message.ts';
import type { SipHeader, SipRequest } from './message.ts';
import type { Outcome } from './transaction.ts';
import type { DigestAnswerer } from './digest.ts';
import { CallEvents, causeOf } from './call-events.ts';
import type { Answer, CallEvent, CallEventKind, CallEventOf, EndReason } from './call-events.ts';
import { contactOf, nextHop, requestIn } from './dialog.ts';
import type { Dialog } from './dialog.ts';
import type { Media } from './media.ts';
import type { RtpSession } from './rtp.ts';
import type { ServerTransaction } from './server-transaction.ts';
import { contentType, SDP_TYPE } from './host.ts';
import type { DialogOwner, UaHost } from './host.ts';
import { SipUsageError } from './errors.ts';
import { eventOf } from './rtp-packet.ts';
import { answerInDialog } from './in-dialog.ts';
import { targetUri } from './target.ts';
import { acceptChallenge, authorisation } from './authorise.ts';

/** How long to wait for the final NOTIFY of a transfer: 64*T1 of RFC 3261, longer than any sane report. */
const REFER_REPORT_MS = 32_000;

/** How a request inside the call went; `code` is undefined when no answer came. */
export type RequestResult = { readonly ok: boolean; readonly code: number | undefined };

/** How a blind transfer went. */
export type ReferResult =
  /** The other side refused REFER itself. */
  | { readonly kind: 'refused'; readonly code: number | undefined }
  /** The other side reported the end of its new call attempt. */
  | { readonly kind: 'finished'; readonly code: number }
  /** REFER was accepted, but the call ended or 32 s passed before a final report. */
  | { readonly kind: 'unreported' };

/** A call as its user sees it. Nothing here rejects for telephony reasons; SipUsageError means wrong arguments. */
export interface SipCall {
  readonly callId: string;
  readonly direction: 'outgoing' | 'incoming';
  readonly state: 'early' | 'answered' | 'ended';
  /** All events so far, oldest first. */
  readonly history: readonly CallEvent[];
  on<K extends CallEventKind>(kind: K, act: (event: CallEventOf<K>) => void): () => void;
  once<K extends CallEventKind>(kind: K): Promise<CallEventOf<K> | undefined>;
  readonly answered: Promise<Answer>;
  readonly ended: Promise<EndReason>;
  /** The RTP session; undefined for an incoming call before accept or progress. */
  readonly rtp: RtpSession | undefined;
  /** Presses keys by RFC 4733; resolves with how many were sent whole. */
  sendDigits(digits: string, options?: { readonly durationMs?: number; readonly gapMs?: number }): Promise<number>;
  /** Ends the call in whatever way its state asks for (CANCEL, BYE, 480); resolves when it has ended. `reason` goes out as a Reason header. */
  hangup(reason?: string): Promise<EndReason>;
  hold(): Promise<RequestResult>;
  resume(): Promise<RequestResult>;
  /** Blind transfer: asks the other side to call `target` (user part or URI). */
  refer(target: string): Promise<ReferResult>;
  /** Sends one key by SIP INFO (application/dtmf-relay). */
  info(digit: string, durationMs?: number): Promise<RequestResult>;
  /** What to do when the other side sends REFER: return the final SIP code of the attempt. Without it REFER gets 603. */
  onRefer(act: (target: string) => Promise<number>): void;
}

/** The call, with the parts that only this folder uses. */
export class Call implements SipCall, DialogOwner {
  readonly events = new CallEvents();
  readonly host: UaHost;
  readonly callId: string;
  readonly localTag: string;
  readonly direction: 'outgoing' | 'incoming';
  readonly contact: SipHeader;
  dialog: Dialog | undefined;
  media: Media | undefined;
  answerer: DigestAnswerer | undefined;
  /** How to leave before the answer; set while the call is early. */
  leaveEarly: ((reason: string | undefined) => void) | undefined;
  /** Incoming only: answers the INVITE with 487 after the caller took it back. */
  terminateInvite: (() => void) | undefined;
  referAct: ((target: string) => Promise<number>) | undefined;
  /** True while a re-INVITE of ours has no final answer. */
  hasOwnInvite = false;
  #isAnswered = false;
  #reportRefer: ((code: number) => void) | undefined;

  constructor(host: UaHost, direction: 'outgoing' | 'incoming', callId: string, localTag: string, user: string) {
    this.host = host;
    this.direction = direction;
    this.callId = callId;
    this.localTag = localTag;
    this.contact = { name: 'contact', value: host.contact(user) };
    host.adopt(this);
  }

  get key(): string {
    return `${this.callId} ${this.localTag}`;
  }
  get state(): 'early' | 'answered' | 'ended' {
    return this.events.end ? 'ended' : this.#isAnswered ? 'answered' : 'early';
  }
  get history(): readonly CallEvent[] {
    return this.events.history;
  }
  get answered(): Promise<Answer> {
    return this.events.answered;
  }
  get ended(): Promise<EndReason> {
    return this.events.ended;
  }
  get rtp(): RtpSession | undefined {
    return this.media?.rtp;
  }

  on<K extends CallEventKind>(kind: K, act: (event: CallEventOf<K>) => void): () => void {
    return this.events.on(kind, act);
  }

  once<K extends CallEventKind>(kind: K): Promise<CallEventOf<K> | undefined> {
    return this.events.once(kind);
  }

  /** Takes the audio of the call and reports the keys heard on it. */
  useMedia(media: Media): void {
    this.media = media;
    media.rtp.onDigit((d) => this.events.emit({ kind: 'digit', digit: d.digit, durationMs: d.durationMs, method: 'rfc4733' }));
  }

  /** Marks the call as answered. */
  noteAnswered(afterMs: number): void {
    this.#isAnswered = true;
    this.leaveEarly = undefined;
    this.events.emit({ kind: 'answered', afterMs });
  }

  /** Ends the call on our side: first end wins, the dialog is gone, the socket is closed. */
  finish(by: EndReason['by'], cause: EndReason['cause'], redirectTo?: string): void {
    if (this.events.end) return;
    this.leaveEarly = undefined;
    this.host.forget(this);
    this.media?.rtp.close();
    this.events.emit({ kind: 'ended', end: { by, cause, atMs: performance.now(), ...(redirectTo === undefined ? {} : { redirectTo }) } });
  }

  abandon(): void {
    this.finish('local', {});
  }

  async sendDigits(digits: string, options: { readonly durationMs?: number; readonly gapMs?: number } = {}): Promise<number> {
    if (!this.media && this.state !== 'ended') throw new SipUsageError('digits', 'The call has no audio path yet. Wait for its answer or early media before sending keys');
    return (await this.media?.rtp.sendDigits(digits, options)) ?? 0;
  }

  async hangup(reason?: string): Promise<EndReason> {
    const { dialog } = this;
    if (this.leaveEarly) this.leaveEarly(reason);
    else if (dialog && this.state === 'answered') {
      const extra = reason === undefined ? [] : [{ name: 'reason', value: reason }];
      // RFC 3261 15.1.1: the call is over for us as soon as BYE leaves, so a BYE from the other side now gets 481.
      this.finish('local', causeOf(reason === undefined ? [] : [reason], undefined));
      await this.transact(dialog, 'BYE', extra, '');
    } else this.finish('local', {});
    return this.ended;
  }

  /** Sends a request inside the dialog and answers one challenge; never rejects. */
  async transact(dialog: Dialog, method: string, extra: readonly SipHeader[], body: string): Promise<Outcome> {
    const to = nextHop(dialog, this.host.remote);
    const make = (): SipRequest => requestIn(dialog, method, [...extra, { name: 'user-agent', value: this.host.userAgent }, ...authorisation(this.answerer, method, dialog.remoteTarget)], body);
    const first = await this.host.layer.request(make(), to);
    if (first.kind !== 'response' || !acceptChallenge(this.answerer, first.response)) return first;
    return this.host.layer.request(make(), to);
  }

  hold(): Promise<RequestResult> {
    return this.#redirectAudio('sendonly');
  }

  resume(): Promise<RequestResult> {
    return this.#redirectAudio('sendrecv');
  }

  async #redirectAudio(wanted: 'sendonly' | 'sendrecv'): Promise<RequestResult> {
    const { media } = this;
    if (!media || this.state !== 'answered' || this.hasOwnInvite) return { ok: false, code: undefined };
    const before = media.wanted;
    for (let attempt = 0; ; attempt++) {
      media.wanted = wanted;
      const result = await this.#reinvite(media);
      if (result.ok) return result;
      media.wanted = before;
      if (result.code !== 491 || attempt >= 4) return result;
      const isLive = await new Promise<boolean>((resolve) => {
        this.host.timers.after(this.host.glareWaitMs(this.direction === 'outgoing'), () => resolve(this.state === 'answered'));
        this.on('ended', () => resolve(false));
      });
      if (!isLive) return result;
    }
  }

  #reinvite(media: Media, mayAuthorise = true): Promise<RequestResult> {
    const { dialog, host } = this;
    if (!dialog || this.state !== 'answered') return Promise.resolve({ ok: false, code: undefined });
    this.hasOwnInvite = true;
    const to = nextHop(dialog, host.remote);
    const auth = authorisation(this.answerer, 'INVITE', dialog.remoteTarget);
    const invite = requestIn(dialog, 'INVITE', [this.contact, SDP_TYPE, { name: 'user-agent', value: host.userAgent }, ...auth], media.offer());
    const seq = dialog.localSeq;
    return new Promise((resolve) => {
      const settle = (result: RequestResult): void => {
        this.hasOwnInvite = false;
        resolve(result);
      };
      host.layer.start(invite, to, {
        response: (response) => {
          if (response.code < 200) return;
          if (response.code < 300) {
            host.layer.sendAck(requestIn(dialog, 'ACK', [], '', seq), to);
            dialog.remoteTarget = contactOf(response) ?? dialog.remoteTarget;
            return settle({ ok: media.takeAnswer(response.body), code: response.code });
          }
          if (mayAuthorise && acceptChallenge(this.answerer, response)) return resolve(this.#reinvite(media, false));
          settle({ ok: false, code: response.code });
          if (response.code === 481 || response.code === 408) this.finish('remote', causeOf(headersOf(response, 'reason'), undefined, response.code));
        },
        failed: () => settle({ ok: false, code: undefined }),
      });
    });
  }

  async refer(target: string): Promise<ReferResult> {
    const { dialog, host } = this;
    const uri = targetUri('target', target, host.remote);
    if (!dialog || this.state !== 'answered') return { kind: 'refused', code: undefined };
    const reported = new Promise<ReferResult>((resolve) => {
      this.#reportRefer = (code) => resolve({ kind: 'finished', code });
      this.on('ended', () => resolve({ kind: 'unreported' }));
      host.timers.after(REFER_REPORT_MS, () => resolve({ kind: 'unreported' }));
    });
    const outcome = await this.transact(dialog, 'REFER', [this.contact, { name: 'refer-to', value: `<${uri}>` }, { name: 'referred-by', value: dialog.local.replace(/;tag=.*$/, '') }], '');
    const code = outcome.kind === 'response' ? outcome.response.code : undefined;
    return code !== undefined && code < 300 ? reported : { kind: 'refused', code };
  }

  /** A NOTIFY told the final code of our REFER. */
  noteReferReport(code: number): void {
    this.#reportRefer?.(code);
    this.#reportRefer = undefined;
  }

  async info(digit: string, durationMs = 100): Promise<RequestResult> {
    if (eventOf(digit) === undefined) throw new SipUsageError('digit', `"${digit}" is no key. Keys are 0-9 * # A-D`);
    const { dialog } = this;
    if (!dialog || this.state !== 'answered') return { ok: false, code: undefined };
    const outcome = await this.transact(dialog, 'INFO', [this.contact, contentType('application/dtmf-relay')], `Signal=${digit}\r\nDuration=${Math.round(durationMs)}\r\n`);
    const code = outcome.kind === 'response' ? outcome.response.code : undefined;
    return { ok: code !== undefined && code < 300, code };
  }

  onRefer(act: (target: string) => Promise<number>): void {
    this.referAct = act;
  }

  receive(transaction: ServerTransaction): void {
    answerInDialog(this, transaction);
  }
}
