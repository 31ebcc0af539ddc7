// A channel that came into our application: who it is from, whose number was dialled, and which flow serves it.
// Read `Arrivals.take` first. Each arrival ends in exactly one record, refused ones included.
import { classifyDialled, type Dialled } from '../numbering/dialled.ts';
import { extensionCaller, parseCaller, type Caller } from '../numbering/caller.ts';
import { normaliseDdi } from '../numbering/ddi.ts';
import type { E164 } from '../numbering/e164.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import type { CallEnd } from '../ports/records.ts';
import { TelephonyError, type TelephonyEvent } from '../ports/telephony.ts';
import { Admission } from './admission.ts';
import { Call, PLACED_BY_ITSELF, type CallOrigin } from './call.ts';
import { classify } from './call-end.ts';
import type { CallDeps } from './deps.ts';
import { emergency, WITHOUT_PLAN } from './emergency.ts';
import { parseEntry, type Entry } from './entry.ts';
import { clickedCall, ownPhoneAnswers, ringOwnPhone, type ClickToDial } from './click-to-dial.ts';
import { feature, FEATURES } from './features.ts';
import { outbound } from './outbound.ts';
import { siteOf } from './leaving.ts';
import { Leg } from './leg.ts';
import { isLinkBack } from './link-back.ts';
import { phrases, play } from './verbs/speak.ts';
import { failsafe, walk } from './walk.ts';

type Entered = Extract<TelephonyEvent, { type: 'entered' }>;

/** Whose phone an endpoint is. */
export interface PhoneOwner {
  readonly customer: string;
  readonly extension: string;
}
export interface TrunkRules {
  /** Header that names the DDI. */
  readonly ddiFrom: 'request-uri' | 'to' | 'diversion';
  /** Whether the carrier may bring calls to this number. */
  brings(ddi: E164): boolean;
  /** Calls over this trunk come from our own test caller or a simulator. */
  readonly isTest: boolean;
}
export interface ArrivalDeps extends CallDeps {
  readonly admission: Admission;
  phoneOwner(endpoint: string): PhoneOwner | null;
  trunkRules(trunk: string): TrunkRules;
  /** A call of our own test caller carries its id in the SIP Call-ID. */
  isTestCall(sipCallId: string): boolean;
}

/** Why a call is not placed: a number that leads nowhere, or no room for it at this moment. */
export type Unplaceable = { readonly kind: 'number'; readonly message: string } | { readonly kind: 'not-now'; readonly end: CallEnd };

const MAX_DIALLED = 128;
const NOBODY: ReadonlySet<string> = new Set();
/** Unknown numbers a second beyond which each one waits a second: a scanner is slowed, every call keeps its record. */
const UNKNOWN_PER_SECOND = 10;

export class Arrivals {
  readonly #deps: ArrivalDeps;
  #unknown = { second: 0, count: 0 };

  constructor(deps: ArrivalDeps) {
    this.#deps = deps;
  }

  /** Serves one channel to its end. Never rejects. */
  async take(event: Entered): Promise<void> {
    const entry = parseEntry(event.args);
    if (entry === undefined) return this.#stray(event.channel);
    let call: Call;
    try {
      call = this.#callOf(event, entry);
    } catch (error) {
      this.#deps.observer.alarm('flow-bug', `A call over ${entry.name} could not be taken: ${error instanceof Error ? error.message : String(error)}`);
      return this.#stray(event.channel);
    }
    await this.#run(call, () => this.serve(call, []));
  }

  /** What stands against placing this call now, asked before anybody rings; null = nothing. 999 is never refused. */
  mayPlace({ plan, extension, to }: Pick<ClickToDial, 'plan' | 'extension' | 'to'>): Unplaceable | null {
    const { dialled } = wishOf(plan, extension.number, to);
    if (dialled.kind === 'emergency') return null;
    if (dialled.kind === 'invalid') return { kind: 'number', message: dialled.message };
    const { admission, clock } = this.#deps;
    const end = admission.mayEnter(clock.monotonicMs()) ?? admission.mayUse(plan, callerKey(plan, extensionCaller(extension.number, extension.name)));
    return end === null ? null : { kind: 'not-now', end };
  }

