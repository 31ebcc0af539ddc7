// What goes over the wire: one zod schema per answer and body, shared by the routes, openapi.ts and the terminal.
// camelCase, numbers as E.164, times as ISO 8601 with offset, durations in ms. Keys are only ever added.
// Longer than other files because it is one flat list without logic.
import { z } from 'zod';

const time = z.iso
  .datetime({ offset: true })
  .meta({ description: 'ISO 8601 with offset', example: '2026-11-23T14:03:22.417Z' });
const customerId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'a customer id is written in small letters, digits and hyphens, a letter first');
export const customerName = customerId.meta({
  description: 'Customer id: the file name of the plan without .json',
  example: 'bramley-finch',
});
export const callIdOrPrefix = z
  .string()
  .regex(/^[0-9a-z][0-9a-z-]{2,63}$/, 'a call id has 3 to 64 characters of a-z, 0-9')
  .meta({ description: 'Call id, or its beginning (at least 3 characters)', example: '7f3a' });
export const extensionNumber = z
  .string()
  .regex(/^[1-9][0-9]{1,5}$/, 'an extension has 2 to 6 digits, the first not 0')
  .meta({ description: 'Extension', example: '201' });
export const objectName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'a name is written in small letters, digits and hyphens')
  .meta({ description: 'Name as in the plan', example: 'night' });

export const CallerWire = z
  .object({
    kind: z.enum(['e164', 'extension', 'withheld', 'none', 'other']),
    number: z
      .string()
      .nullable()
      .meta({ description: 'E.164, or the extension; null when withheld or not sent', example: '+447700900123' }),
    name: z
      .string()
      .nullable()
      .meta({ description: 'Display name as sent; escape it where it is shown', example: 'Mrs Shah' }),
  })
  .meta({ id: 'Caller' });

export const CallEndWire = z
  .object({
    by: z.enum(['caller', 'callee', 'agent', 'carrier', 'us']),
    fault: z.enum(['none', 'caller', 'carrier', 'ours', 'unknown']),
    code: z.string().meta({ example: 'hung-up' }),
    cause: z.int().min(0).max(255).meta({ description: 'Q.850; 0 = none known', example: 16 }),
    detail: z.string().nullable(),
  })
  .meta({ id: 'CallEnd' });

export const TraceLineWire = z
  .object({
    at: time,
    step: z.string().nullable().meta({ example: 'main-menu' }),
    kind: z.string().meta({ description: 'Kind of the step, or call, transfer', example: 'menu' }),
    outcome: z.string().meta({ example: 'key 1' }),
    text: z.string().meta({ description: 'The sentence for people', example: 'key 1 after 5.9 s' }),
    next: z.string().nullable(),
    tookFallback: z.boolean(),
  })
  .meta({ id: 'TraceLine' });

export const LegWire = z
  .object({
    to: z.string(),
    name: z.string(),
    isTestPhone: z.boolean(),
    placedAt: time,
    ringingAt: time.nullable(),
    answeredAt: time.nullable(),
    endedAt: time.nullable(),
    result: z.string().nullable(),
    cause: z.int(),
    sipStatus: z.int().nullable(),
  })
  .meta({ id: 'Leg' });

const callCore = {
  id: z.string(),
  state: z.enum(['live', 'ended']),
  customer: z.string().nullable(),
  timeZone: z.string().meta({ description: 'Zone of the customer, for showing times', example: 'Europe/London' }),
  planVersion: z.int().nullable(),
  direction: z.enum(['inbound', 'internal', 'outbound']),
  isTest: z.boolean(),
  dialled: z.string(),
  ddi: z.string().nullable(),
  caller: CallerWire,
  startedAt: time,
  answeredAt: time.nullable(),
  endedAt: time.nullable(),
  step: z.string().nullable().meta({ description: 'Where a live call is now' }),
  doing: z.string().nullable().meta({ description: 'step, ringing, connected or recording, while live' }),
  end: CallEndWire.nullable(),
};
export const CallSummary = z.object(callCore).meta({ id: 'CallSummary' });
export const CallDetail = z
  .object({
    ...callCore,
    planHash: z.string().nullable(),
    trace: z.array(TraceLineWire),
    legs: z.array(LegWire),
    sip: z.object({ endpoint: z.string(), sourceAddress: z.string(), transport: z.string(), sipCallId: z.string() }),
    adoptions: z.int(),
  })
  .meta({ id: 'CallDetail' });
