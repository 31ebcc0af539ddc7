// Calls: live and recorded ones, one in full, and the event streams that a reader can resume.
// Read `follow` for how a stream begins, resumes and reports a gap.
import { z } from 'zod';
import type { HttpDeps } from './deps.ts';
import type { EventLog, LoggedEvent } from './event-log.ts';
import { HttpProblem } from './problem.ts';
import { json, route } from './route.ts';
import type { EventStream, Route } from './route.ts';
import { untilAborted } from './sse.ts';
import { endedDetail, endedSummary, liveDetail, liveSummary } from './views.ts';
import type { CallDetail } from './wire.ts';
import { CallDetail as CallDetailSchema, CallEventWire, callIdOrPrefix, CallList, customerName } from './wire.ts';

const moment = z.iso.datetime({ offset: true, message: 'a time is written 2026-11-23T14:03:22Z' });
const CallFilter = z.strictObject({
  state: z.enum(['all', 'live', 'ended']).default('all'),
  customer: customerName.optional(),
  number: z
    .string()
    .min(3)
    .max(32)
    .optional()
    .meta({ description: 'Caller or DDI, E.164 or an extension', example: '+447700900123' }),
  since: moment.optional(),
  until: moment.optional(),
  end: z
    .string()
    .max(40)
    .regex(/^[a-z-]+$/)
    .optional()
    .meta({ description: 'End code', example: 'no-answer' }),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  after: callIdOrPrefix.optional().meta({ description: '`next` of the page before' }),
});
type CallFilter = z.output<typeof CallFilter>;
const ById = z.object({ id: callIdOrPrefix });
const RESUME = { 'Last-Event-ID': 'Id of the last event that was read; everything after it is sent first' };

export function callRoutes(deps: HttpDeps, log: EventLog): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/calls',
      id: 'listCalls',
      tag: 'calls',
      summary: 'Calls now and recorded calls, newest first',
      query: CallFilter,
      answer: CallList,
      handle: async ({ query }) => json(await listCalls(deps, log, query)),
    }),
    route({
      method: 'get',
      path: '/v1/calls/{id}',
      id: 'getCall',
      tag: 'calls',
      summary: 'One call with its trace and legs',
      params: ById,
      answer: CallDetailSchema,
      problems: [404],
      handle: async ({ params }) => json(await findCall(deps, params.id)),
    }),
    route({
      method: 'get',
      path: '/v1/calls/{id}/events',
      id: 'followCall',
      tag: 'calls',
      summary: 'One call as it goes on; ends with it',
      params: ById,
      answer: CallEventWire,
      answerTypes: ['text/event-stream'],
      headers: RESUME,
      problems: [404],
      hasDeadline: false,
      handle: async ({ params, header }) => {
        const call = await findCall(deps, params.id);
        return { kind: 'stream', run: (stream) => followOne(stream, log, call, header('last-event-id')) };
      },
    }),
    route({
      method: 'get',
      path: '/v1/events',
      id: 'followCalls',
      tag: 'calls',
      summary: 'All calls as they go on',
      answer: CallEventWire,
      answerTypes: ['text/event-stream'],
      headers: RESUME,
      hasDeadline: false,
      handle: async ({ header }) => ({ kind: 'stream', run: (stream) => follow(stream, log, header('last-event-id')) }),
    }),
  ];
}

async function listCalls(deps: HttpDeps, log: EventLog, filter: CallFilter): Promise<z.output<typeof CallList>> {
  // Taken before the snapshot: events in between are then sent twice rather than never.
  const lastEventId = log.lastId;
  const live =
    filter.state === 'ended' || filter.after !== undefined
      ? []
      : (await deps.liveCalls()).map((call) => liveSummary(deps, call)).filter((call) => fits(call, filter));
  if (filter.state === 'live') return { live, recent: [], next: null, lastEventId };
  const records = await deps.listRecords({
    limit: filter.limit,
    ...(filter.customer === undefined ? {} : { customer: filter.customer }),
    ...(filter.number === undefined ? {} : { number: filter.number }),
    ...(filter.since === undefined ? {} : { sinceMs: Date.parse(filter.since) }),
    ...(filter.until === undefined ? {} : { untilMs: Date.parse(filter.until) }),
    ...(filter.end === undefined ? {} : { endCode: filter.end }),
    ...(filter.after === undefined ? {} : { after: filter.after }),
  });
  const last = records.at(-1);
  // A call may end between the two questions; it is then shown once, as ended.
  const ended = new Set(records.map((record) => record.id));
  return {
    live: live.filter((call) => !ended.has(call.id)),
    recent: records.map((record) => endedSummary(deps, record)),
    next: last !== undefined && records.length === filter.limit ? last.id : null,
    lastEventId,
  };
}

