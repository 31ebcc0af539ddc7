// One request of ours and its answers (RFC 3261 17.1, RFC 6026): retransmission, ACK for refusals, CANCEL at the right moment.
// Must not know about dialogs or calls. Read `startClient` first.
import { cseqOf, headerOf, headersOf } from './message.ts';
import type { SipHeader, SipRequest, SipResponse } from './message.ts';
import { addressOf } from './address.ts';
import { giveUpMs, retransmit } from './timers.ts';
import type { SipTimerValues, TimerSet } from './timers.ts';

/** What the transaction tells its user; every response is passed on once, a repeated 2xx of INVITE each time (it needs a new ACK). */
export interface ClientListener {
  response(response: SipResponse): void;
  /** No final response will come: 'timeout' after 64*T1, 'closed' when our side shut down. Called at most once. */
  failed(reason: 'timeout' | 'closed'): void;
}

/** What a client transaction needs from its layer. */
export interface ClientContext {
  readonly timers: TimerSet;
  readonly values: SipTimerValues;
  send(message: SipRequest): void;
  /** Sends another request as a transaction of its own (the CANCEL). */
  startOther(request: SipRequest): void;
  /** The transaction is over and can be forgotten. */
  done(): void;
}

export interface ClientTransaction {
  /** Takes a response that matched branch and method. */
  receive(response: SipResponse): void;
  /** INVITE only: sends CANCEL as soon as RFC 3261 9.1 allows (after the first provisional); ends as timeout if no final answer follows. */
  cancel(extra?: readonly SipHeader[]): void;
  close(): void;
}

/** Sends the request and keeps it going until a final response, the time limit or close. */
export function startClient(request: SipRequest, context: ClientContext, listener: ClientListener): ClientTransaction {
  return request.method === 'INVITE' ? startInvite(request, context, listener) : startNonInvite(request, context, listener);
}

function startNonInvite(request: SipRequest, context: ClientContext, listener: ClientListener): ClientTransaction {
  const { timers, values } = context;
  let isOver = false;
  const stopSending = retransmit(timers, values.t1Ms, values.t2Ms, () => context.send(request));
  const stopLimit = timers.after(giveUpMs(values), () => finish('timeout'));
  const finish = (reason?: 'timeout' | 'closed'): void => {
    if (isOver) return;
    isOver = true;
    stopSending();
    stopLimit();
    if (reason) context.done();
    else timers.after(values.t4Ms, () => context.done()); // timer K: swallow repeated answers
    if (reason) listener.failed(reason);
  };
  context.send(request);
  return {
    receive(response) {
      if (isOver) return;
      if (response.code >= 200) finish();
      listener.response(response);
    },
    cancel() {
      // Only INVITE can be cancelled (RFC 3261 9.1); everything else is answered at once anyway.
    },
    close: () => finish('closed'),
  };
}

function startInvite(request: SipRequest, context: ClientContext, listener: ClientListener): ClientTransaction {
  const { timers, values } = context;
  let state: 'calling' | 'proceeding' | 'accepted' | 'refused' | 'over' = 'calling';
  let cancelHeaders: readonly SipHeader[] | undefined;
  let refusalAck: SipRequest | undefined;
  const stopSending = retransmit(timers, values.t1Ms, Infinity, () => context.send(request));
  let stopLimit = timers.after(giveUpMs(values), () => end('timeout'));
  const end = (reason?: 'timeout' | 'closed'): void => {
    if (state === 'over') return;
    const hadFinal = state === 'accepted' || state === 'refused';
    state = 'over';
    stopSending();
    stopLimit();
    context.done();
    if (reason && !hadFinal) listener.failed(reason);
  };
  const sendCancel = (): void => {
    context.startOther(cancelFor(request, cancelHeaders ?? []));
    stopLimit = timers.after(giveUpMs(values), () => end('timeout')); // RFC 3261 9.1: no final answer in 64*T1 counts as cancelled
  };
  context.send(request);
  return {
    receive(response) {
      if (state === 'over') return;
      if (state === 'refused') {
        if (response.code >= 300 && refusalAck) context.send(refusalAck);
        return;
      }
      if (state === 'accepted') {
        if (response.code >= 200 && response.code < 300) listener.response(response);
        return;
      }
      if (state === 'calling') {
        stopSending();
        stopLimit();
      }
      const wasCalling = state === 'calling';
      if (response.code < 200) {
        state = 'proceeding';
        if (wasCalling && cancelHeaders) sendCancel();
      } else {
        stopLimit();
        state = response.code < 300 ? 'accepted' : 'refused';
        if (state === 'refused') context.send((refusalAck = ackForRefusal(request, response)));
        stopLimit = timers.after(giveUpMs(values), () => end()); // timers D and M
      }
      listener.response(response);
    },
    cancel(extra = []) {
      if (cancelHeaders || (state !== 'calling' && state !== 'proceeding')) return;
      cancelHeaders = extra;
      if (state === 'proceeding') sendCancel();
    },
    close: () => end('closed'),
  };
}

function sameTransaction(request: SipRequest, method: string, to: string, extra: readonly SipHeader[]): SipRequest {
  const copy = (name: string): SipHeader[] => headersOf(request, name).map((value) => ({ name, value }));
  return {
    kind: 'request',
    method,
    uri: request.uri,
    headers: [
      { name: 'via', value: headerOf(request, 'via') ?? '' },
      { name: 'max-forwards', value: '70' },
      ...copy('from'),
      { name: 'to', value: to },
      ...copy('call-id'),
      { name: 'cseq', value: `${cseqOf(request).seq} ${method}` },
      ...copy('route'),
      ...extra,
    ],
    body: '',
  };
}

/** Returns the ACK that belongs to a refusal: same branch as the INVITE, the To of the response (RFC 3261 17.1.1.3). */
function ackForRefusal(request: SipRequest, response: SipResponse): SipRequest {
  const to = addressOf(response, 'to').uriText === '' ? headerOf(request, 'to') : headerOf(response, 'to');
  return sameTransaction(request, 'ACK', to ?? '', []);
}

function cancelFor(request: SipRequest, extra: readonly SipHeader[]): SipRequest {
  return sameTransaction(request, 'CANCEL', headerOf(request, 'to') ?? '', extra);
}