export const CallList = z
  .object({
    live: z.array(CallSummary),
    recent: z.array(CallSummary),
    next: z.string().nullable().meta({ description: 'Give it as `after` for the next page; null = the end' }),
    lastEventId: z.string().meta({ description: 'Resume /v1/events after this, and nothing is missed' }),
  })
  .meta({ id: 'CallList' });

export const NumberRow = z
  .object({
    ddi: z.string().meta({ example: '+441632960018' }),
    customer: z.string(),
    label: z.string(),
    entry: z.string().meta({ description: 'First step' }),
    does: z.string().meta({ description: 'What a caller meets, in words', example: 'Hours, then the main menu' }),
    planVersion: z.int(),
    timeZone: z.string(),
    isProven: z.boolean().nullable().meta({ description: 'Whether every caller reaches a person, or is told name and contact; null = being worked out' }),
    proof: z
      .string()
      .nullable()
      .meta({ description: 'What was shown, or the way on which a caller is left', example: 'Sundays after 17:00 with no key pressed ends in congestion at "queue".' }),
  })
  .meta({ id: 'NumberRow' });

export const PlanProblem = z
  .object({
    path: z.string().meta({ description: 'JSON pointer', example: '/steps/main-menu/choices/3' }),
    code: z.string().meta({ example: 'dangling-target' }),
    message: z.string(),
    hint: z.string(),
    severity: z.enum(['problem', 'warning']),
    line: z.int().optional().meta({ description: 'Place in the text, from 1; only for problems of the text itself' }),
    column: z.int().optional(),
  })
  .meta({ id: 'PlanProblem' });
export const PlanRow = z
  .object({
    customer: z.string(),
    name: z.string(),
    version: z.int(),
    hash: z.string(),
    publishedAt: time,
    publishedBy: z.string(),
    numbers: z.int(),
    steps: z.int(),
    timeZone: z.string(),
    problems: z
      .array(PlanProblem)
      .meta({ description: 'Of a saved file that was not taken; empty when the live plan is the file' }),
  })
  .meta({ id: 'PlanRow' });
export const PlanVersionRow = z
  .object({
    version: z.int(),
    hash: z.string(),
    publishedAt: time,
    publishedBy: z.string(),
    message: z.string(),
    isLive: z.boolean(),
    restoredFrom: z.int().nullable(),
  })
  .meta({ id: 'PlanVersionRow' });
export const PlanChecked = z
  .object({ ok: z.boolean(), problems: z.array(PlanProblem), steps: z.int(), numbers: z.int(), tookMs: z.number() })
  .meta({ id: 'PlanChecked' });
export const Published = z
  .object({
    customer: z.string(),
    version: z.int(),
    hash: z.string(),
    numbers: z.int(),
    warnings: z.array(PlanProblem),
  })
  .meta({ id: 'Published' });

export const SwitchRow = z
  .object({
    customer: z.string(),
    name: z.string(),
    label: z.string(),
    position: z.string(),
    positions: z.array(z.string()),
    featureCode: z.string().nullable(),
    setAt: time.nullable().meta({ description: 'null = never set; in its first position' }),
    setBy: z.string().nullable(),
  })
  .meta({ id: 'SwitchRow' });
export const SetSwitch = z
  .strictObject({ position: z.string().min(1).max(64).meta({ example: 'on' }) })
  .meta({ id: 'SetSwitch' });

export const PhoneRow = z
  .object({
    customer: z.string(),
    extension: z.string(),
    name: z.string(),
    endpoint: z.string(),
    isOnline: z.boolean(),
    hasSecret: z.boolean(),
    isOurs: z.boolean().meta({ description: 'false: a phone of an Asterisk that was there before' }),
  })
  .meta({ id: 'PhoneRow' });
