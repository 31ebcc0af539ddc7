// `genvoice call`: a real SIP call from our own user agent through Asterisk, with our own phones standing in for those
// that are offline, and the plan's own prediction to hold the result against. Read `TestCalls.run`.
import { performance } from 'node:perf_hooks';
import type { SetResult } from '../http/deps.ts';
import type { TestCallBody, TestCallProgress, TestCallResult } from '../http/wire.ts';
import type { CallRecord } from '../ports/records.ts';
import type { PlanSource } from '../ports/plan-source.ts';
import { explain, type Answer, type Explanation } from '../routing/explain.ts';
import type { Extension, RoutingPlan } from '../routing/plan.ts';
import { createAnsweringPhone, type AnsweringPhone, type PhonePolicy } from '../sipua/answering-phone.ts';
import type { EndReason } from '../sipua/call-events.ts';
import { alawTone } from '../sipua/g711.ts';
import type { OutgoingCall } from '../sipua/outgoing-call.ts';
import { createUserAgent, type UserAgent } from '../sipua/user-agent.ts';
import type { Secrets } from '../store/secrets.ts';
import type { PhoneBook } from './phone-book.ts';
import { routeTestCall, type TestCallRoute } from './test-call-route.ts';
import { judge } from './test-call-verdict.ts';
import { TestCaller, type TestCallerDeps } from './test-caller.ts';

export interface TestCallDeps extends Omit<TestCallerDeps, 'isVoicemail'> {
  /** Where Asterisk takes SIP, and our own address towards it; null = not known. */
  readonly sip: { readonly host: string; readonly port: number; readonly from: string } | null;
  readonly plans: PlanSource;
  /** GENVOICE_SRTP: phones speak encrypted, which our own cannot. */
  readonly isSpeechEncrypted: boolean;
  /** Every trunk leads to this machine: calls to the outside reach nobody. */
  readonly mayLeave: () => boolean;
  readonly phones: PhoneBook;
  readonly secrets: Secrets;
  readonly switches: (customer: string) => ReadonlyMap<string, string>;
  readonly recordOf: (id: string) => Promise<CallRecord | null>;
  readonly nowMs: () => number;
}

/** A person takes a moment to pick up; a test need not wait longer. */
const ANSWER_AFTER_MS = 600;
/** A conversation with a test phone has been shown by then. */
const TALK_MS = 1_500;
const RECORD_WAIT_MS = 5_000;
const RECORD_LOOK_MS = 20;

