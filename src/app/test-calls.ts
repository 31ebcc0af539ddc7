// `genvoice call`: a real SIP call from our own user agent through Asterisk, with our own phones standing in for those
// that are offline, and the plan's own prediction to hold the result against. Read `TestCalls.run`.
import { performance } from 'node:perf_hooks';
import type { TestCallBody, TestCallProgress, TestCallResult } from '../http/wire.ts';
import { toE164OrNull, type E164 } from '../numbering/e164.ts';
import { parseCaller } from '../numbering/caller.ts';
import type { CallRecord } from '../ports/records.ts';
import type { PlanSource } from '../ports/plan-source.ts';
import { explain, type Explanation } from '../routing/explain.ts';
import type { Extension, RoutingPlan } from '../routing/plan.ts';
import { createAnsweringPhone, type AnsweringPhone, type PhonePolicy } from '../sipua/answering-phone.ts';
import { createUserAgent } from '../sipua/user-agent.ts';
import { alawTone } from '../sipua/g711.ts';
import type { Secrets } from '../store/secrets.ts';
import type { PhoneBook } from './phone-book.ts';
import type { CallEvent } from '../http/deps.ts';

export interface TestCallDeps {
  readonly sip: { readonly host: string; readonly port: number } | null;
  readonly plans: PlanSource;
  readonly phones: PhoneBook;
  readonly secrets: Secrets;
  readonly switches: (customer: string) => ReadonlyMap<string, string>;
  readonly subscribe: (listener: (event: CallEvent) => void) => () => void;
  readonly onListening: (listener: (callId: string) => void) => () => void;
  readonly recordOf: (id: string) => Promise<CallRecord | null>;
  readonly nowMs: () => number;
}
export type TestCallOutcome =
  | { readonly kind: 'done'; readonly row: TestCallResult }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly reason: string; readonly hint: string };

/** Ofcom's drama range: nobody's number (RULES C2). */
const DEFAULT_FROM = '+447700900123';
/** A person takes a moment to pick up; a test need not wait longer. */
const ANSWER_AFTER_MS = 600;
/** A conversation with a test phone has been shown by then. */
const TALK_MS = 1_500;
const RECORD_WAIT_MS = 5_000;

export class TestCalls {
  readonly #deps: TestCallDeps;
  readonly #ids = new Set<string>();
  readonly #busy = new Set<string>();

  constructor(deps: TestCallDeps) {
    this.#deps = deps;
  }

  /** True for a call that we placed ourselves, known by its SIP Call-ID. */
  isOurs(sipCallId: string): boolean {
    return this.#ids.has(sipCallId);
  }

