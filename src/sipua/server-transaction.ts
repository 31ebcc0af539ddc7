// One request from the network and our answers to it (RFC 3261 17.2, RFC 6026): repeats are answered again without anybody noticing,
// a final answer to INVITE is sent until its ACK comes. Must not know about dialogs or calls. Read `startServer` first.
import { headerOf, headersOf } from './message.ts';
import type { SipHeader, SipRequest, SipResponse } from './message.ts';
import { tagOf } from './address.ts';
import { giveUpMs, retransmit } from './timers.ts';
import type { SipTimerValues, TimerSet } from './timers.ts';

/** An address on the network. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface ServerTransaction {
  readonly request: SipRequest;
  readonly source: Endpoint;
  /** Code of the final answer that was given, or undefined. */
  readonly finalCode: number | undefined;
  /** Sends a response; after a final one all later ones are ignored (the first wins, also against CANCEL). Returns whether it was sent. */
  respond(response: SipResponse): boolean;
  /** What to do when a CANCEL comes before our final answer; the CANCEL itself is answered by the layer. */
  onCancel(act: (cancel: SipRequest) => void): void;
  /** INVITE only: the ACK to our 2xx has come. */
  onAck(act: (ack: SipRequest) => void): void;
  /** INVITE only: 64*T1 went by without an ACK to our 2xx; the call should be ended with BYE. */
  onAckMissing(act: () => void): void;
}

/** The layer's side of the transaction. */
export interface ServerControl extends ServerTransaction {
  /** The same request came again. */
  repeat(): void;
  acknowledge(ack: SipRequest): void;
  /** Returns whether anybody still waits for the final answer. */
  cancel(cancel: SipRequest): boolean;
}

export interface ServerContext {
  readonly timers: TimerSet;
  readonly values: SipTimerValues;
  send(response: SipResponse): void;
  /** The transaction is over and can be forgotten. */
  done(): void;
}

/** Starts a transaction; INVITE is answered with 100 at once, so that its sender stops repeating. */
export function startServer(request: SipRequest, source: Endpoint, context: ServerContext): ServerControl {
  const { timers, values } = context;
  const isInvite = request.method === 'INVITE';
  let last: SipResponse | undefined;
  let isAcked = false;
  let stopSending: () => void = () => undefined;
  let onCancel: (cancel: SipRequest) => void = () => undefined;
  let onAck: (ack: SipRequest) => void = () => undefined;
  let onAckMissing: () => void = () => undefined;

  const armFinal = (final: SipResponse): void => {
    if (isInvite) stopSending = retransmit(timers, values.t1Ms, values.t2Ms, () => context.send(final));
    timers.after(giveUpMs(values), () => {
      stopSending();
      context.done();
      if (isInvite && !isAcked && final.code < 300) onAckMissing();
    });
  };
  const control: ServerControl = {
    request,
    source,
    get finalCode() {
      return last && last.code >= 200 ? last.code : undefined;
    },
    respond(response) {
      if (control.finalCode !== undefined) return false;
      last = response;
      context.send(response);
      if (response.code >= 200) armFinal(response);
      return true;
    },
    repeat() {
      if (last && !isAcked) context.send(last);
    },
    acknowledge(ack) {
      if (isAcked || control.finalCode === undefined) return;
      isAcked = true;
      stopSending();
      onAck(ack);
    },
    cancel(cancel) {
      if (control.finalCode !== undefined) return false;
      onCancel(cancel);
      return true;
    },
    onCancel: (act) => void (onCancel = act),
    onAck: (act) => void (onAck = act),
    onAckMissing: (act) => void (onAckMissing = act),
  };
  if (isInvite) control.respond(responseTo(request, 100));
  return control;
}

const REASONS: Readonly<Record<number, string>> = {
  100: 'Trying', 180: 'Ringing', 181: 'Call Is Being Forwarded', 183: 'Session Progress', 200: 'OK', 202: 'Accepted', 302: 'Moved Temporarily',
  400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 408: 'Request Timeout', 415: 'Unsupported Media Type',
  420: 'Bad Extension', 480: 'Temporarily Unavailable', 481: 'Call/Transaction Does Not Exist', 486: 'Busy Here', 487: 'Request Terminated',
  488: 'Not Acceptable Here', 491: 'Request Pending', 500: 'Server Internal Error', 503: 'Service Unavailable', 603: 'Decline',
};

/** What a response carries besides what it copies from the request. */
export interface ResponseParts {
  readonly toTag?: string;
  readonly headers?: readonly SipHeader[];
  readonly body?: string;
  readonly reason?: string;
}

/** Returns a response with Via, From, To, Call-ID, CSeq (and Record-Route, which only dialogs use) copied from the request. */
export function responseTo(request: SipRequest, code: number, parts: ResponseParts = {}): SipResponse {
  const copy = (name: string): SipHeader[] => headersOf(request, name).map((value) => ({ name, value }));
  const to = headerOf(request, 'to') ?? '';
  const isTagged = tagOf(request, 'to') !== '' || code === 100 || parts.toTag === undefined;
  return {
    kind: 'response',
    code,
    reason: parts.reason ?? REASONS[code] ?? 'Answer',
    headers: [
      ...copy('via'), ...copy('record-route'), ...copy('from'),
      { name: 'to', value: isTagged ? to : `${to};tag=${parts.toTag}` },
      ...copy('call-id'), ...copy('cseq'), ...(parts.headers ?? []),
    ],
    body: parts.body ?? '',
  };
}
