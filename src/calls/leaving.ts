// May this call leave, showing what and over which trunks: permission, PIN, limits, the number shown, the route, asked in
// that order and written down as they are asked. Nothing is dialled here. Read `mayLeave` first.
import type { CliAttempt } from '../compliance/attempt.ts';
import { chooseCli, wantedCli, type CliWishes } from '../compliance/choose-cli.ts';
import { limitReasons, longestCallMs, type Holder } from '../compliance/limits.ts';
import type { AllowedVerdict, Reason } from '../compliance/verdict.ts';
import { destinationOf, type Leavable } from '../numbering/destination.ts';
import { formatNumber, type E164 } from '../numbering/e164.ts';
import type { DecisionRecord } from '../ports/decisions.ts';
import type { DestinationClass, Purpose } from '../routing/outbound.ts';
import { permit } from '../routing/permission.ts';
import type { Extension, RoutingPlan } from '../routing/plan.ts';
import type { OutboundTrunk } from '../trunks/trunk.ts';
import type { Call } from './call.ts';
import { Decision } from './decision.ts';
import type { KeptUsage, RunningCall } from './usage.ts';
import { ask } from './verbs/keys.ts';
import { phrases } from './verbs/speak.ts';

export interface LeaveRequest {
  readonly origin: DecisionRecord['origin'];
  readonly dialled: Leavable;
  /** As dialled, for the record. */
  readonly raw: string;
  /** On whose behalf; null = the customer's own (a ring step's outside member). */
  readonly extension: Extension | null;
  readonly purpose: Purpose;
  /** A number that the user or the API asked for. */
  readonly explicit: E164 | null;
  /** The served party may be asked for a PIN. */
  readonly mayAskPin: boolean;
}

/** Everything that placing the call needs; made here alone. */
export interface Leave {
  readonly decision: Decision;
  readonly verdict: AllowedVerdict;
  /** E.164, or digits as they go to the carrier. */
  readonly destination: string;
  readonly trunks: readonly OutboundTrunk[];
  /** Counts against the limits from now on; ends with the call, or when whoever placed it says so. */
  readonly running: RunningCall;
}
/** `phrase`: what the caller hears, in a few words. */
export interface Refused {
  readonly decision: Decision;
  readonly rule: string;
  readonly text: string;
  readonly phrase: string;
}
export type MayLeave = { readonly kind: 'may'; readonly leave: Leave } | { readonly kind: 'refused'; readonly refused: Refused };

const PIN_TIMERS = { firstDigitMs: 7_000, interDigitMs: 4_000, overallMs: 20_000 };
const PIN_TRIES = 3;
const VERSION = '2026-11-22';

