// A customer's numbers with their usability and reasons, and the evidence for each: read, added, withdrawn, never changed.
import { z } from 'zod';
import type { E164 } from '../numbering/e164.ts';
import type { EvidenceRow } from '../ports/evidence.ts';
import type { HttpDeps } from './deps.ts';
import { HttpProblem } from './problem.ts';
import { json, route } from './route.ts';
import type { Route } from './route.ts';
import { done } from './set-result.ts';
import { iso } from './views.ts';
import { AddEvidence, e164Text, EvidenceWire, HeldNumber, WithdrawEvidence } from './wire-outbound.ts';
import { customerName } from './wire.ts';

const OfNumber = z.object({ customer: customerName, number: e164Text });
const OfPiece = z.object({ customer: customerName, number: e164Text, id: z.string().regex(/^[0-9a-f]{16}$/, 'an id of evidence has 16 characters of 0-9, a-f') });
const PATH = '/v1/customers/{customer}/numbers/{number}/evidence';

export function evidenceRoutes(deps: HttpDeps): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/customers/{customer}/numbers',
      id: 'listHeldNumbers',
      tag: 'numbers',
      summary: "A customer's numbers, whether each may be shown now, and why",
      params: z.object({ customer: customerName }),
      answer: z.object({ numbers: z.array(HeldNumber) }),
      problems: [404],
      handle: async ({ params }) => json({ numbers: known(await deps.heldNumbers(params.customer), `customer ${params.customer}`, '/v1/plans') }),
    }),
    route({
      method: 'get',
      path: PATH,
      id: 'listEvidence',
      tag: 'numbers',
      summary: 'Evidence that a customer may use a number, newest first',
      params: OfNumber,
      answer: z.object({ evidence: z.array(EvidenceWire) }),
      problems: [404],
      handle: async ({ params }) => {
        const pieces = known(await deps.evidence.list(params.customer, params.number as E164), `number ${params.number} of ${params.customer}`, `/v1/customers/${params.customer}/numbers`);
        return json({ evidence: pieces.map(evidenceWire) });
      },
    }),
    route({
      method: 'post',
      path: PATH,
      id: 'addEvidence',
      tag: 'numbers',
      summary: 'Adds evidence; it counts from the next call',
      params: OfNumber,
      body: AddEvidence,
      status: 201,
      answer: EvidenceWire,
      problems: [404, 422],
      handle: async ({ params, body }) => {
        const { type, reference, checkedBy, checkedOn, expiresOn } = body;
        const result = await deps.evidence.add({
          customer: params.customer, number: params.number as E164, type, reference, checkedBy, checkedOnMs: Date.parse(checkedOn), expiresOn, recordedBy: 'api',
        });
        return json(evidenceWire(done(result, `number ${params.number} of ${params.customer}`, `/v1/customers/${params.customer}/numbers`)));
      },
    }),
    route({
      method: 'post',
      path: `${PATH}/{id}/withdrawal`,
      id: 'withdrawEvidence',
      tag: 'numbers',
      summary: 'Withdraws a piece of evidence; it stays on record, and counts no more from the next call',
      params: OfPiece,
      body: WithdrawEvidence,
      answer: EvidenceWire,
      problems: [404, 422],
      handle: async ({ params, body }) => {
        const { customer, number, id } = params;
        const result = await deps.evidence.withdraw({ customer, number: number as E164, id, ...body });
        return json(evidenceWire(done(result, `evidence ${id} for ${number}`, `/v1/customers/${customer}/numbers/${number}/evidence`)));
      },
    }),
  ];
}

function known<T>(value: T | null, what: string, listedAt: string): T {
  if (value === null) throw new HttpProblem(404, 'not-found', `There is no ${what}.`, { hint: `GET ${listedAt} lists what there is.` });
  return value;
}

export function evidenceWire({ id, type, reference, checkedBy, checkedOnMs, expiresOn, recordedAtMs, recordedBy, withdrawn }: EvidenceRow): EvidenceWire {
  return {
    id, type, reference, checkedBy, checkedOn: iso(checkedOnMs), expiresOn, recordedAt: iso(recordedAtMs), recordedBy,
    withdrawn: withdrawn === null ? null : { at: iso(withdrawn.atMs), by: withdrawn.by, reason: withdrawn.reason },
  };
}
