// The one rule for what a phone's PJSIP endpoint is called: calls, last known routes and answers of the API all ask here.
// PURE. Read `endpointName`.
import type { Extension } from '../routing/plan.ts';

/**
 * `acme-201`; on somebody else's Asterisk (`isOurs` false) the endpoint that the plan names, without `PJSIP/`. On our
 * own a named endpoint counts for nothing: it could be another customer's phone.
 */
export function endpointName(customer: string, extension: Pick<Extension, 'number' | 'endpoint'>, isOurs: boolean): string {
  return isOurs || extension.endpoint === null ? `${customer}-${extension.number}` : extension.endpoint.replace(/^PJSIP\//, '');
}