  /** Places a call for somebody: their phone rings first. The call is live and known at once; `ended` never rejects. */
  place(request: ClickToDial): { readonly call: Call; readonly ended: Promise<void> } {
    const call = clickedCall(this.#deps, request);
    const ended = this.#run(call, async () => {
      this.count(call, request.plan);
      await ringOwnPhone(call, request);
      return this.serve(call, []);
    });
    return { call, ended };
  }

  async #run(call: Call, flow: () => Promise<CallEnd>): Promise<void> {
    this.#deps.live.add(call);
    this.#deps.observer.started(call.view());
    try {
      call.end(await this.#served(call, flow));
    } catch (error) {
      await this.rescue(call, error);
    } finally {
      await call.release();
      this.#deps.live.remove(call);
    }
  }

  /** What failed because the link was away is done again after it. */
  async #served(call: Call, flow: () => Promise<CallEnd>): Promise<CallEnd> {
    for (let again = flow; ; again = () => this.serve(call, [])) {
      try {
        return await again();
      } catch (error) {
        const isLink = error instanceof TelephonyError && error.fault === 'no-link' && !call.signal.aborted;
        if (!isLink || !(await isLinkBack(call))) throw error;
        call.decisions.rewind();
      }
    }
  }

  /** From the beginning; `legs` are those that another process had placed for the call. Rejects with the call's end. */
  async serve(call: Call, legs: readonly Leg[]): Promise<CallEnd> {
    if (call.origin.isClickToDial) await ownPhoneAnswers(call);
    return call.origin.direction === 'inbound' ? this.#inbound(call) : this.#fromPhone(call, legs);
  }

  /** Counts the call against the caps of its customer and its caller. */
  count(call: Call, plan: RoutingPlan): void {
    this.#deps.live.count(call, plan.customer, callerKey(plan, call.origin.caller));
  }

  async #inbound(call: Call): Promise<CallEnd> {
    const refused = this.#deps.admission.mayEnter(this.#deps.clock.monotonicMs());
    if (refused !== null) return this.#refused(call, refused);
    const plan = call.origin.ddi === null ? null : this.#planOf(call.origin.ddi);
    if (plan === null) return this.#unknownNumber(call);
    call.plan = plan;
    const full = this.#deps.admission.mayUse(plan, callerKey(plan, call.origin.caller));
    if (full !== null) return this.#refused(call, full);
    this.count(call, plan);
    return walk(call, plan, entryOf(plan, call.origin.ddi));
  }

  async #fromPhone(call: Call, legs: readonly Leg[]): Promise<CallEnd> {
    const endpoint = call.origin.callerEndpoint ?? '';
    const owner = this.#deps.phoneOwner(endpoint);
    const plan = owner === null ? null : this.#deps.plans.byCustomer(owner.customer);
    if (owner === null || plan === null) {
      // Asterisk let the phone in, so it is one of ours; its customer's plan is not loaded. 999 goes all the same.
      const wanted = classifyDialled(call.origin.dialled, { extensions: NOBODY, country: 'GB' });
      if (wanted.kind === 'emergency') return emergency(call, WITHOUT_PLAN, wanted.digits, legs);
      return this.#refused(call, { by: 'us', fault: 'unknown', code: 'unknown-phone', cause: 21, detail: endpoint });
    }
    call.plan = plan;
    const wish = wishOf(plan, owner.extension, call.origin.dialled);
    const { dialled } = wish;
    // 999 and 112 come before overload, drain and every cap (RULES F8).
    if (dialled.kind === 'emergency') return emergency(call, plan, dialled.digits, legs);
    // A call that we placed was let in when it was placed: whoever has picked up for it is not turned away.
    const refused = call.origin.isClickToDial ? null : (this.#deps.admission.mayEnter(this.#deps.clock.monotonicMs()) ?? this.#deps.admission.mayUse(plan, callerKey(plan, call.origin.caller)));
    if (refused !== null) return this.#refused(call, refused);
    this.count(call, plan);
    return this.#internal(call, plan, owner, { dialled, cli: wish.cli }, legs);
  }

  async #internal(call: Call, plan: RoutingPlan, owner: PhoneOwner, wish: InsideWish, legs: readonly Leg[]): Promise<CallEnd> {
    const { dialled: wanted } = wish;
    switch (wanted.kind) {
      case 'extension': return walk(call, plan, `@${wanted.number}`);
      case 'feature': return feature(call, plan, owner.extension, wanted.code);
      case 'e164':
      case 'short-code': {
        // A colleague's own number reached from inside: the same route that an outside caller gets.
        const own = wanted.kind === 'e164' ? plan.numbers.get(wanted.e164) : undefined;
        if (own !== undefined) return walk(call, plan, own.entry);
        return outbound(call, plan, {
          origin: call.origin.isClickToDial ? 'click-to-dial' : 'phone', dialled: wanted, raw: call.origin.dialled, extension: plan.extensions.get(owner.extension) ?? null, purpose: call.origin.purpose ?? plan.outbound.purpose,
          explicit: wish.cli ?? call.origin.explicitCli, mayAskPin: true,
        }, legs);
      }
      case 'invalid': return refuse(call, 'number-not-in-service', 'unknown-number', wanted.message);
    }
  }

  /** Kept before it is told: a refusal, too, leaves its record whatever happens to us meanwhile. */
  async #refused(call: Call, end: CallEnd): Promise<CallEnd> {
    await call.save({ kind: 'step', step: '' });
    return end;
  }

  async #unknownNumber(call: Call): Promise<CallEnd> {
    await call.save({ kind: 'step', step: '' });
    const second = Math.floor(this.#deps.clock.nowMs() / 1_000);
    if (second !== this.#unknown.second) this.#unknown = { second, count: 0 };
    this.#unknown.count += 1;
    if (this.#unknown.count > UNKNOWN_PER_SECOND) {
      this.#deps.observer.alarm('unknown-numbers', `More than ${UNKNOWN_PER_SECOND} calls a second to numbers that no plan has, last from ${call.origin.sip.sourceAddress}`);
      // Slowing a scanner down costs us a timer and it a transaction.
      await new Promise<void>((resolve) => void this.#deps.clock.after(1_000, resolve));
    }
    call.trace({ step: null, kind: 'call', outcome: 'unknown-number', text: `no plan has ${call.origin.ddi ?? 'this number'}`, next: null, tookFallback: false });
    return { by: 'us', fault: 'caller', code: 'unknown-number', cause: 1 };
  }

  /** An error with a live caller: the plan's failsafe, never a dropped line. */
  async rescue(call: Call, error: unknown): Promise<void> {
    const end = classify(error);
    if (call.signal.aborted || call.plan === null || end.fault !== 'ours') {
      call.end(end);
      return;
    }
    this.#deps.observer.alarm('flow-bug', `A call of ${call.plan.customer} went to its failsafe: ${end.detail ?? end.code}`);
    try {
      call.end(await failsafe(call, call.plan, end.code));
    } catch (again) {
      call.end(classify(again));
    }
  }

  /** A channel that nobody placed and no entry context sent: it gets an end, not limbo. */
  async #stray(channel: string): Promise<void> {
    await this.#deps.telephony.hangup(channel, 'failure').catch(() => {});
    this.#deps.observer.note(`channel ${channel} came in without an entry and was ended`);
  }

  #planOf(ddi: string): RoutingPlan | null {
    const e164 = normaliseDdi(ddi, 'GB');
    return e164 === null ? null : this.#deps.plans.byDdi(e164);
  }

  #callOf(event: Entered, entry: Entry): Call {
    const deps = this.#deps;
    const origin = originOf(deps, entry, { id: deps.ids.callId(event.channel), startedAtMs: event.atMs > 0 ? event.atMs : deps.clock.nowMs() });
    return new Call(deps, origin, partyLeg(deps, event.channel, origin.startedAtMs, event.state === 'up'));
  }
}