  async run(request: TestCallBody, emit: (progress: TestCallProgress) => void, signal: AbortSignal): Promise<TestCallOutcome> {
    const { sip } = this.#deps;
    if (sip === null) return refused('Test calls need the embedded Asterisk', 'With ARI_URL set, call from a phone of that Asterisk');
    const to = toE164OrNull(request.to, 'GB');
    const plan = to === null ? null : this.#deps.plans.byDdi(to);
    if (to === null || plan === null) return refused(`${request.to} is no number of any live plan`, '"genvoice numbers list" shows those there are');
    if (this.#busy.has(plan.customer)) return refused(`A test call to ${plan.customer} is under way`, 'Wait until it is over');
    this.#busy.add(plan.customer);
    try {
      return { kind: 'done', row: await this.#place(plan, to, sip, request, emit, signal) };
    } finally {
      this.#busy.delete(plan.customer);
    }
  }

  async #place(plan: RoutingPlan, to: E164, sip: { host: string; port: number }, request: TestCallBody, emit: (progress: TestCallProgress) => void, signal: AbortSignal): Promise<TestCallResult> {
    const startedMs = performance.now();
    const phones = await this.#standIns(plan, sip, request.answers);
    const agent = await createUserAgent({ bindHost: '127.0.0.1', remote: sip, userAgent: 'GENVoice test caller' });
    try {
      const expected = this.#explained(plan, to, request);
      return await this.#watch({ plan, to, request, emit, signal, agent, startedMs, expected });
    } finally {
      await agent.close();
      await Promise.all(phones.map(async ({ phone, endpoint }) => {
        await phone.close();
        this.#deps.phones.setTestPhone(endpoint, false);
      }));
    }
  }

  async #watch(call: {
    plan: RoutingPlan; to: E164; request: TestCallBody; emit: (progress: TestCallProgress) => void; signal: AbortSignal;
    agent: Awaited<ReturnType<typeof createUserAgent>>; startedMs: number; expected: Explanation;
  }): Promise<TestCallResult> {
    const { plan, to, request, emit, signal, agent, expected } = call;
    const from = request.from ?? DEFAULT_FROM;
    const outgoing = await agent.call({ to, from: fromOf(from), sendAudio: alawTone(440, 400), ...(from === 'withheld' ? { headers: { Privacy: ['id'] } } : {}) });
    this.#ids.add(outgoing.callId);
    const sentMs = performance.now();
    const at = (): number => Math.round((performance.now() - sentMs) * 10) / 10;
    let callId: string | null = null;
    let isOver = false;
    const keys = [...request.keys];
    // The call says when it asks for keys; a person presses them a moment later.
    const offKeys = this.#deps.onListening((id) => {
      if (id !== callId) return;
      const next = keys.shift();
      if (next !== undefined && next !== '') setTimeout(() => void outgoing.sendDigits(next, { durationMs: 100, gapMs: 60 }), KEY_AFTER_MS);
    });
    emit({ kind: 'calling', atMs: 0, callId: null, to, from });
    const off = this.#deps.subscribe((event) => {
      if (event.kind === 'call-started' && callId === null && event.isTest && event.dialled.endsWith(to.slice(1))) callId = event.callId;
      if (event.callId !== callId) return;
      if (event.kind === 'call-step') emit({ kind: 'step', atMs: at(), step: event.line.step, stepKind: event.line.kind, outcome: event.line.outcome, text: event.line.text });
      if (event.kind === 'call-ended') isOver = true;
    });
    outgoing.on('answered', ({ afterMs }) => emit({ kind: 'answered', atMs: at(), afterMs: Math.round(afterMs * 10) / 10 }));
    const timeUp = new Promise<'time-limit'>((resolve) => setTimeout(resolve, request.timeLimitMs, 'time-limit').unref());
    const interrupted = new Promise<'interrupted'>((resolve) => signal.addEventListener('abort', () => resolve('interrupted'), { once: true }));
    if (request.hangUpAfterMs !== undefined) setTimeout(() => void outgoing.hangup(), request.hangUpAfterMs).unref();
    const how = await Promise.race([outgoing.ended, timeUp, interrupted]);
    offKeys();
    if (how === 'time-limit' || how === 'interrupted') await outgoing.hangup();
    const record = await this.#record(() => callId, () => isOver);
    off();
    this.#ids.delete(outgoing.callId);
    const endedAt = record === null ? 'nowhere: the call left no record' : endText(plan, record);
    const expectedAt = expectedText(plan, expected);
    const verdict = typeof how === 'string' ? how : record === null ? 'no-asterisk' : endStep(record) === expectedStep(expected) ? 'as-planned' : 'other-end';
    return {
      callId: record?.id ?? callId, verdict, endedAt, expectedAt, planVersion: plan.version,
      detail: record === null ? 'Asterisk did not hand the call to the application' : `${record.end.code}, ended by ${record.end.by}`,
      hint: record === null ? 'See "genvoice status" and the log' : null, durationMs: Math.round(performance.now() - call.startedMs),
    };
  }

  /** The record is written when everything of the call is cleaned up, a moment after its end. */
  async #record(idOf: () => string | null, isOver: () => boolean): Promise<CallRecord | null> {
    const untilMs = performance.now() + RECORD_WAIT_MS;
    while (performance.now() < untilMs) {
      const id = idOf();
      if (id !== null && isOver()) {
        const record = await this.#deps.recordOf(id);
        if (record !== null) return record;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return null;
  }

  /** Our own phones register for every extension that is offline. */
  async #standIns(plan: RoutingPlan, sip: { host: string; port: number }, answers: TestCallBody['answers']): Promise<{ phone: AnsweringPhone; endpoint: string }[]> {
    const online = await this.#deps.phones.online();
    const missing = [...plan.extensions.values()].filter((extension) => extension.endpoint === null && !online.has(this.#deps.phones.nameOf(plan, extension)) && answers[extension.number] !== 'unreachable');
    const made = await Promise.all(missing.map((extension) => this.#standIn(plan, extension, sip, answers[extension.number] ?? 'answered')));
    return made.flatMap((one) => one ?? []);
  }

  async #standIn(plan: RoutingPlan, extension: Extension, sip: { host: string; port: number }, answer: 'answered' | 'busy' | 'no-answer' | 'declined' | 'unreachable'): Promise<{ phone: AnsweringPhone; endpoint: string } | null> {
    const secret = await this.#deps.secrets.getPhone(plan.customer, extension.number);
    if (secret === null) return null;
    const endpoint = this.#deps.phones.nameOf(plan, extension);
    const phone = await createAnsweringPhone({ bindHost: '127.0.0.1', remote: sip, credentials: { username: secret.sipUser, ha1: secret.ha1Md5 }, realm: secret.realm, expiresS: 60, policy: policyOf(answer) });
    this.#deps.phones.setTestPhone(endpoint, true);
    return { phone, endpoint };
  }

  #explained(plan: RoutingPlan, to: E164, request: TestCallBody): Explanation {
    const from = request.from ?? DEFAULT_FROM;
    return explain(plan, {
      to, atMs: this.#deps.nowMs(), keys: request.keys, answers: request.answers,
      switches: Object.fromEntries(this.#deps.switches(plan.customer)),
      from: parseCaller({ from: from === 'withheld' ? '<sip:anonymous@anonymous.invalid>' : from === 'none' ? '' : `<sip:${from}@127.0.0.1>`, privacy: from === 'withheld' ? 'id' : '' }, 'GB'),
    });
  }
}

/** A person hears a word or two before the key. */
const KEY_AFTER_MS = 500;

function fromOf(from: string): { user: string; displayName?: string; host?: string } {
  if (from === 'withheld') return { user: 'anonymous', displayName: 'Anonymous', host: 'anonymous.invalid' };
  if (from === 'none') return { user: 'unknown' };
  return { user: toE164OrNull(from, 'GB') ?? from };
}

function policyOf(answer: 'answered' | 'busy' | 'no-answer' | 'declined' | 'unreachable'): PhonePolicy {
  switch (answer) {
    case 'answered': return { kind: 'answer', afterMs: ANSWER_AFTER_MS, hangUpAfterMs: TALK_MS, sendAudio: alawTone(660, 400) };
    case 'busy': return { kind: 'busy' };
    case 'no-answer': return { kind: 'no-answer' };
    case 'declined': return { kind: 'decline' };
    case 'unreachable': return { kind: 'unavailable' };
  }
}

/** Last step that the plan itself reached; a goodbye after voicemail belongs to the voicemail. */
function endStep(record: CallRecord): string | null {
  return record.trace.findLast((line) => line.step !== null && line.step !== '')?.step ?? null;
}
function expectedStep(expected: Explanation): string | null {
  return expected.end.kind === 'loop' || expected.end.kind === 'not-a-number-of-this-plan' ? null : expected.end.step;
}

function endText(plan: RoutingPlan, record: CallRecord): string {
  const talked = record.legs.find((leg) => leg.result === 'answered');
  if (talked !== undefined) return talked.name;
  const step = endStep(record);
  return (step === null ? undefined : plan.steps.get(step)?.label) ?? step ?? record.end.code;
}
function expectedText(plan: RoutingPlan, expected: Explanation): string | null {
  switch (expected.end.kind) {
    case 'answered': return expected.end.name;
    case 'loop': return 'nowhere: the plan goes round';
    case 'not-a-number-of-this-plan': return null;
    case 'hang-up':
    case 'busy':
    case 'congestion':
    case 'goodbye': return plan.steps.get(expected.end.step)?.label ?? expected.end.step;
  }
}

function refused(reason: string, hint: string): TestCallOutcome {
  return { kind: 'refused', reason, hint };
}

