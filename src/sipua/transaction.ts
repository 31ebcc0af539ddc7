// Matches datagrams with transactions (RFC 3261 17.1.3, 17.2.3) over UDP and starts new ones; new requests go to the owner once each.
// Bounded: a flood of requests cannot grow memory past MAX_SERVER transactions. Read `createTransactionLayer` first.
import { randomBytes } from 'node:crypto';
import { cseqOf, headerOf, headersOf, parseMessage, serialiseMessage } from './message.ts';
import type { SipHeader, SipMessage, SipRequest, SipResponse } from './message.ts';
import { hostPort, parseVia, tagOf } from './address.ts';
import { startClient } from './client-transaction.ts';
import type { ClientListener, ClientTransaction } from './client-transaction.ts';
import { responseTo, startServer } from './server-transaction.ts';
import type { Endpoint, ServerControl, ServerTransaction } from './server-transaction.ts';
import { createTimers, RFC_TIMERS } from './timers.ts';
import type { SipTimerValues } from './timers.ts';

export interface LayerOptions {
  /** Sends one datagram; may fail silently, that is what retransmission is for. */
  send(bytes: Uint8Array, to: Endpoint): void;
  /** Our own address for Via; read at each request because the port is known only after binding. */
  local(): Endpoint;
  /** A new request that is not an ACK, CANCEL or repeat. */
  onRequest(transaction: ServerTransaction): void;
  /** Shortened values are for loopback only; default: RFC 3261. */
  readonly timers?: Partial<SipTimerValues>;
  /** A datagram that was dropped, for the log. */
  onDropped?(why: string, source: Endpoint): void;
}

/** The end of a request that is not an INVITE. */
export type Outcome =
  | { readonly kind: 'response'; readonly response: SipResponse }
  /** No final answer within 64*T1. */
  | { readonly kind: 'timeout' }
  /** Our side shut down first. */
  | { readonly kind: 'closed' };

export interface TransactionLayer {
  /** Takes one datagram from the socket; never throws. */
  receive(datagram: Uint8Array, source: Endpoint): void;
  /** Starts a transaction; puts the Via on. */
  start(request: SipRequest, to: Endpoint, listener: ClientListener): ClientTransaction;
  /** Sends a request that is not an INVITE and waits for its end; never rejects. */
  request(request: SipRequest, to: Endpoint): Promise<Outcome>;
  /** Sends an ACK to a 2xx: no transaction, no answer. */
  sendAck(ack: SipRequest, to: Endpoint): void;
  /** Ends every transaction as 'closed'; nothing is sent after it. */
  close(): void;
  /** Transactions and timers alive, for leak checks. */
  readonly size: number;
}

const MAX_SERVER = 10_000;
const COOKIE = 'z9hG4bK';

