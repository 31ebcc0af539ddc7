// Voicemail boxes: what lies in them, and their PINs. A PIN goes in and never comes out.
import { z } from 'zod';
import type { HttpDeps } from './deps.ts';
import { HttpProblem } from './problem.ts';
import { json, route } from './route.ts';
import type { Route } from './route.ts';
import { done } from './set-result.ts';
import { messageWire } from './views.ts';
import { customerName, MailboxRow, MessageRow, objectName, SetPin } from './wire.ts';

const OneMailbox = z.object({ customer: customerName, mailbox: objectName });

export function mailboxRoutes(deps: HttpDeps): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/mailboxes',
      id: 'listMailboxes',
      tag: 'mailboxes',
      summary: 'Voicemail boxes of all plans',
      query: z.strictObject({ customer: customerName.optional() }),
      answer: z.object({ mailboxes: z.array(MailboxRow) }),
      handle: async ({ query }) => {
        const mailboxes = await deps.mailboxes();
        return json({
          mailboxes: mailboxes.filter((row) => query.customer === undefined || row.customer === query.customer),
        });
      },
    }),
    route({
      method: 'get',
      path: '/v1/mailboxes/{customer}/{mailbox}/messages',
      id: 'listMessages',
      tag: 'mailboxes',
      summary: 'Messages of a box, newest first',
      params: OneMailbox,
      answer: z.object({ messages: z.array(MessageRow) }),
      problems: [404],
      handle: async ({ params }) => {
        const messages = await deps.messages(params.customer, params.mailbox);
        if (messages === null)
          throw new HttpProblem(404, 'not-found', `There is no mailbox "${params.mailbox}" of ${params.customer}.`, {
            path: 'mailbox',
            hint: 'GET /v1/mailboxes lists what there is.',
          });
        return json({ messages: messages.map(messageWire) });
      },
    }),
    route({
      method: 'put',
      path: '/v1/mailboxes/{customer}/{mailbox}/pin',
      id: 'setPin',
      tag: 'mailboxes',
      summary: 'Sets the PIN with which a phone listens to the box',
      params: OneMailbox,
      body: SetPin,
      answer: MailboxRow,
      problems: [404, 422],
      handle: async ({ params, body }) => {
        const result = await deps.setPin(params.customer, params.mailbox, body.pin);
        return json(done(result, `mailbox "${params.mailbox}" of ${params.customer}`, '/v1/mailboxes'));
      },
    }),
  ];
}