export const PhoneSecret = z
  .object({
    customer: z.string(),
    extension: z.string(),
    username: z.string(),
    password: z.string().meta({ description: 'Shown now and never again' }),
    sipAddress: z.string(),
  })
  .meta({ id: 'PhoneSecret' });

export const MailboxRow = z
  .object({
    customer: z.string(),
    id: z.string(),
    name: z.string(),
    newMessages: z.int(),
    oldMessages: z.int(),
    hasPin: z.boolean(),
    timeZone: z.string(),
  })
  .meta({ id: 'MailboxRow' });
export const MessageRow = z
  .object({
    id: z.string(),
    callId: z.string(),
    caller: CallerWire,
    receivedAt: time,
    durationMs: z.int(),
    isNew: z.boolean(),
  })
  .meta({ id: 'MessageRow' });
export const SetPin = z
  .strictObject({
    pin: z
      .string()
      .regex(/^[0-9]{4,10}$/, 'a PIN has 4 to 10 digits')
      .meta({ example: '4927' }),
  })
  .meta({ id: 'SetPin' });

export const AlarmRow = z
  .object({ code: z.string(), text: z.string(), hint: z.string(), since: time })
  .meta({ id: 'AlarmRow' });
export const TrunkRow = z
  .object({
    id: z.string(),
    name: z.string(),
    carrier: z.string(),
    state: z.enum(['ok', 'down', 'open', 'trying', 'not-watched']),
    reason: z.string().nullable(),
    since: time.nullable(),
    calls: z.int(),
    maxCalls: z.int().nullable(),
    callsThisSecond: z.int(),
    isEmergency: z.boolean(),
  })
  .meta({
    id: 'TrunkRow',
    description: 'A trunk that calls go out over. `down`: does not answer; `open`: left alone after failures; `trying`: one call tries it again; `not-watched`: nobody asks whether it lives',
  });
export const SettingRow = z
  .object({
    name: z.string(),
    value: z.string(),
    from: z.enum(['environment', 'genvoice.env', 'default']),
    meaning: z.string(),
  })
  .meta({ id: 'SettingRow', description: 'One setting; the value of a secret is never in it' });

export const HealthWire = z
  .object({
    status: z.enum(['ok', 'not-ready']),
    version: z.string(),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
  })
  .meta({ id: 'Health' });

export const ANSWERS = ['answered', 'busy', 'no-answer', 'declined', 'unreachable'] as const;
export const TestCallBody = z
  .strictObject({
    to: z
      .string()
      .min(1)
      .max(64)
      .meta({ description: 'DDI or extension as a person would dial it', example: '+441632960018' }),
    from: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .meta({ description: 'Caller; "withheld" and "none" are possible', example: '+447700900123' }),
    customer: customerName.optional(),
    keys: z
      .array(z.string().regex(/^[0-9*#]{0,32}$/, 'keys are 0 to 9, * and #'))
      .max(64)
      .default([])
      .meta({
        description: 'Keys, one entry for each time the call listens; an empty one presses nothing that time',
        example: ['1', '2'],
      }),
    answers: z
      .record(extensionNumber, z.enum(ANSWERS))
      .default({})
      .meta({ description: 'What test phones do, by extension', example: { 201: 'busy' } }),
    hangUpAfterMs: z.int().min(0).max(3_600_000).optional(),
    timeLimitMs: z.int().min(1000).max(600_000).default(180_000),
  })
  .meta({ id: 'TestCallBody' });
export const TestCallProgress = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('calling'),
      atMs: z.number(),
      callId: z.string().nullable(),
      to: z.string(),
      from: z.string(),
    }),
    z.object({ kind: z.literal('answered'), atMs: z.number(), afterMs: z.number() }),
    z.object({
      kind: z.literal('step'),
      atMs: z.number(),
      step: z.string().nullable(),
      stepKind: z.string(),
      outcome: z.string(),
      text: z.string(),
    }),
    z.object({
      kind: z.literal('leg'),
      atMs: z.number(),
      to: z.string(),
      name: z.string(),
      isTestPhone: z.boolean(),
      state: z.string(),
    }),
    z.object({ kind: z.literal('note'), atMs: z.number(), text: z.string() }),
  ])
  .meta({ id: 'TestCallProgress', description: 'atMs counts from the INVITE' });