interface UnderWay {
  readonly route: TestCallRoute;
  readonly request: TestCallBody;
  readonly emit: (progress: TestCallProgress) => void;
  readonly signal: AbortSignal;
  readonly agent: UserAgent;
  readonly startedMs: number;
}

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

  /** One test call a customer at a time: two would answer with each other's phones. */
  async run(request: TestCallBody, emit: (progress: TestCallProgress) => void, signal: AbortSignal): Promise<SetResult<TestCallResult>> {
    const { sip } = this.#deps;
    if (sip === null) return refused('The SIP address of that Asterisk is not known here, so no test call can be placed', 'Call from a phone of that Asterisk');
    const routed = routeTestCall(request, this.#deps.plans, { isOurs: this.#deps.phones.isOurs, mayLeave: this.#deps.mayLeave() });
    if (routed.kind !== 'route') return routed;
    const unencrypted = this.#deps.isSpeechEncrypted ? await this.#wouldSpeakPlain(routed.route, request) : null;
    if (unencrypted !== null) return unencrypted;
    const { customer } = routed.route.plan;
    if (this.#busy.has(customer)) return refused(`A test call to ${customer} is under way`, 'Wait until it is over');
    this.#busy.add(customer);
    try {
      return { kind: 'done', row: await this.#place(routed.route, sip, request, emit, signal) };
    } finally {
      this.#busy.delete(customer);
    }
  }

  /** With GENVOICE_SRTP a phone without encryption gets no call and can place none: said before, not met as a failed call. */
  async #wouldSpeakPlain({ plan, phone }: TestCallRoute, request: TestCallBody): Promise<SetResult<TestCallResult> | null> {
    if (phone !== null) return refused('Phones speak encrypted here (GENVOICE_SRTP), and a test phone cannot', 'Call a number from outside instead, or from a real phone');
    const online = await this.#deps.phones.online();
    const asked = Object.keys(request.answers).find((number) => request.answers[number] !== 'unreachable' && !online.has(this.#deps.phones.nameOf(plan, plan.extensions.get(number) ?? { number, endpoint: null })));
    if (asked === undefined) return null;
    return refused(`${asked} is offline, and a test phone cannot stand in for it: phones speak encrypted here (GENVOICE_SRTP)`, `Connect the phone of ${asked}, or leave it out of --answer`);
  }

  async #place(asked: TestCallRoute, sip: { host: string; port: number; from: string }, request: TestCallBody, emit: (progress: TestCallProgress) => void, signal: AbortSignal): Promise<TestCallResult> {
    const startedMs = performance.now();
    const phones = await this.#standIns(asked, sip, emit);
    const route = this.#deps.isSpeechEncrypted ? await this.#withoutOffline(asked) : asked;
    const agent = await createUserAgent({ bindHost: sip.from, remote: sip, userAgent: 'GENVoice test caller' });
    try {
      return await this.#watch({ route, request, emit, signal, agent, startedMs });
    } finally {
      await agent.close();
      await Promise.all(phones.map(async ({ phone, endpoint }) => {
        await phone.close();
        this.#deps.phones.setTestPhone(endpoint, false);
      }));
    }
  }

  async #watch(call: UnderWay): Promise<TestCallResult> {
    const { route, request, emit } = call;
    const expected = route.asked === null ? null : this.#explained(route, route.asked, request.keys);
    const outgoing = await this.#dial(route, call.agent);
    this.#ids.add(outgoing.callId);
    const isVoicemail = (step: string): boolean => route.plan.steps.get(step)?.kind === 'voicemail';
    const caller = new TestCaller({ ...this.#deps, isVoicemail }, outgoing, request.keys, emit);
    emit({ kind: 'calling', atMs: 0, callId: null, to: route.dial, from: route.fromShown });
    const off = caller.follow();
    try {
      const how = await untilEnd(outgoing, request, call.signal);
      if (typeof how === 'string') await outgoing.hangup();
      const record = await this.#record(caller);
      return this.#result(call, how, record, caller.callId, expected);
    } finally {
      off();
      this.#ids.delete(outgoing.callId);
    }
  }

  async #dial(route: TestCallRoute, agent: UserAgent): Promise<OutgoingCall> {
    if (route.phone === null) {
      return agent.call({ to: route.dial, from: route.from, ...(route.from.user === 'anonymous' ? { headers: { Privacy: ['id'] } } : {}) });
    }
    const secret = await this.#deps.secrets.getPhone(route.plan.customer, route.phone.number);
    if (secret === null) throw new Error(`${route.phone.number} of ${route.plan.customer} is not known to Asterisk yet; try again in a moment`);
    return agent.call({ to: route.dial, from: { user: secret.sipUser }, auth: { username: secret.sipUser, ha1: secret.ha1Md5 } });
  }

  #result(call: UnderWay, how: EndReason | 'time-limit' | 'interrupted', record: CallRecord | null, callId: string | null, expected: Explanation | null): TestCallResult {
    const { plan } = call.route;
    const base = { planVersion: record?.planVersion ?? plan.version, durationMs: Math.round(performance.now() - call.startedMs) };
    if (record === null) {
      const code = typeof how === 'string' ? undefined : how.cause.sipCode;
      return {
        ...base, callId, verdict: typeof how === 'string' ? how : 'no-asterisk', endedAt: 'nowhere', expectedAt: null,
        detail: code === undefined ? 'Asterisk did not hand the call to the application' : `Asterisk answered ${code} and did not hand the call to the application`,
        hint: 'See "genvoice status", "genvoice alarms" and the log',
      };
    }
    const judged = judge(plan, record, expected);
    const verdict = typeof how === 'string' ? how : judged.isAsPlanned ? 'as-planned' : 'other-end';
    return {
      ...base, callId: record.id, verdict, endedAt: judged.endedAt, expectedAt: judged.expectedAt,
      detail: `${record.end.code.replaceAll('-', ' ')}, ended by ${record.end.by}`,
      hint: verdict === 'time-limit' ? 'The call was still going on. Give it longer (--time-limit 5m), or press keys (--keys 1)' : null,
    };
  }

  /** The record is written when everything of the call is cleaned up, a moment after its end. */
  async #record(caller: TestCaller): Promise<CallRecord | null> {
    const untilMs = performance.now() + RECORD_WAIT_MS;
    while (performance.now() < untilMs) {
      const record = caller.callId !== null && caller.isOver ? await this.#deps.recordOf(caller.callId) : null;
      if (record !== null) return record;
      await new Promise((resolve) => setTimeout(resolve, RECORD_LOOK_MS));
    }
    return null;
  }

  /** Our own phones register for every extension that is offline. */
  async #standIns(route: TestCallRoute, sip: { host: string; port: number; from: string }, emit: (progress: TestCallProgress) => void): Promise<{ phone: AnsweringPhone; endpoint: string }[]> {
    const online = await this.#deps.phones.online();
    const { plan, answers } = route;
    if (this.#deps.isSpeechEncrypted) emit({ kind: 'note', atMs: 0, text: 'phones that are offline stay offline: speech is encrypted here (GENVOICE_SRTP), and a test phone cannot do that' });
    const made: Promise<{ phone: AnsweringPhone; endpoint: string } | null>[] = [];
    for (const extension of plan.extensions.values()) {
      const answer = answers[extension.number];
      const isOnline = online.has(this.#deps.phones.nameOf(plan, extension));
      if (isOnline && answer !== undefined && extension !== route.phone) emit({ kind: 'note', atMs: 0, text: `${extension.number} is online: its own phone rings, and does what its owner does` });
      if (!isOnline && this.#deps.phones.isOurs && !this.#deps.isSpeechEncrypted && answer !== 'unreachable') made.push(this.#standIn(plan, extension, sip, answer ?? 'answered'));
    }
    return (await Promise.all(made)).flatMap((one) => one ?? []);
  }

  /** What the plan foretells when nobody stands in for phones that are offline. */
  async #withoutOffline(route: TestCallRoute): Promise<TestCallRoute> {
    const online = await this.#deps.phones.online();
    const offline = [...route.plan.extensions.values()].filter((extension) => !online.has(this.#deps.phones.nameOf(route.plan, extension)));
    return { ...route, answers: { ...route.answers, ...Object.fromEntries(offline.map(({ number }) => [number, 'unreachable'] as const)) } };
  }

  async #standIn(plan: RoutingPlan, extension: Extension, sip: { host: string; port: number; from: string }, answer: Exclude<Answer, 'unreachable'>): Promise<{ phone: AnsweringPhone; endpoint: string } | null> {
    const secret = await this.#deps.secrets.getPhone(plan.customer, extension.number);
    if (secret === null) return null;
    const endpoint = this.#deps.phones.nameOf(plan, extension);
    const phone = await createAnsweringPhone({ bindHost: sip.from, remote: sip, credentials: { username: secret.sipUser, ha1: secret.ha1Md5 }, realm: secret.realm, expiresS: 60, policy: policyOf(answer) });
    this.#deps.phones.setTestPhone(endpoint, true);
    return { phone, endpoint };
  }

  #explained(route: TestCallRoute, to: string, keys: readonly string[]): Explanation {
    return explain(route.plan, { to, atMs: this.#deps.nowMs(), keys, answers: route.answers, switches: Object.fromEntries(this.#deps.switches(route.plan.customer)), from: route.caller });
  }
}

/** How the SIP call ended, or why it was not waited for. Hanging up counts from the answer. */
async function untilEnd(outgoing: OutgoingCall, request: TestCallBody, signal: AbortSignal): Promise<EndReason | 'time-limit' | 'interrupted'> {
  const timers: NodeJS.Timeout[] = [];
  const after = (ms: number, act: () => void): void => void timers.push(setTimeout(act, ms));
  const { hangUpAfterMs } = request;
  if (hangUpAfterMs !== undefined) outgoing.on('answered', () => after(hangUpAfterMs, () => void outgoing.hangup()));
  try {
    return await new Promise((resolve) => {
      void outgoing.ended.then(resolve);
      after(request.timeLimitMs, () => resolve('time-limit'));
      if (signal.aborted) resolve('interrupted');
      signal.addEventListener('abort', () => resolve('interrupted'), { once: true });
    });
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

function policyOf(answer: Exclude<Answer, 'unreachable'>): PhonePolicy {
  switch (answer) {
    case 'answered': return { kind: 'answer', afterMs: ANSWER_AFTER_MS, hangUpAfterMs: TALK_MS, sendAudio: alawTone(660, 400) };
    case 'busy': return { kind: 'busy' };
    case 'no-answer': return { kind: 'no-answer' };
    case 'declined': return { kind: 'decline' };
  }
}

function refused(reason: string, hint: string): SetResult<TestCallResult> {
  return { kind: 'refused', reason, hint };
}
