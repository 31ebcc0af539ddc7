// The lasting part of a call between two user agents (RFC 3261 section 12): tags, sequence numbers, route set, target.
// Must not send anything. Read `dialogOfCaller` and `dialogOfCallee` first.
import { isIP } from 'node:net';
import { cseqOf, headerOf, headersOf } from './message.ts';
import type { SipHeader, SipRequest, SipResponse } from './message.ts';
import { addressOf, parseAddress, tagOf } from './address.ts';
import type { Endpoint } from './server-transaction.ts';

export interface Dialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** From value of our requests, with our tag. */
  readonly local: string;
  /** To value of our requests, with the other side's tag. */
  readonly remote: string;
  readonly routes: readonly string[];
  /** Request URI of our requests; follows the Contact of each re-INVITE and UPDATE. */
  remoteTarget: string;
  localSeq: number;
  remoteSeq: number;
}

/** Returns the dialog that a response with a To tag makes, seen from the sender of the INVITE. */
export function dialogOfCaller(request: SipRequest, response: SipResponse): Dialog {
  return {
    callId: headerOf(request, 'call-id') ?? '',
    localTag: tagOf(request, 'from'),
    remoteTag: tagOf(response, 'to'),
    local: headerOf(request, 'from') ?? '',
    remote: headerOf(response, 'to') ?? '',
    routes: headersOf(response, 'record-route').toReversed(),
    remoteTarget: addressOf(response, 'contact').uriText || request.uri,
    localSeq: cseqOf(request).seq,
    remoteSeq: -1,
  };
}

/** Returns the dialog that our answer to an INVITE makes, seen from its receiver. */
export function dialogOfCallee(request: SipRequest, localTag: string): Dialog {
  return {
    callId: headerOf(request, 'call-id') ?? '',
    localTag,
    remoteTag: tagOf(request, 'from'),
    local: `${headerOf(request, 'to') ?? ''};tag=${localTag}`,
    remote: headerOf(request, 'from') ?? '',
    routes: headersOf(request, 'record-route'),
    remoteTarget: addressOf(request, 'contact').uriText || addressOf(request, 'from').uriText,
    localSeq: Math.floor(Math.random() * 10_000) + 1,
    remoteSeq: cseqOf(request).seq,
  };
}

/** Returns the next request of a dialog without Via; `seq` is given for an ACK only, which repeats its INVITE's number. */
export function requestIn(dialog: Dialog, method: string, extra: readonly SipHeader[], body: string, seq?: number): SipRequest {
  const number = seq ?? ++dialog.localSeq;
  return {
    kind: 'request',
    method,
    uri: dialog.remoteTarget,
    headers: [
      { name: 'max-forwards', value: '70' },
      { name: 'from', value: dialog.local },
      { name: 'to', value: dialog.remote },
      { name: 'call-id', value: dialog.callId },
      { name: 'cseq', value: `${number} ${method}` },
      ...dialog.routes.map((value) => ({ name: 'route', value })),
      ...extra,
    ],
    body,
  };
}

/** Returns where a dialog's requests go: first route or target when it is an address, else `fallback` (we ask no DNS). */
export function nextHop(dialog: Dialog, fallback: Endpoint): Endpoint {
  const uri = parseAddress(dialog.routes[0] ?? dialog.remoteTarget)?.uri;
  if (!uri || isIP(uri.host) === 0) return fallback;
  return { host: uri.host, port: uri.port ?? 5060 };
}

/** Returns the URI in a message's Contact, or undefined. */
export function contactOf(message: SipRequest | SipResponse): string | undefined {
  const value = headerOf(message, 'contact');
  return value === undefined ? undefined : (/<([^>]+)>/.exec(value)?.[1] ?? value.split(';')[0]);
}