export const TestCallResult = z
  .object({
    callId: z.string().nullable(),
    verdict: z.enum(['as-planned', 'other-end', 'time-limit', 'no-asterisk', 'interrupted']).meta({
      description:
        'as-planned: the call ended where `explain` says; other-end: elsewhere; the others: it could not be seen through',
    }),
    endedAt: z.string().meta({ description: 'Where the call ended, in words', example: 'Priya' }),
    expectedAt: z.string().nullable().meta({ description: 'Where the plan says it ends' }),
    planVersion: z.int().nullable(),
    detail: z.string().nullable(),
    hint: z.string().nullable(),
    durationMs: z.number(),
  })
  .meta({ id: 'TestCallResult' });
export const TestCallDocument = z
  .object({ progress: z.array(TestCallProgress), result: TestCallResult })
  .meta({ id: 'TestCallDocument' });

/** One event of /v1/events. */
export const CallEventWire = z
  .object({
    kind: z.enum(['call-started', 'call-answered', 'call-step', 'call-ended']),
    callId: z.string(),
    customer: z.string().nullable(),
    at: time,
    direction: z.enum(['inbound', 'internal', 'outbound']).optional(),
    dialled: z.string().optional(),
    caller: z
      .string()
      .optional()
      .meta({ description: 'E.164, extension, "Withheld", "No number sent", or text as sent' }),
    isTest: z.boolean().optional(),
    line: TraceLineWire.optional(),
    end: CallEndWire.optional(),
  })
  .meta({ id: 'CallEvent' });

export const ProblemWire = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    path: z.string().nullable(),
    hint: z.string().nullable(),
    problems: z
      .array(z.object({ path: z.string(), code: z.string(), message: z.string(), hint: z.string().nullable() }))
      .optional(),
  })
  .meta({ id: 'Problem' });

export type CallSummary = z.infer<typeof CallSummary>;
export type CallDetail = z.infer<typeof CallDetail>;
export type CallList = z.infer<typeof CallList>;
export type CallerWire = z.infer<typeof CallerWire>;
export type CallEndWire = z.infer<typeof CallEndWire>;
export type TraceLineWire = z.infer<typeof TraceLineWire>;
export type LegWire = z.infer<typeof LegWire>;
export type NumberRow = z.infer<typeof NumberRow>;
export type PlanProblem = z.infer<typeof PlanProblem>;
export type PlanRow = z.infer<typeof PlanRow>;
export type PlanVersionRow = z.infer<typeof PlanVersionRow>;
export type PlanChecked = z.infer<typeof PlanChecked>;
export type Published = z.infer<typeof Published>;
export type SwitchRow = z.infer<typeof SwitchRow>;
export type PhoneRow = z.infer<typeof PhoneRow>;
export type PhoneSecret = z.infer<typeof PhoneSecret>;
export type MailboxRow = z.infer<typeof MailboxRow>;
export type MessageRow = z.infer<typeof MessageRow>;
export type AlarmRow = z.infer<typeof AlarmRow>;
export type TrunkRow = z.infer<typeof TrunkRow>;
export type SettingRow = z.infer<typeof SettingRow>;
export type HealthWire = z.infer<typeof HealthWire>;
export type TestCallBody = z.infer<typeof TestCallBody>;
export type TestCallProgress = z.infer<typeof TestCallProgress>;
export type TestCallResult = z.infer<typeof TestCallResult>;
export type TestCallDocument = z.infer<typeof TestCallDocument>;
export type CallEventWire = z.infer<typeof CallEventWire>;
