// Phones: which are online, and their passwords: made here, shown once, kept only as a digest.
import { z } from 'zod';
import type { HttpDeps } from './deps.ts';
import { json, route } from './route.ts';
import type { Route } from './route.ts';
import { done } from './set-result.ts';
import { customerName, extensionNumber, PhoneRow, PhoneSecret, SetPin } from './wire.ts';

const CallsPinWire = z.object({ customer: z.string(), extension: z.string(), name: z.string() }).meta({ id: 'CallsPin', description: 'Whose PIN was set; it is never shown' });
const OnePhone = z.object({ customer: customerName, extension: extensionNumber });

export function phoneRoutes(deps: HttpDeps): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/phones',
      id: 'listPhones',
      tag: 'phones',
      summary: 'Phones of all plans and whether they are online',
      query: z.strictObject({ customer: customerName.optional() }),
      answer: z.object({ phones: z.array(PhoneRow) }),
      handle: async ({ query }) => {
        const phones = await deps.phones();
        return json({
          phones: phones.filter((row) => query.customer === undefined || row.customer === query.customer),
        });
      },
    }),
    route({
      method: 'post',
      path: '/v1/phones/{customer}/{extension}/secret',
      id: 'createPhoneSecret',
      tag: 'phones',
      summary: 'Makes a new password for a phone; it is in this answer and nowhere else, and the old one stops working',
      params: OnePhone,
      status: 201,
      answer: PhoneSecret,
      problems: [404, 422],
      handle: async ({ params }) => {
        const result = await deps.createPhoneSecret(params.customer, params.extension);
        return json(done(result, `extension ${params.extension} of ${params.customer}`, '/v1/phones'));
      },
    }),
    route({
      method: 'delete',
      path: '/v1/phones/{customer}/{extension}',
      id: 'removePhone',
      tag: 'phones',
      summary:
        'Takes the password of a phone away: it cannot register until it gets a new one. The extension stays in the plan',
      params: OnePhone,
      answer: PhoneRow,
      problems: [404, 422],
      handle: async ({ params }) => {
        const result = await deps.removePhone(params.customer, params.extension);
        return json(done(result, `extension ${params.extension} of ${params.customer}`, '/v1/phones'));
      },
    }),
    route({
      method: 'put',
      path: '/v1/customers/{customer}/extensions/{extension}/calls-pin',
      id: 'setCallsPin',
      tag: 'phones',
      summary: 'Sets the PIN that an extension types before destinations that need one',
      params: OnePhone,
      body: SetPin,
      answer: CallsPinWire,
      problems: [404, 422],
      handle: async ({ params, body }) => {
        const result = await deps.setCallsPin(params.customer, params.extension, body.pin);
        return json(done(result, `extension ${params.extension} of ${params.customer}`, '/v1/phones'));
      },
    }),
  ];
}
