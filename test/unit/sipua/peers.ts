// Peers for the user agent's tests: pairs of user agents on loopback, a raw SIP socket, a small registrar. Everything closes itself.
import { createSocket } from 'node:dgram';
import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { cseqOf, headerOf, parseMessage } from '../../../src/sipua/message.ts';
import type { SipMessage } from '../../../src/sipua/message.ts';
import { responseTo } from '../../../src/sipua/server-transaction.ts';
import type { ServerTransaction } from '../../../src/sipua/server-transaction.ts';
import { createTransactionLayer } from '../../../src/sipua/transaction.ts';
import { createUserAgent } from '../../../src/sipua/user-agent.ts';
import type { UserAgent, UserAgentOptions } from '../../../src/sipua/user-agent.ts';
import type { IncomingCall } from '../../../src/sipua/incoming-call.ts';
import type { OutgoingCall, OutgoingCallOptions } from '../../../src/sipua/outgoing-call.ts';

export const HOST = '127.0.0.1';

/** A user agent towards `port` with quick timers that is closed after the test. */
export async function agent(port: number, options: Partial<UserAgentOptions> = {}): Promise<UserAgent> {
  const ua = await createUserAgent({ bindHost: HOST, remote: { host: HOST, port }, timers: { t1Ms: 40, t2Ms: 160, t4Ms: 100 }, glareWaitMs: (isOwner) => (isOwner ? 150 : 10), ...options });
  onTestFinished(() => ua.close());
  return ua;
}

/** Waits for the next call of a user agent. */
export function nextIncoming(ua: UserAgent): Promise<IncomingCall> {
  return new Promise((resolve) => ua.onIncoming(resolve));
}

/** Two user agents and one call from the first to the second that has arrived and is untouched. */
export async function ringing(options: Partial<OutgoingCallOptions> = {}): Promise<{ a: UserAgent; b: UserAgent; call: OutgoingCall; incoming: IncomingCall }> {
  const b = await agent(9);
  const a = await agent(b.port);
  const arrival = nextIncoming(b);
  const call = await a.call({ to: '201', from: { user: '200', displayName: 'Ann "A" <x>' }, ...options });
  return { a, b, call, incoming: await arrival };
}

/** The same, answered. */
export async function talking(options: Partial<OutgoingCallOptions> = {}) {
  const pair = await ringing(options);
  await pair.incoming.accept();
  await pair.call.answered;
  return { ...pair, far: pair.incoming.call };
}

/** A socket that sends text and keeps what it gets. */
export async function rawPeer(port: number) {
  const socket = createSocket('udp4');
  const got: SipMessage[] = [];
  const waiters = new Set<() => void>();
  socket.on('message', (bytes) => {
    const parsed = parseMessage(bytes);
    if (parsed.ok) got.push(parsed.message);
    for (const check of waiters) check();
  });
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  onTestFinished(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  const own = socket.address().port;
  return {
    port: own,
    got,
    send: (...lines: string[]) => socket.send([...lines, '', ''].join('\r\n'), port, HOST),
    sendBytes: (bytes: Uint8Array) => socket.send(bytes, port, HOST),
    /** Head lines of a request from this peer. */
    head: (method: string, seq: number, extra: { branch?: string; to?: string; callId?: string } = {}) => [
      `${method} sip:201@${HOST}:${port} SIP/2.0`,
      `Via: SIP/2.0/UDP ${HOST}:${own};branch=z9hG4bK${extra.branch ?? method + seq};rport`,
      `From: <sip:raw@${HOST}>;tag=raw`,
      `To: ${extra.to ?? `<sip:201@${HOST}>`}`,
      `Call-ID: ${extra.callId ?? 'raw'}`,
      `CSeq: ${seq} ${method}`,
      `Contact: <sip:raw@${HOST}:${own}>`,
    ],
    /** Resolves with the first message (past or future) that fits. */
    until: (fits: (message: SipMessage, all: readonly SipMessage[]) => boolean) =>
      new Promise<SipMessage>((resolve) => {
        const check = (): void => {
          const found = got.find((m) => fits(m, got));
          if (!found) return;
          waiters.delete(check);
          resolve(found);
        };
        waiters.add(check);
        check();
      }),
  };
}

export const isCode = (code: number, method: string) => (m: SipMessage): boolean => m.kind === 'response' && m.code === code && cseqOf(m).method === method;
export const isMethod = (method: string) => (m: SipMessage): boolean => m.kind === 'request' && m.method === method;

/** A registrar with one user, "201" with password "secret", realm "test"; `script` may answer first. */
export async function registrar(script: (transaction: ServerTransaction, count: number) => boolean = () => false) {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  const { port } = socket.address();
  const seen: ServerTransaction[] = [];
  const md5 = (t: string): string => createHash('md5').update(t).digest('hex');
  const layer = createTransactionLayer({
    send: (bytes, to) => socket.send(bytes, to.port, to.host),
    local: () => ({ host: HOST, port }),
    timers: { t1Ms: 40 },
    onRequest(transaction) {
      seen.push(transaction);
      if (script(transaction, seen.length)) return;
      const { request } = transaction;
      const field = (name: string): string => new RegExp(`${name}="?([^",]+)`).exec(headerOf(request, 'authorization') ?? '')?.[1] ?? '';
      const ha1 = md5('201:test:secret');
      const isRight = field('response') === md5(`${ha1}:n1:${field('nc')}:${field('cnonce')}:auth:${md5(`REGISTER:${field('uri')}`)}`);
      transaction.respond(
        isRight
          ? responseTo(request, 200, { toTag: 'r', headers: [{ name: 'contact', value: `${headerOf(request, 'contact')};expires=${headerOf(request, 'expires')}` }] })
          : responseTo(request, 401, { toTag: 'r', headers: [{ name: 'www-authenticate', value: 'Digest realm="test", nonce="n1", qop="auth", algorithm=MD5' }] }),
      );
    },
  });
  socket.on('message', (bytes, source) => layer.receive(bytes, { host: source.address, port: source.port }));
  onTestFinished(() => {
    layer.close();
    return new Promise<void>((resolve) => socket.close(() => resolve()));
  });
  return { port, seen, ha1: md5('201:test:secret') };
}
