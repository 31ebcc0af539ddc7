// A SIP user agent on one UDP port: places calls, registers phones, takes calls. The composition of this folder.
// Must not decide what a call is for. Read `createUserAgent` first.
import { createSocket } from 'node:dgram';
import { randomInt } from 'node:crypto';
import { headerOf } from './message.ts';
import { bracketed, escapeUser, hostPort, tagOf } from './address.ts';
import { ALLOW } from './host.ts';
import type { DialogOwner, Log, UaHost } from './host.ts';
import { isInDialog, takeInvite } from './incoming-call.ts';
import type { IncomingCall } from './incoming-call.ts';
import { placeCall } from './outgoing-call.ts';
import type { OutgoingCall, OutgoingCallOptions } from './outgoing-call.ts';
import { register } from './registration.ts';
import type { RegisterOptions, Registration } from './registration.ts';
import { responseTo } from './server-transaction.ts';
import type { Endpoint, ServerTransaction } from './server-transaction.ts';
import { createTimers } from './timers.ts';
import type { SipTimerValues } from './timers.ts';
import { createTransactionLayer } from './transaction.ts';
import { SipUsageError } from './errors.ts';

export interface UserAgentOptions {
  /** An address, not a name: it goes into Via, Contact and SDP. */
  readonly bindHost: string;
  /** Default 0: any free port. */
  readonly bindPort?: number;
  /** Registrar and next hop of every call that names no other. */
  readonly remote: Endpoint;
  readonly userAgent?: string;
  readonly log?: Log;
  /** Shorter retransmission for loopback; default RFC 3261. */
  readonly timers?: Partial<SipTimerValues>;
  /** How long to wait after 491; default the random times of RFC 3261 14.1. */
  readonly glareWaitMs?: (isOwner: boolean) => number;
}

export interface UserAgent {
  readonly host: string;
  readonly port: number;
  call(options: OutgoingCallOptions): Promise<OutgoingCall>;
  register(options: RegisterOptions): Promise<Registration>;
  /** Sets who takes calls; without one every INVITE gets 480. An error thrown by it becomes a 500. */
  onIncoming(act: (incoming: IncomingCall) => void | Promise<void>): void;
  /** Ends calls and registrations politely for at most `graceMs` (default 500), then closes every socket and timer. Every open promise settles. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
  /** Calls, transactions and timers alive; 0 after close. */
  readonly size: number;
}

const rfcGlareWait = (isOwner: boolean): number => (isOwner ? randomInt(210, 400) * 10 : randomInt(0, 200) * 10);

/** Resolves with a user agent that listens; rejects when the port is taken. */
export async function createUserAgent(options: UserAgentOptions): Promise<UserAgent> {
  if (options.remote.port < 1 || options.remote.port > 65_535) throw new SipUsageError('remote.port', `Port ${options.remote.port} does not exist. Give 1 to 65535`);
  const socket = createSocket(options.bindHost.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(options.bindPort ?? 0, options.bindHost, resolve));
  const local: Endpoint = { host: options.bindHost, port: socket.address().port };
  const owners = new Map<string, DialogOwner>();
  const registrations = new Set<Registration & { stop(): void }>();
  const timers = createTimers();
  const log = options.log ?? (() => undefined);
  let incomingAct: ((incoming: IncomingCall) => void | Promise<void>) | undefined;
  let closing: Promise<void> | undefined;

  const layer = createTransactionLayer({
    send: (bytes, to) => socket.send(bytes, to.port, to.host, (error) => error && log(`not sent to ${hostPort(to.host, to.port)}: ${error.message}`)),
    local: () => local,
    onRequest: (transaction) => dispatch(transaction),
    onDropped: (why, source) => log(`dropped a datagram from ${hostPort(source.host, source.port)}: ${why}`),
    ...(options.timers ? { timers: options.timers } : {}),
  });
  const host: UaHost = {
    layer, timers, log,
    remote: options.remote,
    userAgent: options.userAgent ?? 'GENVoice test phone',
    glareWaitMs: options.glareWaitMs ?? rfcGlareWait,
    local: () => local,
    contact: (user) => `<sip:${user === '' ? '' : `${escapeUser(user)}@`}${bracketed(local.host)}:${local.port}>`,
    adopt: (owner) => void owners.set(owner.key, owner),
    forget: (owner) => void owners.delete(owner.key),
  };

  function dispatch(transaction: ServerTransaction): void {
    const { request } = transaction;
    const answer = (code: number): void => void transaction.respond(responseTo(request, code, { toTag: 'none', headers: [ALLOW] }));
    if (isInDialog(request)) {
      const owner = owners.get(`${headerOf(request, 'call-id')} ${tagOf(request, 'to')}`);
      return owner ? owner.receive(transaction) : answer(481);
    }
    switch (request.method) {
      case 'INVITE':
        return offerCall(transaction, answer);
      case 'OPTIONS':
      case 'NOTIFY': // message-waiting and the like; nothing here shows a lamp
        return answer(200);
      case 'BYE':
      case 'UPDATE':
      case 'INFO':
        return answer(481);
      default:
        return answer(405);
    }
  }

  function offerCall(transaction: ServerTransaction, answer: (code: number) => void): void {
    const act = incomingAct;
    if (!act || closing) return answer(480);
    const incoming = takeInvite(host, transaction);
    if (!incoming) return;
    const run = async (): Promise<void> => act(incoming);
    run().catch((error: unknown) => {
      log(`taking a call failed: ${error instanceof Error ? error.message : 'unknown'}`);
      incoming.reject(500);
    });
  }

  async function shut(graceMs: number): Promise<void> {
    const farewells = [...[...owners.values()].map((o) => o.hangup()), ...[...registrations].map((r) => r.unregister())];
    if (farewells.length > 0 && graceMs > 0) {
      await new Promise<void>((resolve) => {
        timers.after(graceMs, resolve);
        void Promise.allSettled(farewells).then(() => resolve());
      });
    }
    layer.close();
    for (const owner of owners.values()) owner.abandon();
    for (const registration of registrations) registration.stop();
    timers.clear();
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  socket.removeAllListeners('error').on('error', (error) => log(`socket: ${error.message}`));
  socket.on('message', (bytes, source) => layer.receive(bytes, { host: source.address, port: source.port }));
  return {
    host: local.host,
    port: local.port,
    async call(callOptions) {
      if (closing) throw new SipUsageError('call', 'The user agent is closed. Make a new one');
      return placeCall(host, callOptions);
    },
    async register(registerOptions) {
      if (closing) throw new SipUsageError('register', 'The user agent is closed. Make a new one');
      const registration = await register(host, registerOptions);
      registrations.add(registration);
      return registration;
    },
    onIncoming: (act) => void (incomingAct = act),
    close: (closeOptions = {}) => (closing ??= shut(closeOptions.graceMs ?? 500)),
    get size() {
      return owners.size + layer.size + timers.size;
    },
  };
}
