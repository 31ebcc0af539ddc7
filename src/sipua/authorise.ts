// Puts digest answers on requests: which header answers which code (RFC 3261 22), and when a second try makes sense.
import { headersOf } from './message.ts';
import type { SipHeader, SipResponse } from './message.ts';
import type { DigestAnswerer } from './digest.ts';

/** Answerers whose server asked with 407 and so wants Proxy-Authorization. */
const proxies = new WeakSet<DigestAnswerer>();

/** Returns the authorisation header for a request, or none before the first challenge. */
export function authorisation(answerer: DigestAnswerer | undefined, method: string, uri: string): SipHeader[] {
  const value = answerer?.authorise(method, uri);
  if (answerer === undefined || value === undefined) return [];
  return [{ name: proxies.has(answerer) ? 'proxy-authorization' : 'authorization', value }];
}

/** Returns whether the response is a challenge that the credentials can answer, and remembers it for `authorisation`. */
export function acceptChallenge(answerer: DigestAnswerer | undefined, response: SipResponse): boolean {
  if (!answerer || (response.code !== 401 && response.code !== 407)) return false;
  if (response.code === 407) proxies.add(answerer);
  return answerer.accept(headersOf(response, response.code === 401 ? 'www-authenticate' : 'proxy-authenticate')) !== undefined;
}