/** The answer and its evidence, which is part of the call from here on. Rejects with the call's end alone. */
export async function mayLeave(call: Call, plan: RoutingPlan, request: LeaveRequest): Promise<MayLeave> {
  const { desk } = call.deps;
  const { dialled, extension } = request;
  const to = destinationOf(dialled);
  const destinationClass = to.class;
  const destination = destinationText(dialled);
  const decision = call.decisions.add(begun(call, plan, request, { destination, destinationClass, country: to.country }));
  const refuse = (rule: string, text: string, phrase: string): MayLeave => {
    decision.refuse(rule);
    return { kind: 'refused', refused: { decision, rule, text, phrase } };
  };
  const deny = (rule: string, text: string, phrase: string): MayLeave => {
    decision.add([{ rule, version: VERSION, outcome: 'deny', text }]);
    return refuse(rule, text, phrase);
  };

  if (plan.outbound.isSuspended) return deny('suspended', `Outgoing calls of ${plan.organisation.name} are suspended.`, 'outgoing-suspended');
  const loop = loopOf(call, plan, request);
  if (loop !== null) return deny('forward-loop', loop, 'destination-not-allowed');
  const permitted = permit(plan, extension?.number ?? null, to);
  decision.add([{ rule: permitted.rule, version: permitted.version, outcome: permitted.permission === 'denied' ? 'deny' : 'allow', text: permitted.text }]);
  if (permitted.permission === 'denied') return refuse(permitted.rule, permitted.text, 'destination-not-allowed');
  if (permitted.permission === 'pin') {
    const pin = await pinOf(call, plan, request);
    decision.add([pin]);
    if (pin.outcome === 'deny') return refuse(pin.rule, pin.text, 'destination-not-allowed');
  }

  const verdict = chooseCli(wishesOf(plan, request), cliFactsOf(call, plan, request));
  const pencePerMinute = desk.pencePerMinute(destination, destinationClass);
  const kept = await keptOf(call, plan, extension);
  call.signal.throwIfAborted();
  // From the look at what is used to the counting nothing may come between: two calls at once must not both be the last.
  const holders = holdersOf(call, plan, extension, kept);
  const limits = limitReasons(holders.map(({ holder }) => holder));
  decision.add(limits);
  const reached = limits.find(({ outcome }) => outcome === 'deny');
  if (reached !== undefined) return refuse(reached.rule, reached.text, 'outgoing-limit-reached');
  decision.add(verdict.reasons);
  if (!verdict.allow) return refuse(verdict.rule, verdict.reasons.find(({ rule }) => rule === verdict.rule)?.text ?? verdict.rule, 'number-may-not-be-shown');
  decision.shows(verdict);

  const trunks = desk.route(plan, destinationClass);
  if (trunks.length === 0) {
    call.deps.observer.alarm('no-trunk', `No trunk could take a call of ${plan.customer} to ${destinationClass}: see genvoice trunks list`);
    return deny('no-trunk', 'no trunk is free for this call', 'all-lines-busy');
  }
  const keys = [...new Set(holders.map(({ key }) => key))];
  decision.isBoundBy({ holders: keys, pencePerMinute, longestMs: longestCallMs(holders.map(({ holder }) => holder), pencePerMinute) });
  const running = call.deps.usage.begin(keys, pencePerMinute, plan.organisation.timeZone);
  call.scope.defer(() => running.end());
  return {
    kind: 'may',
    leave: {
      decision, verdict, destination, trunks, running,
    },
  };
}

/** Why sending the call there would bring it back to where it came from; null = it would not. */
function loopOf(call: Call, plan: RoutingPlan, { origin, dialled }: LeaveRequest): string | null {
  if (dialled.kind !== 'e164' || (origin !== 'ring-step' && origin !== 'forward' && origin !== 'transfer')) return null;
  const { caller } = call.origin;
  const isCaller = [caller.number.kind === 'e164' ? caller.number.e164 : undefined, caller.networkNumber].includes(dialled.e164);
  if (isCaller) return `${formatNumber(dialled.e164)} is the caller's own number.`;
  return plan.numbers.has(dialled.e164) ? `${formatNumber(dialled.e164)} is a number of ${plan.organisation.name}: the call would come back.` : null;
}

/** What goes to the carrier: relay prefixes belong to the number, 141 and 1470 are ours to act on. */
function destinationText(dialled: Leavable): string {
  if (dialled.kind === 'short-code') return dialled.digits;
  const { relay } = dialled.prefixes;
  return relay === undefined || !dialled.e164.startsWith('+44') ? dialled.e164 : `${relay}0${dialled.e164.slice(3)}`;
}

function begun(
  call: Call, plan: RoutingPlan, request: LeaveRequest, to: { destination: string; destinationClass: DestinationClass; country: string | null },
): ConstructorParameters<typeof Decision>[0] {
  const wish = wantedCli(wishesOf(plan, request));
  return {
    id: `${call.id}-d${call.decisions.size + 1}`, callId: call.id, customer: plan.customer, extension: request.extension?.number ?? null, atMs: call.deps.clock.nowMs(), origin: request.origin,
    input: {
      dialled: request.raw.slice(0, 128), destination: to.destination, class: to.destinationClass, country: to.country, purpose: request.purpose,
      wantedCli: wish?.wanted ?? null, source: wish?.source ?? null, isWithheld: request.dialled.prefixes.withhold === true,
    },
    reasons: [], refusedBy: null, presentation: null, network: null, planHash: plan.hash, holders: [], pencePerMinute: null, longestMs: null, attempts: [], answeredAtMs: null, end: null,
  };
}

