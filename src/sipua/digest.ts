// Answers SIP digest challenges (RFC 7616, RFC 8760) from a password or from a stored HA1: MD5 and SHA-256, qop=auth.
// Must not keep or print a secret. Read `createDigestAnswerer` first.
import { createHash, randomBytes } from 'node:crypto';
import { splitList } from './message.ts';

/** What proves the user: the password, or HA1 = H(username:realm:password) in hex (32 digits: MD5, 64: SHA-256). */
export type Credentials = { readonly username: string } & (
  | { readonly password: string; readonly ha1?: never }
  | { readonly ha1: string; readonly password?: never }
);

/** One challenge of WWW-Authenticate or Proxy-Authenticate that we can read. */
export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: 'MD5' | 'SHA-256';
  /** HA1 is hashed again with nonce and cnonce (algorithm ends in -sess). */
  readonly isSession: boolean;
  /** The server offers qop=auth; without it the old RFC 2069 form is answered. */
  readonly hasQopAuth: boolean;
  readonly opaque: string | undefined;
  /** The nonce was old, the password right: trying again is worth it. */
  readonly isStale: boolean;
}

/** Returns the challenge, or undefined: another scheme, an unknown algorithm, auth-int alone, no nonce. */
export function parseChallenge(value: string): Challenge | undefined {
  const scheme = /^Digest\s+/i.exec(value);
  if (!scheme) return undefined;
  const fields = new Map<string, string>();
  for (const part of splitList(value.slice(scheme[0].length)).slice(0, 32)) {
    const equals = part.indexOf('=');
    if (equals < 1) continue;
    const raw = part.slice(equals + 1).trim();
    fields.set(part.slice(0, equals).trim().toLowerCase(), raw.startsWith('"') ? raw.slice(1, -1).replace(/\\(.)/g, '$1') : raw);
  }
  const named = /^(MD5|SHA-256)(-sess)?$/i.exec(fields.get('algorithm') ?? 'MD5');
  const nonce = fields.get('nonce');
  const qop = fields.get('qop')?.toLowerCase().split(',').map((q) => q.trim());
  if (!named || nonce === undefined || (qop && !qop.includes('auth'))) return undefined;
  return {
    realm: fields.get('realm') ?? '',
    nonce,
    algorithm: named[1]?.toUpperCase() === 'MD5' ? 'MD5' : 'SHA-256',
    isSession: named[2] !== undefined,
    hasQopAuth: qop !== undefined,
    opaque: fields.get('opaque'),
    isStale: fields.get('stale')?.toLowerCase() === 'true',
  };
}

/** Inputs of one answer; `nc` counts from 1 per nonce. */
export interface DigestRequest {
  readonly challenge: Challenge;
  readonly credentials: Credentials;
  readonly method: string;
  readonly uri: string;
  readonly cnonce: string;
  readonly nc: number;
}

const quote = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;

/** Returns the value of the Authorization header, or undefined when the HA1 at hand is of another algorithm. */
export function answerChallenge(request: DigestRequest): string | undefined {
  const { challenge, credentials, method, uri, cnonce } = request;
  const hash = (text: string): string => createHash(challenge.algorithm === 'MD5' ? 'md5' : 'sha256').update(text, 'utf8').digest('hex');
  const basic = ha1Of(credentials, challenge, hash);
  if (basic === undefined) return undefined;
  const ha1 = challenge.isSession ? hash(`${basic}:${challenge.nonce}:${cnonce}`) : basic;
  const ha2 = hash(`${method}:${uri}`);
  const nc = request.nc.toString(16).padStart(8, '0');
  const response = challenge.hasQopAuth
    ? hash(`${ha1}:${challenge.nonce}:${nc}:${cnonce}:auth:${ha2}`)
    : hash(`${ha1}:${challenge.nonce}:${ha2}`);
  const fields = [
    `username=${quote(credentials.username)}`, `realm=${quote(challenge.realm)}`, `nonce=${quote(challenge.nonce)}`,
    `uri=${quote(uri)}`, `response="${response}"`, `algorithm=${challenge.algorithm}${challenge.isSession ? '-sess' : ''}`,
  ];
  if (challenge.opaque !== undefined) fields.push(`opaque=${quote(challenge.opaque)}`);
  if (challenge.hasQopAuth) fields.push('qop=auth', `nc=${nc}`);
  if (challenge.hasQopAuth || challenge.isSession) fields.push(`cnonce=${quote(cnonce)}`);
  return `Digest ${fields.join(', ')}`;
}

function ha1Of(credentials: Credentials, challenge: Challenge, hash: (text: string) => string): string | undefined {
  if (credentials.password !== undefined) return hash(`${credentials.username}:${challenge.realm}:${credentials.password}`);
  const digits = challenge.algorithm === 'MD5' ? 32 : 64;
  return credentials.ha1.length === digits && /^[0-9a-f]+$/i.test(credentials.ha1) ? credentials.ha1.toLowerCase() : undefined;
}

/** Remembers the nonce and its count for one user towards one server. */
export interface DigestAnswerer {
  /** Takes the first challenge (the server's preference, RFC 8760 2.4) that the credentials can answer; undefined: none. */
  accept(challenges: readonly string[]): Challenge | undefined;
  /** Returns the header value for the accepted challenge, counting nc up; undefined before the first `accept`. */
  authorise(method: string, uri: string): string | undefined;
}

/** Returns an answerer for these credentials; it sends nothing by itself. */
export function createDigestAnswerer(credentials: Credentials, makeCnonce = () => randomBytes(12).toString('hex')): DigestAnswerer {
  let current: Challenge | undefined;
  let nc = 0;
  const answerable = (c: Challenge | undefined): c is Challenge =>
    c !== undefined && (credentials.password !== undefined || credentials.ha1.length === (c.algorithm === 'MD5' ? 32 : 64));
  return {
    accept(challenges) {
      const chosen = challenges.slice(0, 8).map(parseChallenge).find(answerable);
      if (!chosen) return undefined;
      if (chosen.nonce !== current?.nonce) nc = 0;
      current = chosen;
      return chosen;
    },
    authorise(method, uri) {
      if (!current) return undefined;
      nc += 1;
      return answerChallenge({ challenge: current, credentials, method, uri, cnonce: makeCnonce(), nc });
    },
  };
}