/** Who calls, whose number was dialled, and where it came from. */
export function originOf(deps: ArrivalDeps, entry: Entry, is: Pick<CallOrigin, 'id' | 'startedAtMs'>): CallOrigin {
  const owner = entry.from === 'phone' ? deps.phoneOwner(entry.name) : null;
  const rules = entry.from === 'trunk' ? deps.trunkRules(entry.name) : null;
  const named = rules?.ddiFrom === 'to' ? entry.toHeader : rules?.ddiFrom === 'diversion' ? entry.diversion : entry.dialled;
  const extension = owner === null ? undefined : deps.plans.byCustomer(owner.customer)?.extensions.get(owner.extension);
  // A number that the carrier does not bring is nobody's over this trunk.
  const wanted = rules === null ? null : normaliseDdi(named, 'GB');
  const ddi = wanted !== null && rules?.brings(wanted) === true ? wanted : null;
  return {
    ...is,
    direction: entry.from === 'trunk' ? 'inbound' : 'internal',
    isTest: rules?.isTest === true || deps.isTestCall(entry.sipCallId),
    dialled: entry.dialled.slice(0, MAX_DIALLED),
    ddi,
    caller: owner === null
      ? parseCaller({ from: entry.fromHeader, pai: entry.assertedIdentity, privacy: entry.privacy }, 'GB')
      : extensionCaller(owner.extension, extension?.name),
    callerEndpoint: entry.from === 'phone' ? entry.name : null,
    callerExtension: owner?.extension ?? null,
    ...PLACED_BY_ITSELF,
    sip: { endpoint: entry.from === 'trunk' ? `trunk-${entry.name}` : entry.name, sourceAddress: entry.remoteAddress, transport: entry.transport, sipCallId: entry.sipCallId },
  };
}