function wishesOf(plan: RoutingPlan, { extension, explicit }: LeaveRequest): CliWishes {
  const outbound = extension?.outbound;
  const site = siteOf(plan, extension);
  return {
    explicit, campaign: null, agent: null, extension: outbound?.cli ?? null, site: site?.cli ?? null, customer: plan.outbound.cli,
    choices: [...(outbound?.clis ?? []), ...(outbound?.cli === null || outbound === undefined ? [] : [outbound.cli])], fallBackTo: plan.outbound.fallBackTo,
  };
}

function cliFactsOf(call: Call, plan: RoutingPlan, request: LeaveRequest): Omit<CliAttempt, 'wanted' | 'source'> {
  return {
    ...call.deps.desk.cliFacts(plan), nowMs: call.deps.clock.nowMs(), customer: plan.customer, timeZone: plan.organisation.timeZone, planHash: plan.hash, extension: request.extension?.number ?? null,
    site: request.extension?.outbound.site ?? null, purpose: request.purpose, isWithheld: request.dialled.prefixes.withhold === true, defaultCli: plan.outbound.cli, alsoShow: plan.outbound.alsoShow,
  };
}

export function siteOf(plan: RoutingPlan, extension: Extension | null) {
  const id = extension?.outbound.site ?? null;
  return id === null ? null : (plan.sites.get(id) ?? null);
}

interface Kept {
  readonly customer: KeptUsage;
  readonly extension: KeptUsage;
}

async function keptOf(call: Call, plan: RoutingPlan, extension: Extension | null): Promise<Kept> {
  const { usage } = call.deps;
  const zone = plan.organisation.timeZone;
  const [customer, own] = await Promise.all([usage.kept(plan.customer, zone), extension === null ? { ms: 0, pence: 0 } : usage.kept(`${plan.customer}/${extension.number}`, zone)]);
  return { customer, extension: own };
}

function holdersOf(call: Call, plan: RoutingPlan, extension: Extension | null, kept: Kept): readonly { readonly key: string; readonly holder: Holder }[] {
  const { usage } = call.deps;
  const holders = [{ key: plan.customer, holder: { who: plan.organisation.name, limits: plan.outbound.limits, usage: usage.now(plan.customer, kept.customer) } }];
  if (extension === null) return holders;
  const key = `${plan.customer}/${extension.number}`;
  const used = usage.now(key, kept.extension);
  const who = `extension ${extension.number}`;
  const groups = extension.outbound.groups.flatMap((id) => plan.groups.get(id)?.outbound.limits ?? []);
  return [{ key, holder: { who, limits: extension.outbound.limits, usage: used } }, ...groups.map((limits) => ({ key, holder: { who, limits, usage: used } })), ...holders];
}

async function pinOf(call: Call, plan: RoutingPlan, { extension, mayAskPin }: LeaveRequest): Promise<Reason> {
  const reason = (outcome: Reason['outcome'], text: string): Reason => ({ rule: 'destination-pin', version: VERSION, outcome, text });
  if (!mayAskPin || extension === null) return reason('deny', 'This destination needs a PIN, which can only be asked for on a phone.');
  for (let round = 0; round < PIN_TRIES; round += 1) {
    const say = phrases(call, [...(round === 0 ? [] : ['wrong-pin']), 'enter-pin']);
    const keys = await ask(call, { say, bargeIn: true, timers: PIN_TIMERS, state: (typed) => (typed.endsWith('#') || typed.length >= 12 ? 'match' : 'wait') });
    const pin = keys.replace('#', '');
    // Who presses nothing has guessed nothing: it brings nobody nearer to a lock.
    if (pin === '') continue;
    const verdict = await call.deps.desk.checkPin(plan.customer, extension.number, pin);
    call.signal.throwIfAborted();
    switch (verdict) {
      case 'right': return reason('allow', 'The PIN was right.');
      case 'not-set': return reason('deny', `Extension ${extension.number} has no PIN, and this destination needs one. An administrator sets it.`);
      case 'locked': return reason('deny', `The PIN of extension ${extension.number} is locked after too many wrong ones.`);
      case 'wrong': break;
    }
  }
  return reason('deny', `The PIN was wrong ${PIN_TRIES} times.`);
}
