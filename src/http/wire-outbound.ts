// What goes over the wire about calls that leave: a customer's numbers with their usability, evidence, decisions.
// camelCase, E.164, ISO 8601; keys are only ever added.
import { z } from 'zod';
import { EVIDENCE_TYPES } from '../compliance/attempt.ts';

const time = z.iso.datetime({ offset: true }).meta({ description: 'ISO 8601 with offset', example: '2026-11-23T14:03:22.417Z' });
const isoDate = z.iso.date({ message: 'a date is written 2027-03-31' });
export const e164Text = z
  .string()
  .regex(/^\+[1-9][0-9]{1,14}$/, 'a number is written as + and digits')
  .meta({ description: 'E.164', example: '+441632960018' });
export const moment = z.iso.datetime({ offset: true, message: 'a time is written 2026-11-23T14:03:22Z' });
const words = z.string().trim().min(1).max(200);

export const ReasonWire = z
  .object({ rule: z.string().meta({ example: 'cli-returnable' }), version: z.string(), outcome: z.enum(['allow', 'deny', 'note']), text: z.string() })
  .meta({ id: 'Reason', description: 'One rule as it went, in a sentence for people' });
export const EvidenceWire = z
  .object({
    id: z.string(), type: z.enum(EVIDENCE_TYPES), reference: z.string(), checkedBy: z.string(), checkedOn: time,
    expiresOn: z.string().nullable().meta({ description: 'Last day on which it counts' }),
    recordedAt: time, recordedBy: z.string(),
    withdrawn: z.object({ at: time, by: z.string(), reason: z.string() }).nullable().meta({ description: 'null = it stands' }),
  })
  .meta({ id: 'Evidence' });
export const AddEvidence = z
  .strictObject({
    type: z.enum(EVIDENCE_TYPES),
    reference: words.meta({ description: 'What a person finds it by', example: 'order 1234' }),
    checkedBy: words.meta({ example: 'Priya' }),
    checkedOn: moment.meta({ example: '2026-11-20T09:00:00Z' }),
    expiresOn: isoDate.nullable().default(null).meta({ example: '2027-11-20' }),
  })
  .meta({ id: 'AddEvidence' });
export const WithdrawEvidence = z.strictObject({ by: words, reason: words }).meta({ id: 'WithdrawEvidence' });

export const HeldNumber = z
  .object({
    number: z.string(), label: z.string(), capability: z.string(), returnTo: z.string().nullable(), heldSince: z.string().nullable(), purposes: z.array(z.string()), site: z.string().nullable(), provider: z.string().nullable(),
    isUsable: z.boolean().meta({ description: 'May be shown now, from its own site, for the first of its purposes' }),
    stoppedBy: z.string().nullable().meta({ description: 'First rule that denies', example: 'cli-evidence' }),
    reasons: z.array(ReasonWire),
    evidence: z.int().meta({ description: 'Pieces that stand' }),
    evidenceEnds: z.string().nullable().meta({ description: 'Last day of the piece that stands longest; null = none runs out, or there is none' }),
    lastSelfCall: z.object({ at: time, result: z.enum(['reached', 'not-reached']), detail: z.string() }).nullable(),
  })
  .meta({ id: 'HeldNumber' });

export const TrunkAttemptWire = z
  .object({
    trunk: z.string(), placedAt: time, ringingAt: time.nullable(), answeredAt: time.nullable(), endedAt: time.nullable(), result: z.string().nullable(), cause: z.int(), sipStatus: z.int().nullable(),
    next: z.string().nullable().meta({ description: 'Why the next trunk was tried, or why none was' }), risk: z.string().nullable(),
  })
  .meta({ id: 'TrunkAttempt' });
export const DecisionWire = z
  .object({
    id: z.string(), callId: z.string(), customer: z.string(), extension: z.string().nullable(), at: time, origin: z.string(), outcome: z.enum(['refused', 'placed']),
    input: z.object({
      dialled: z.string(), destination: z.string().nullable(), class: z.string().nullable(), country: z.string().nullable(), purpose: z.string(), wantedCli: z.string().nullable(), source: z.string().nullable(),
      isWithheld: z.boolean(),
    }),
    reasons: z.array(ReasonWire), refusedBy: z.string().nullable(), presentation: z.string().nullable(), network: z.string().nullable(), planHash: z.string().nullable(), attempts: z.array(TrunkAttemptWire),
    answeredAt: time.nullable(), endedAt: time, end: z.string(),
  })
  .meta({ id: 'Decision', description: 'The evidence of one attempt to let a call leave, refusals included' });

export type ReasonWire = z.infer<typeof ReasonWire>;
export type EvidenceWire = z.infer<typeof EvidenceWire>;
export type AddEvidence = z.infer<typeof AddEvidence>;
export type HeldNumber = z.infer<typeof HeldNumber>;
export type TrunkAttemptWire = z.infer<typeof TrunkAttemptWire>;
export type DecisionWire = z.infer<typeof DecisionWire>;
