// A carrier to which our Asterisk registers: asks each REGISTER for a digest (RFC 7616, MD5), keeps who is registered, and
// shows every verdict. It places no calls; a user agent does that towards the contact. Read `startRegistrar`.
import { createSocket } from 'node:dgram';
import { createHash, randomBytes } from 'node:crypto';
import { headerOf } from '../../src/sipua/message.ts';
import type { SipHeader, SipRequest } from '../../src/sipua/message.ts';
import { responseTo } from '../../src/sipua/server-transaction.ts';
import type { ServerTransaction } from '../../src/sipua/server-transaction.ts';
import { createTransactionLayer } from '../../src/sipua/transaction.ts';
import { until } from './until.ts';

export interface Registrar {
  readonly port: number;
  /** Verdicts so far: asked (no digest yet), right, wrong. */
  readonly verdicts: readonly ('asked' | 'right' | 'wrong')[];
  /** Contact URI of who is registered now; rejects when nobody is within the limit. */
  contact(limitMs?: number): Promise<string>;
  setPassword(password: string): void;
  close(): Promise<void>;
}

const REALM = 'carrier.test';
/** Asterisk registers again some seconds before: a test need not wait for a minute. */
const GRANTED_S = 12;

export async function startRegistrar(host: string, user: string, firstPassword: string): Promise<Registrar> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(0, host, resolve));
  const local = { host, port: socket.address().port };
  const verdicts: ('asked' | 'right' | 'wrong')[] = [];
  const nonce = randomBytes(16).toString('hex');
  let password = firstPassword;
  let contact: string | null = null;

  const take = (transaction: ServerTransaction): void => {
    const { request } = transaction;
    const answer = (code: number, headers: SipHeader[] = []): void => void transaction.respond(responseTo(request, code, { toTag: 'carrier', headers }));
    if (request.method !== 'REGISTER') return answer(request.method === 'OPTIONS' ? 200 : 405);
    const given = headerOf(request, 'authorization');
    const verdict = given === undefined ? 'asked' : isRight(given, request, user, password, nonce) ? 'right' : 'wrong';
    verdicts.push(verdict);
    if (verdict !== 'right') return answer(401, [{ name: 'www-authenticate', value: `Digest realm="${REALM}", nonce="${nonce}", algorithm=MD5, qop="auth"` }]);
    const wanted = headerOf(request, 'contact') ?? '';
    const isGone = headerOf(request, 'expires') === '0' || /expires=0\b/.test(wanted);
    contact = isGone ? null : (/<([^>]+)>/.exec(wanted)?.[1] ?? null);
    answer(200, contact === null ? [] : [{ name: 'contact', value: `<${contact}>;expires=${GRANTED_S}` }]);
  };
  const layer = createTransactionLayer({ send: (bytes, to) => socket.send(bytes, to.port, to.host), local: () => local, onRequest: take });
  socket.on('message', (bytes, source) => layer.receive(bytes, { host: source.address, port: source.port }));
  return {
    port: local.port, verdicts,
    contact: (limitMs = 15_000) => until('our Asterisk is registered at the carrier', limitMs, () => contact, () => verdicts),
    setPassword: (next) => void (password = next),
    async close() {
      layer.close();
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}

function isRight(given: string, request: SipRequest, user: string, password: string, nonce: string): boolean {
  const field = (name: string): string => new RegExp(`\\b${name}="?([^",]*)`).exec(given)?.[1] ?? '';
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  if (field('username') !== user || field('nonce') !== nonce) return false;
  const ha1 = md5(`${user}:${REALM}:${password}`);
  const ha2 = md5(`${request.method}:${field('uri')}`);
  return field('response') === md5(`${ha1}:${nonce}:${field('nc')}:${field('cnonce')}:${field('qop')}:${ha2}`);
}