function fits(
  call: {
    customer: string | null;
    ddi: string | null;
    dialled: string;
    caller: { number: string | null };
    startedAt: string;
  },
  filter: CallFilter,
): boolean {
  if (filter.end !== undefined) return false;
  if (filter.customer !== undefined && call.customer !== filter.customer) return false;
  if (filter.number !== undefined && ![call.ddi, call.dialled, call.caller.number].includes(filter.number))
    return false;
  const startedMs = Date.parse(call.startedAt);
  return (
    (filter.since === undefined || startedMs >= Date.parse(filter.since)) &&
    (filter.until === undefined || startedMs <= Date.parse(filter.until))
  );
}

/** The call with this id or the only one that begins so; throws 404, and 409 when a beginning fits several live calls. */
async function findCall(deps: HttpDeps, idOrPrefix: string): Promise<CallDetail> {
  const live = (await deps.liveCalls()).filter((call) => call.id.startsWith(idOrPrefix));
  const exact = live.find((call) => call.id === idOrPrefix) ?? (live.length === 1 ? live[0] : undefined);
  if (exact !== undefined) return liveDetail(deps, exact);
  if (live.length > 1) {
    throw new HttpProblem(409, 'several-calls', `${live.length} live calls begin with ${idOrPrefix}.`, {
      path: 'id',
      hint: `Write more of the id, for example ${live[0]?.id ?? ''}.`,
    });
  }
  const record = await deps.getRecord(idOrPrefix);
  if (record === null)
    throw new HttpProblem(404, 'no-such-call', `No call ${idOrPrefix} is live or recorded.`, {
      path: 'id',
      hint: 'GET /v1/calls lists the calls there are.',
    });
  return endedDetail(deps, record);
}

async function follow(stream: EventStream, log: EventLog, lastId: string | undefined): Promise<void> {
  if (lastId !== undefined) {
    const { events, hasGap } = log.after(lastId);
    if (hasGap) sayGap(stream, log);
    for (const event of events) send(stream, event);
  }
  const stop = log.subscribe((event) => send(stream, event));
  await untilAborted(stream.signal);
  stop();
}

async function followOne(
  stream: EventStream,
  log: EventLog,
  call: CallDetail,
  lastId: string | undefined,
): Promise<void> {
  const kept = log.ofCall(call.id);
  const resumed = lastId === undefined ? null : log.after(lastId);
  if (resumed?.hasGap === true) sayGap(stream, log);
  const events = resumed === null || resumed.hasGap ? kept : resumed.events.filter((event) => event.callId === call.id);
  // Older than what is kept: told from the record, without ids, since nothing can be resumed there.
  if (kept[0]?.kind !== 'call-started' && resumed?.hasGap !== false) {
    for (const line of call.trace)
      stream.send(
        'call-step',
        JSON.stringify({ kind: 'call-step', callId: call.id, customer: call.customer, at: line.at, line }),
      );
    if (call.state === 'ended')
      stream.send(
        'call-ended',
        JSON.stringify({
          kind: 'call-ended',
          callId: call.id,
          customer: call.customer,
          at: call.endedAt,
          end: call.end,
        }),
      );
  } else {
    for (const event of events) send(stream, event);
  }
  if (call.state === 'ended' || kept.at(-1)?.kind === 'call-ended') return;
  const ended = new AbortController();
  const stop = log.subscribe((event) => {
    if (event.callId !== call.id) return;
    send(stream, event);
    if (event.kind === 'call-ended') ended.abort();
  });
  await untilAborted(AbortSignal.any([stream.signal, ended.signal]));
  stop();
}

function sayGap(stream: EventStream, log: EventLog): void {
  stream.send(
    'gap',
    JSON.stringify({ lastEventId: log.lastId, hint: 'Some events are no longer kept: read /v1/calls again.' }),
  );
}

function send(stream: EventStream, event: LoggedEvent): void {
  stream.send(event.kind, event.json, event.id);
}
