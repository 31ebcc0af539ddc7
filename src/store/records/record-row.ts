// A call record or a decision as a row: the searched columns beside the whole document.
import type { DecisionRecord } from '../../ports/decisions.ts';
import type { CallRecord } from '../../ports/records.ts';
import type { CallerNumber } from '../../numbering/caller.ts';

export interface RecordRow {
  readonly id: string;
  readonly customer: string | null;
  readonly caller: string | null;
  readonly called: string;
  readonly startedAtMs: number;
  readonly endCode: string;
  readonly document: string;
}

/** The row of one line of the spool; null when the line holds no record (cut by a power loss, edited by hand). */
export function rowOfLine(line: string): RecordRow | null {
  let read: unknown;
  try {
    read = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isRecord(read)) return null;
  return {
    id: read.id,
    customer: read.customer,
    caller: callerText(read.caller.number),
    // A call between two phones has no DDI: there the dialled extension is what people search for.
    called: read.ddi ?? read.dialled,
    startedAtMs: Math.round(read.startedAtMs),
    endCode: read.end.code,
    document: line,
  };
}

/** What a search by number compares with. Never the network number: a caller who withheld would be found by it. */
function callerText(number: CallerNumber): string | null {
  switch (number.kind) {
    case 'e164':
      return number.e164;
    case 'extension':
      return number.number;
    case 'other':
      return number.text;
    case 'withheld':
    case 'none':
      return null;
  }
}

function isRecord(value: unknown): value is CallRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { id, customer, caller, ddi, dialled, startedAtMs, end } = value as Partial<Record<keyof CallRecord, unknown>>;
  return (
    typeof id === 'string' &&
    isTextOrNull(customer) &&
    isTextOrNull(ddi) &&
    typeof dialled === 'string' &&
    Number.isFinite(startedAtMs) &&
    typeof (end as { code?: unknown } | null | undefined)?.code === 'string' &&
    typeof (caller as { number?: { kind?: unknown } } | null | undefined)?.number?.kind === 'string'
  );
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

export interface DecisionRow {
  readonly id: string;
  readonly callId: string;
  readonly customer: string;
  readonly atMs: number;
  readonly document: string;
}

/** Decisions share the spool with call records; this is how their lines begin, and no record's does. */
const DECISION_HEAD = '{"decision":';

/** The spool's line for a decision. */
export function lineOfDecision(decision: DecisionRecord): string {
  return `${DECISION_HEAD}${JSON.stringify(decision)}}`;
}

export function isDecisionLine(line: string): boolean {
  return line.startsWith(DECISION_HEAD);
}

/** The row of a line that `isDecisionLine`; null when it holds no decision. */
export function decisionRowOfLine(line: string): DecisionRow | null {
  let read: unknown;
  try {
    read = (JSON.parse(line) as { decision?: unknown }).decision;
  } catch {
    return null;
  }
  if (typeof read !== 'object' || read === null) return null;
  const { id, callId, customer, atMs } = read as Partial<Record<keyof DecisionRecord, unknown>>;
  if (typeof id !== 'string' || typeof callId !== 'string' || typeof customer !== 'string' || typeof atMs !== 'number' || !Number.isFinite(atMs)) return null;
  return { id, callId, customer, atMs: Math.round(atMs), document: line.slice(DECISION_HEAD.length, -1) };
}
