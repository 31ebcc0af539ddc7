// Turns what a person or program wrote as a destination into a request URI, and checks headers to be added. PURE.
import { escapeUser, hostPort, parseUri } from './address.ts';
import { isHeaderName, isHeaderValue } from './message.ts';
import type { SipHeader } from './message.ts';
import { SipUsageError } from './errors.ts';

/** Returns a sip URI for a user part ("+441632960018", "*98", "201") at `remote`, or the URI itself; throws SipUsageError naming `field`. */
export function targetUri(field: string, target: string, remote: { readonly host: string; readonly port: number }): string {
  if (target === '' || target.length > 512) throw new SipUsageError(field, `"${field}" has ${target.length} characters. Give 1 to 512: a number, an extension or a sip: URI`);
  if (!/^sips?:/i.test(target)) return `sip:${escapeUser(target)}@${hostPort(remote.host, remote.port)}`;
  if (parseUri(target) === undefined || /[\s<>"]/.test(target)) throw new SipUsageError(field, `"${field}" is no sip URI that can be sent: ${target}. Write it as sip:user@host:port`);
  return target;
}

/** Headers that the user agent writes itself; setting them from outside would break the dialog. */
const OWN = new Set(['via', 'from', 'to', 'call-id', 'cseq', 'contact', 'max-forwards', 'content-length', 'content-type', 'record-route', 'route', 'authorization', 'proxy-authorization']);

/** Returns header lines from a record; throws SipUsageError for names or values that cannot be sent, or that are ours to write. */
export function extraHeaders(headers: Readonly<Record<string, readonly string[]>> = {}): SipHeader[] {
  return Object.entries(headers).flatMap(([name, values]) => {
    if (!isHeaderName(name)) throw new SipUsageError('headers', `"${name.slice(0, 64)}" cannot be a header name. Use letters, digits and hyphens`);
    if (OWN.has(name.toLowerCase())) throw new SipUsageError('headers', `${name} is written by the user agent itself. Leave it out`);
    return values.map((value) => {
      if (!isHeaderValue(value)) throw new SipUsageError('headers', `The value of ${name} has control characters or more than 8192 characters. Remove them`);
      return { name, value };
    });
  });
}
