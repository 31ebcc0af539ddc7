// Whether a test call ended where the plan says: the record held against what `explain` said before the call. PURE.
// Read `judge`.
import type { CallRecord } from '../ports/records.ts';
import type { Explanation } from '../routing/explain.ts';
import type { RoutingPlan } from '../routing/plan.ts';

/** Where a call really came to. */
export type Reached =
  /** A conversation. */
  | { readonly kind: 'answered'; readonly step: string; readonly name: string }
  /** The plan ended the call at this step. */
  | { readonly kind: 'ended'; readonly step: string; readonly how: 'hang-up' | 'busy' | 'congestion' }
  /** The caller left a message and hung up. */
  | { readonly kind: 'message'; readonly step: string }
  /** A code did what it does. */
  | { readonly kind: 'code'; readonly what: string }
  /** Somebody left, or something failed, before any end of the plan. */
  | { readonly kind: 'left'; readonly step: string | null };

export interface Judged {
  readonly isAsPlanned: boolean;
  readonly endedAt: string;
  readonly expectedAt: string | null;
}

/** `expected` null = no step serves what was dialled: a code must have done its work, an outside number have answered. */
export function judge(plan: RoutingPlan, record: CallRecord, expected: Explanation | null): Judged {
  const reached = reachedBy(record);
  return { isAsPlanned: fits(reached, expected), endedAt: whereText(plan, record, reached), expectedAt: expected === null ? null : expectedText(plan, expected) };
}

export function reachedBy(record: CallRecord): Reached {
  const { end, trace, legs } = record;
  const talked = legs.findLast((leg) => leg.result === 'answered');
  const connected = trace.findLast((line) => line.kind === 'ring' && line.outcome === 'connected');
  if (talked !== undefined && connected !== undefined && connected.step !== null) return { kind: 'answered', step: connected.step, name: talked.name };
  if (end.code === 'plan-end') return { kind: 'ended', step: end.detail ?? '', how: end.cause === 17 ? 'busy' : end.cause === 42 ? 'congestion' : 'hang-up' };
  if (end.code === 'feature-done') return { kind: 'code', what: end.detail ?? 'done' };
  const step = trace.findLast((line) => line.step !== null && line.step !== '')?.step ?? null;
  const box = trace.findLast((line) => line.kind === 'voicemail' && line.step !== null)?.step ?? null;
  // A message counts when the caller hung up behind it, which is how most people end one.
  if (box !== null && box === step && end.by === 'caller' && trace.some((line) => line.outcome === 'message-kept')) return { kind: 'message', step: box };
  return { kind: 'left', step };
}

function fits(reached: Reached, expected: Explanation | null): boolean {
  if (expected === null) return reached.kind === 'code' || reached.kind === 'answered';
  const { end } = expected;
  switch (end.kind) {
    // Who of several answers first is not the plan's to say.
    case 'answered': return reached.kind === 'answered' && reached.step === end.step;
    case 'goodbye': return (reached.kind === 'ended' || reached.kind === 'message') && reached.step === end.step;
    case 'hang-up':
    case 'busy':
    case 'congestion': return reached.kind === 'ended' && reached.step === end.step && reached.how === end.kind;
    case 'loop':
    case 'not-a-number-of-this-plan': return false;
  }
}

function whereText(plan: RoutingPlan, record: CallRecord, reached: Reached): string {
  switch (reached.kind) {
    case 'answered': return reached.name;
    case 'ended':
    case 'message': return labelOf(plan, reached.step);
    case 'code': return `the end of ${record.dialled} (${reached.what})`;
    case 'left': return reached.step === null ? record.end.code.replaceAll('-', ' ') : labelOf(plan, reached.step);
  }
}

function expectedText(plan: RoutingPlan, { end }: Explanation): string | null {
  switch (end.kind) {
    case 'answered': return end.name;
    case 'loop': return 'no end: the plan goes round';
    case 'not-a-number-of-this-plan': return null;
    case 'hang-up':
    case 'busy':
    case 'congestion':
    case 'goodbye': return labelOf(plan, end.step);
  }
}

function labelOf(plan: RoutingPlan, step: string): string {
  const found = plan.steps.get(step);
  return found === undefined || found.label === '' ? step : found.label;
}
