// Decisions: the evidence of every attempt to let a call leave. Those of one call as a list, those of a time as JSON
// lines for an archive, read from the store page by page so that a year fits through a small window.
import { z } from 'zod';
import type { DecisionRecord } from '../ports/decisions.ts';
import type { HttpDeps } from './deps.ts';
import { json, route } from './route.ts';
import type { Route } from './route.ts';
import { iso } from './views.ts';
import { DecisionWire, moment } from './wire-outbound.ts';
import { callIdOrPrefix, customerName } from './wire.ts';

const PAGE = 500;
/** A call is forwarded and retried some times, never this often. */
const MAX_OF_CALL = 200;

export function decisionRoutes(deps: HttpDeps): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/decisions',
      id: 'exportDecisions',
      tag: 'decisions',
      summary: 'Decisions as JSON lines, newest first',
      query: z.strictObject({ customer: customerName.optional(), since: moment.optional(), until: moment.optional() }),
      answerTypes: ['application/x-ndjson'],
      hasDeadline: false,
      handle: async ({ query, signal }) => ({ kind: 'lines', lines: exported(deps, query, signal) }),
    }),
    route({
      method: 'get',
      path: '/v1/calls/{id}/decisions',
      id: 'listDecisionsOfCall',
      tag: 'decisions',
      summary: 'Decisions of one call, in the order in which they were taken',
      params: z.object({ id: callIdOrPrefix }),
      answer: z.object({ decisions: z.array(DecisionWire) }),
      handle: async ({ params }) => json({ decisions: (await deps.listDecisions({ callId: params.id, limit: MAX_OF_CALL })).toReversed().map(decisionWire) }),
    }),
  ];
}

async function* exported(deps: HttpDeps, query: { customer?: string | undefined; since?: string | undefined; until?: string | undefined }, signal: AbortSignal): AsyncGenerator<string> {
  let after: string | undefined;
  while (!signal.aborted) {
    const page = await deps.listDecisions({
      limit: PAGE,
      ...(query.customer === undefined ? {} : { customer: query.customer }),
      ...(query.since === undefined ? {} : { sinceMs: Date.parse(query.since) }),
      ...(query.until === undefined ? {} : { untilMs: Date.parse(query.until) }),
      ...(after === undefined ? {} : { after }),
    });
    for (const decision of page) yield `${JSON.stringify(decisionWire(decision))}\n`;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

/** No channel names: they are the switch's own. */
export function decisionWire(decision: DecisionRecord): DecisionWire {
  const { id, callId, customer, extension, origin, outcome, input, reasons, refusedBy, presentation, network, planHash, end } = decision;
  return {
    id, callId, customer, extension, at: iso(decision.atMs), origin, outcome, input: { ...input }, reasons: [...reasons], refusedBy, presentation, network, planHash,
    attempts: decision.attempts.map(({ trunk, placedAtMs, ringingAtMs, answeredAtMs, endedAtMs, result, cause, techCause, next, risk }) => ({
      trunk, placedAt: iso(placedAtMs), ringingAt: orNull(ringingAtMs), answeredAt: orNull(answeredAtMs), endedAt: orNull(endedAtMs), result, cause, sipStatus: techCause, next, risk,
    })),
    answeredAt: orNull(decision.answeredAtMs), endedAt: iso(decision.endedAtMs), end,
  };
}

function orNull(atMs: number | null): string | null {
  return atMs === null ? null : iso(atMs);
}