/** The caller's own channel as a leg; its empty `to` tells it from legs that we placed. */
export function partyLeg(deps: CallDeps, channel: string, atMs: number, isUp: boolean): Leg {
  return new Leg(
    deps.hub,
    { channel, to: '', name: '', isTestPhone: false, placedAtMs: atMs, ringingAtMs: null, answeredAtMs: null, endedAtMs: null, result: null, cause: 0, techCause: null },
    isUp ? 'up' : 'entered',
  );
}

function dialledFrom(plan: RoutingPlan, extension: string, raw: string): Dialled {
  const codes = new Set<string>(Object.keys(FEATURES));
  for (const spec of plan.switches.values()) if (spec.featureCode !== null) codes.add(spec.featureCode);
  const outsidePrefix = siteOf(plan, plan.extensions.get(extension) ?? null)?.outsidePrefix ?? null;
  return classifyDialled(raw, {
    extensions: (digits) => plan.extensions.has(digits), featureCodes: codes, country: plan.organisation.country, ...(outsidePrefix === null ? {} : { outsidePrefix }),
  });
}

/** What a phone wants; `cli`: the number that it chose to show. */
interface Wish<D extends Dialled = Dialled> {
  readonly dialled: D;
  readonly cli: E164 | null;
}
type InsideWish = Wish<Exclude<Dialled, { kind: 'emergency' }>>;

/** *61 to *69 before a number: it is called showing the first to ninth of the numbers that the phone may choose among. */
function wishOf(plan: RoutingPlan, extension: string, raw: string): Wish {
  const dialled = dialledFrom(plan, extension, raw);
  const at = dialled.kind === 'feature' && dialled.rest !== '' ? /^\*6([1-9])$/.exec(dialled.code)?.[1] : undefined;
  if (at === undefined || dialled.kind !== 'feature') return { dialled, cli: null };
  const cli = plan.extensions.get(extension)?.outbound.clis[Number(at) - 1] ?? null;
  // A choice that does not exist is the code alone, which says so; an emergency call goes whatever stands before it.
  const behind = dialledFrom(plan, extension, dialled.rest);
  return cli === null && behind.kind !== 'emergency' ? { dialled: { ...dialled, rest: '' }, cli: null } : { dialled: behind, cli };
}

function entryOf(plan: RoutingPlan, ddi: string | null): string {
  for (const entry of plan.numbers.values()) if (entry.ddi === ddi) return entry.entry;
  return plan.failsafe;
}

function callerKey(plan: RoutingPlan, caller: Caller): string {
  const number = caller.number;
  const who = number.kind === 'e164' ? number.e164 : number.kind === 'extension' ? number.number : `${number.kind}:${caller.networkNumber ?? ''}`;
  return `${plan.customer}/${who}`;
}

/** Says in a few words why, then ends: no fast busy. */
async function refuse(call: Call, phrase: string, code: string, detail: string): Promise<CallEnd> {
  await call.save({ kind: 'step', step: '' });
  call.trace({ step: null, kind: 'call', outcome: 'refused', text: detail, next: null, tookFallback: false });
  await play(call, phrases(call, [phrase]), false);
  return { by: 'us', fault: 'none', code, cause: code === 'unknown-number' ? 1 : 21, detail };
}
