// What an HTTP status of ARI means for us. Measured on Asterisk 22.10; test/contract/telephony.ts holds the rows.
import { TelephonyError, type TelephonyFault } from '../ports/telephony.ts';

/**
 * 404: the object is gone. 409, 412, 422, 400: it is in the wrong state (hang-up in progress, not in Stasis yet).
 * 500 "Allocation failed" on create: the endpoint has no contact or does not exist. 500 "Failed to answer": the channel is
 * being hung up at this moment.
 */
export function faultOf(status: number, body: string): TelephonyFault {
  if (status === 404) return 'gone';
  if (status >= 400 && status < 500) return 'refused';
  if (status === 500 && body.includes('Failed to answer')) return 'gone';
  if (status === 500 && body.includes('Allocation failed')) return 'unreachable';
  return 'failed';
}

export function statusError(verb: string, status: number, body: string): TelephonyError {
  return new TelephonyError(faultOf(status, body), `${verb} was answered ${status}: ${messageOf(body)}`);
}

/** ARI answers errors as {"message": …}; anything else is cut short. */
function messageOf(body: string): string {
  const quoted = /"(?:message|error)"\s*:\s*"([^"]{0,200})"/.exec(body);
  return quoted?.[1] ?? body.slice(0, 120);
}
