// Click-to-dial: places a call for an extension, whose own phone rings first. The answer comes before anybody has picked up;
// what becomes of the call is in its events. A retry with the same Idempotency-Key rings nobody again.
import { z } from 'zod';
import type { E164 } from '../numbering/e164.ts';
import { PURPOSES } from '../routing/outbound.ts';
import type { HttpDeps, PlacedCall } from './deps.ts';
import { HttpProblem } from './problem.ts';
import { json, route } from './route.ts';
import type { Route } from './route.ts';
import { e164Text } from './wire-outbound.ts';
import { customerName, extensionNumber } from './wire.ts';

const KEY_HEADER = 'Idempotency-Key';
const KEY_FORM = /^[\x20-\x7e]{1,200}$/;
/** Nobody may claim that a call is one to the emergency services: 999 is one by itself. */
const CLAIMABLE = PURPOSES.filter((purpose) => purpose !== 'emergency');

export const PlaceCallBody = z
  .strictObject({
    customer: customerName,
    as: extensionNumber.meta({ description: 'Extension for which the call is placed; its phone rings first', example: '201' }),
    to: z.string().min(1).max(64).meta({ description: 'E.164, or digits as that phone would dial them: an extension, 141 before a number, the digit of the outside line', example: '+447700900123' }),
    cli: e164Text.optional().meta({ description: 'Number to show; without it the one that the plan gives this extension', example: '+441632960018' }),
    purpose: z.enum(CLAIMABLE).optional().meta({ description: "What the call is for; without it the plan's own" }),
    autoAnswer: z.boolean().default(false).meta({ description: 'Asks the phone to pick up by itself' }),
    order: z.enum(['agent-first', 'customer-first']).default('agent-first').meta({ description: 'customer-first is not offered yet' }),
  })
  .meta({ id: 'PlaceCall' });
export const PlacedCallWire = z
  .object({
    callId: z.string().meta({ example: '0mfa3k9v1c7x' }),
    events: z.string().meta({ description: 'Address of its event stream', example: '/v1/calls/0mfa3k9v1c7x/events' }),
    isRepeat: z.boolean().meta({ description: 'This key had placed the call before; nobody was rung again' }),
  })
  .meta({ id: 'PlacedCall' });
export type PlacedCallWire = z.infer<typeof PlacedCallWire>;

export function placeCallRoutes(deps: HttpDeps): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/calls',
      id: 'placeCall',
      tag: 'calls',
      summary: 'Places a call for an extension: its phone rings first, then the number',
      body: PlaceCallBody,
      status: 202,
      answer: PlacedCallWire,
      headers: { [KEY_HEADER]: 'Your own name of this request, 1 to 200 printable characters; within 24 h the same key with the same body answers the same call and rings nobody again' },
      requiredHeaders: [KEY_HEADER],
      problems: [404, 422],
      handle: async ({ body, header, address }) => {
        const key = header(KEY_HEADER.toLowerCase()) ?? '';
        if (!KEY_FORM.test(key)) {
          throw new HttpProblem(400, 'idempotency-key', `The header ${KEY_HEADER} ${key === '' ? 'is missing' : 'has other than 1 to 200 printable characters'}.`, {
            path: KEY_HEADER, hint: 'Make one for each call that is wanted, for example a UUID, and send the same one when the same request is tried again.',
          });
        }
        if (body.order === 'customer-first') {
          throw new HttpProblem(422, 'customer-first', 'Calling the customer first needs an agent whose phone is kept open, which comes with the dialler.', { path: '/order', hint: 'Leave "order" out: the phone of "as" rings first.' });
        }
        const { customer, as, to, cli, purpose, autoAnswer } = body;
        const placed = await deps.placeCall({ customer, extension: as, to, cli: (cli as E164 | undefined) ?? null, purpose: purpose ?? null, isAutoAnswer: autoAnswer, key, address });
        return json(answerOf(placed, customer, as));
      },
    }),
  ];
}

function answerOf(placed: PlacedCall, customer: string, extension: string): PlacedCallWire {
  switch (placed.kind) {
    case 'placed':
      return { callId: placed.callId, events: `/v1/calls/${placed.callId}/events`, isRepeat: placed.isRepeat };
    case 'key-reused':
      throw new HttpProblem(422, 'idempotency-key-reused', `This ${KEY_HEADER} has been used within 24 h with another body. Nobody was rung.`, { path: KEY_HEADER, hint: 'A new call needs a new key; a retry sends exactly the body of the first try.' });
    case 'unknown':
      throw placed.field === 'customer'
        ? new HttpProblem(404, 'not-found', `There is no customer ${customer} with a live plan.`, { path: '/customer', hint: 'GET /v1/plans lists what there is.' })
        : new HttpProblem(404, 'not-found', `${customer} has no extension ${extension}.`, { path: '/as', hint: 'GET /v1/phones lists what there is.' });
    case 'number':
      throw new HttpProblem(422, 'number', placed.message, { path: '/to', hint: 'Write it as +447700900123, or as that phone would dial it. Nobody was rung.' });
    case 'not-now':
      throw new HttpProblem(503, placed.code, placed.message, { hint: `Try again in ${placed.retryAfterS} s with the same ${KEY_HEADER}; nobody was rung.`, headers: { 'Retry-After': String(placed.retryAfterS) } });
  }
}