/** Returns a layer without any socket of its own. */
export function createTransactionLayer(options: LayerOptions): TransactionLayer {
  const values: SipTimerValues = { ...RFC_TIMERS, ...options.timers };
  const timers = createTimers();
  const clients = new Map<string, ClientTransaction>();
  const servers = new Map<string, ServerControl>();
  const acks = new Map<string, ServerControl>();
  let isClosed = false;
  const drop = (why: string, source: Endpoint): void => options.onDropped?.(why, source);
  const transmit = (message: SipMessage, to: Endpoint): void => {
    if (!isClosed) options.send(serialiseMessage(message), to);
  };

  function start(request: SipRequest, to: Endpoint, listener: ClientListener): ClientTransaction {
    const own = request.method === 'CANCEL' ? request : withVia(request, options.local());
    const key = `${parseVia(headerOf(own, 'via') ?? '')?.branch} ${own.method}`;
    const transaction = startClient(own, {
      timers,
      values,
      send: (message) => transmit(message, to),
      startOther: (other) => void start(other, to, { response: () => undefined, failed: () => undefined }),
      done: () => void clients.delete(key),
    }, listener);
    if (isClosed) transaction.close();
    else clients.set(key, transaction);
    return transaction;
  }

  function receiveRequest(received: SipRequest, source: Endpoint): void {
    const via = parseVia(headerOf(received, 'via') ?? '');
    if (!via) return drop('Via cannot be answered', source);
    const request = noteSource(received, source);
    const key = serverKey(request, via.branch);
    const found = servers.get(`${key} ${request.method === 'ACK' || request.method === 'CANCEL' ? 'INVITE' : request.method}`);
    if (request.method === 'ACK') return (found ?? acks.get(ackKey(request, tagOf(request, 'to'))))?.acknowledge(request);
    const reply: Endpoint = { host: source.host, port: via.wantsRport ? source.port : via.port };
    if (request.method === 'CANCEL') {
      transmit(responseTo(request, found ? 200 : 481, { toTag: 'cancelled' }), reply);
      found?.cancel(request);
      return;
    }
    if (found) return found.repeat();
    if (servers.size >= MAX_SERVER) return transmit(responseTo(request, 503, { toTag: 'full' }), reply);
    open(request, source, reply, `${key} ${request.method}`);
  }

  function open(request: SipRequest, source: Endpoint, reply: Endpoint, key: string): void {
    let ackId: string | undefined;
    const server = startServer(request, source, {
      timers,
      values,
      send(response) {
        if (request.method === 'INVITE' && response.code >= 200 && response.code < 300 && ackId === undefined) {
          ackId = ackKey(request, tagOf(response, 'to'));
          acks.set(ackId, server);
        }
        transmit(response, reply);
      },
      done() {
        servers.delete(key);
        if (ackId !== undefined) acks.delete(ackId);
      },
    });
    servers.set(key, server);
    options.onRequest(server);
  }

  return {
    receive(datagram, source) {
      if (isClosed) return;
      const parsed = parseMessage(datagram);
      if (!parsed.ok) return parsed.fault === 'keep-alive' ? undefined : drop(`${parsed.fault}: ${parsed.detail}`, source);
      if (parsed.message.kind === 'request') return receiveRequest(parsed.message, source);
      const branch = parseVia(headerOf(parsed.message, 'via') ?? '')?.branch ?? '';
      const client = clients.get(`${branch} ${cseqOf(parsed.message).method}`);
      if (client) client.receive(parsed.message);
      else drop(`answer ${parsed.message.code} to nothing of ours`, source);
    },
    start,
    request(request, to) {
      return new Promise((resolve) => {
        start(request, to, {
          response: (response) => response.code >= 200 && resolve({ kind: 'response', response }),
          failed: (kind) => resolve({ kind }),
        });
      });
    },
    sendAck: (ack, to) => transmit(withVia(ack, options.local()), to),
    close() {
      isClosed = true;
      for (const client of clients.values()) client.close();
      clients.clear();
      servers.clear();
      acks.clear();
      timers.clear();
    },
    get size() {
      return clients.size + servers.size + timers.size;
    },
  };
}

function withVia(request: SipRequest, local: Endpoint): SipRequest {
  const via: SipHeader = { name: 'via', value: `SIP/2.0/UDP ${hostPort(local.host, local.port)};branch=${COOKIE}${randomBytes(10).toString('hex')};rport` };
  return { ...request, headers: [via, ...request.headers] };
}

/** Puts received and rport on the top Via (RFC 3261 18.2.1, RFC 3581), so that our answer carries them. */
function noteSource(request: SipRequest, source: Endpoint): SipRequest {
  const index = request.headers.findIndex((h) => h.name === 'via');
  const headers = request.headers.map((h, i) =>
    i === index ? { name: 'via', value: `${h.value.replace(/;\s*rport\s*(?=;|$)/i, `;rport=${source.port}`)};received=${source.host}` } : h,
  );
  return { ...request, headers };
}

/** A branch without the magic cookie is not unique: such requests (RFC 2543) are told apart by Call-ID, CSeq and tag as well. */
function serverKey(request: SipRequest, branch: string): string {
  const sentBy = (headersOf(request, 'via')[0] ?? '').split(';')[0]?.toLowerCase() ?? '';
  if (branch.startsWith(COOKIE) && branch.length > COOKIE.length) return `${branch} ${sentBy}`;
  return `${branch} ${sentBy} ${headerOf(request, 'call-id')} ${cseqOf(request).seq} ${tagOf(request, 'from')}`;
}

const ackKey = (request: SipRequest, toTag: string): string =>
  `${headerOf(request, 'call-id')} ${cseqOf(request).seq} ${tagOf(request, 'from')} ${toTag}`;
