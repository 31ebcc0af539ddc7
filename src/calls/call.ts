// One live call: the party being served, everything it caused, and the end it came to. It owns what must die with it.
// Verbs (verbs/*.ts) do the talking; this file keeps identity, signal, trace, state and clean-up. Read `release` last.
import type { Caller } from '../numbering/caller.ts';
import type { E164 } from '../numbering/e164.ts';
import type { Purpose } from '../routing/outbound.ts';
import type { RoutingPlan, StepId } from '../routing/plan.ts';
import type { CallEnd, CallRecord, LegRecord, SipOrigin, TraceLine } from '../ports/records.ts';
import type { LiveCall } from '../ports/observer.ts';
import type { CallActivity, CallSnapshot } from '../ports/state.ts';
import { TelephonyError, type HangupReason } from '../ports/telephony.ts';
import { CallEnded, hungUpBy, ourFault, ownPhoneNotReached, reasonFor } from './call-end.ts';
import { Decisions } from './decisions.ts';
import type { CallDeps } from './deps.ts';
import { DigitBuffer } from './digits.ts';
import { endLeg } from './end-leg.ts';
import { Leg } from './leg.ts';
import { Scope } from './scope.ts';
import { wait } from './wait.ts';

export interface CallOrigin {
  readonly id: string;
  readonly direction: 'inbound' | 'internal';
  readonly isTest: boolean;
  /** As received, bounded. */
  readonly dialled: string;
  readonly ddi: string | null;
  readonly caller: Caller;
  /** Endpoint of the phone that placed it; null for calls from a trunk. */
  readonly callerEndpoint: string | null;
  readonly callerExtension: string | null;
  readonly sip: SipOrigin;
  readonly startedAtMs: number;
  /** Somebody's phone was rung for it, instead of somebody dialling. */
  readonly isClickToDial: boolean;
  /** Number to show and purpose, where the request named them. */
  readonly explicitCli: E164 | null;
  readonly purpose: Purpose | null;
}
/** A call that came in by itself. */
export const PLACED_BY_ITSELF = { isClickToDial: false, explicitCli: null, purpose: null } as const;

/** How long a refused request may be followed by the hang-up that explains it. */
const HANGUP_GRACE_MS = 300;

export class Call {
  readonly origin: CallOrigin;
  readonly deps: CallDeps;
  readonly digits = new DigitBuffer();
  readonly scope: Scope;
  /** Its attempts to leave. */
  readonly decisions = new Decisions();
  readonly variables = new Map<string, string>();
  readonly secrets = new Set<string>();
  plan: RoutingPlan | null = null;
  adoptions = 0;
  readonly #abort = new AbortController();
  readonly #legs: Leg[] = [];
  /** Legs that had ended before this process took the call over. */
  readonly #pastLegs: LegRecord[] = [];
  /** How legs are ended that must be told something before. */
  readonly #endings = new Map<Leg, () => Promise<void>>();
  readonly #trace: TraceLine[] = [];
  #direction: CallRecord['direction'];
  #party: Leg;
  #offParty: () => void;
  #armed: CallEnd = ourFault('flow-escaped');
  #end: CallEnd | null = null;
  #answeredAtMs: number | null = null;
  #serial = 0;
  #activity: CallActivity = { kind: 'step', step: '' };
  #stepSinceMs: number;
  #playback: string | null = null;

  constructor(deps: CallDeps, origin: CallOrigin, party: Leg) {
    this.deps = deps;
    this.origin = origin;
    this.#direction = origin.direction;
    this.scope = new Scope(deps.clock, (what) => deps.observer.note(`clean-up of call ${origin.id}: ${what}`, { call: origin.id }));
    this.#party = party;
    this.#stepSinceMs = origin.startedAtMs;
    this.#offParty = this.#follow(party);
  }

  get id(): string {
    return this.origin.id;
  }
  /** Aborts once, with a CallEnded as its reason. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }
  /** The channel being served: the caller, or whoever took the caller's place after a transfer. */
  get party(): Leg {
    return this.#party;
  }
  get answeredAtMs(): number | null {
    return this.#answeredAtMs;
  }
  get isAnswered(): boolean {
    return this.#answeredAtMs !== null;
  }
  get legs(): readonly Leg[] {
    return this.#legs;
  }

  /** `pb-<call>-<n>`: says what a thing is and whose. */
  newId(kind: 'leg' | 'br' | 'pb' | 'rec'): string {
    this.#serial += 1;
    return `${kind}-${this.id}-${this.deps.owner}${this.#serial}`;
  }

  /** What the call ends as when nothing better is known. */
  armEnd(end: CallEnd): void {
    this.#armed = end;
  }

  /** First end wins; later ones are ignored. Aborts the signal. */
  end(end: CallEnd): CallEnd {
    if (this.#end === null) {
      this.#end = end;
      this.#abort.abort(new CallEnded(end));
    }
    return this.#end;
  }

  /** Answers the caller once; the record holds when. */
  async answer(): Promise<void> {
    if (this.isAnswered) return;
    const startedMs = this.deps.clock.monotonicMs();
    await this.onParty(this.deps.telephony.answer(this.#party.channel));
    this.markAnswered();
    this.deps.observer.timed('answer', this.deps.clock.monotonicMs() - startedMs);
  }

  markAnswered(atMs?: number): void {
    this.#answeredAtMs ??= atMs ?? this.deps.clock.nowMs();
  }

  /**
   * Awaits a request about the served party. A 404 on it is the hang-up, never an error; a refusal is given a moment
   * in which the hang-up that explains it can arrive.
   */
  async onParty<T>(request: Promise<T>): Promise<T> {
    try {
      const result = await request;
      this.signal.throwIfAborted();
      return result;
    } catch (error) {
      this.signal.throwIfAborted();
      if (error instanceof TelephonyError && error.fault === 'gone') {
        this.#party.markGone(0, this.deps.clock.nowMs());
        this.signal.throwIfAborted();
      }
      if (error instanceof TelephonyError && error.fault === 'refused') {
        await wait<never>(this.deps.clock, this.signal, HANGUP_GRACE_MS, () => () => {});
      }
      throw error;
    }
  }

  /** Registers a leg before its request leaves. */
  addLeg(record: LegRecord, state: 'placed' | 'entered' | 'ringing' | 'up' = 'placed'): Leg {
    const leg = new Leg(this.deps.hub, record, state);
    this.#legs.push(leg);
    return leg;
  }

  /** The call leaves, whoever began it. */
  goesOut(): void {
    if (this.#direction === 'internal') this.#direction = 'outbound';
  }

  /** The entry of a leg that another process saw end stays in the record. */
  keepLegRecord(record: LegRecord): void {
    this.#pastLegs.push(record);
  }

  /** After a transfer: `leg` is the one being served from now on. The old party may leave without ending the call. */
  serve(leg: Leg): void {
    this.#offParty();
    const before = this.#party;
    if (!this.#legs.includes(before)) this.#legs.push(before);
    const at = this.#legs.indexOf(leg);
    if (at >= 0) this.#legs.splice(at, 1);
    this.digits.clear();
    this.#party = leg;
    this.#offParty = this.#follow(leg);
  }

  /** One line of the trace: log, record and live pages get the same. */
  trace(line: Omit<TraceLine, 'atMs'>): void {
    const full: TraceLine = { atMs: this.deps.clock.nowMs(), ...line };
    // A plan that goes round for hours must not grow a record without bound.
    if (this.#trace.length < 1_000) this.#trace.push(full);
    this.deps.observer.traced(this.view(), full);
  }

  /** Keeps what another process needs, before the act it describes. A store that fails never ends a call. */
  async save(activity: CallActivity): Promise<void> {
    if (activity.step !== this.#activity.step) this.#stepSinceMs = this.deps.clock.nowMs();
    this.#activity = activity;
    try {
      await this.deps.state.putCall(this.snapshot());
    } catch (error) {
      this.deps.observer.alarm('state-store', `The state of live calls could not be kept: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.signal.throwIfAborted();
  }

  /** The call is at `step` now; kept with the next act, because deciding alone changes nothing for the caller. */
  enter(step: StepId): void {
    this.#activity = { kind: 'step', step };
    this.#stepSinceMs = this.deps.clock.nowMs();
  }

  /** Keeps what the party hears, before it is played. */
  async savePlayback(playback: string): Promise<void> {
    this.#playback = playback;
    await this.save(this.#activity);
  }

  view(): LiveCall {
    const activity = this.#activity;
    return {
      id: this.id,
      customer: this.plan?.customer ?? null,
      direction: this.#direction,
      isTest: this.origin.isTest,
      dialled: this.origin.dialled,
      caller: callerText(this.origin.caller),
      startedAtMs: this.origin.startedAtMs,
      answeredAtMs: this.#answeredAtMs,
      step: activity.step === '' ? null : activity.step,
      stepSinceMs: this.#stepSinceMs,
    };
  }

  /** Takes up what another process had kept. */
  restore(snapshot: CallSnapshot): void {
    this.#answeredAtMs = snapshot.answeredAtMs;
    this.#activity = snapshot.activity;
    for (const [name, value] of snapshot.variables) this.variables.set(name, value);
    for (const name of snapshot.secretVariables) this.secrets.add(name);
    this.#trace.push(...snapshot.trace);
    this.#direction = snapshot.direction;
    this.decisions.restore(snapshot.decisions ?? []);
    this.adoptions += 1;
  }

  /** Clean-up in the switch: what is gone already is fine, what finds no link is done when it is back. Never rejects. */
  async cleanUp(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (error instanceof TelephonyError && error.fault === 'no-link') this.deps.live.whenBack(() => this.cleanUp(act));
    }
  }

  /** Ends one leg and sees it gone. Never rejects. */
  endLeg(leg: Leg, reason: HangupReason): Promise<void> {
    return endLeg(this.deps, this.id, leg, reason);
  }

  /** `release` ends the leg by `ending`, which never rejects, and soon; null = as any other. */
  endWith(leg: Leg, ending: (() => Promise<void>) | null): void {
    if (ending === null) this.#endings.delete(leg);
    else this.#endings.set(leg, ending);
  }

  /** Undoes everything, ends every leg, leaves exactly one record. Runs un-aborted; never rejects. */
  async release(): Promise<void> {
    const startedMs = this.deps.clock.monotonicMs();
    const end = this.end(this.#armed);
    const nowMs = this.deps.clock.nowMs();
    for (const leg of this.#legs) leg.settle(end.by === 'caller' ? 'caller-left' : 'answered-elsewhere', nowMs);
    await Promise.all([
      this.scope.release(),
      ...this.#legs.filter((leg) => !leg.isDestroyed).map((leg) => this.#endings.get(leg)?.() ?? this.endLeg(leg, 'normal')),
      this.#party.isDestroyed ? Promise.resolve() : this.endLeg(this.#party, reasonFor(end)),
    ]);
    const record = this.#record(end);
    this.#handOver(record);
    try {
      await this.deps.state.removeCall(this.id);
    } catch (error) {
      this.deps.observer.alarm('state-store', `An ended call could not be removed from the state: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#offParty();
    this.#party.release();
    for (const leg of this.#legs) leg.release();
    this.deps.observer.ended(record);
    this.deps.observer.timed('release', this.deps.clock.monotonicMs() - startedMs);
  }

  #handOver(record: CallRecord): void {
    try {
      this.deps.records.putRecord(record);
      const otherwise = record.end.by === 'caller' ? 'caller-left' : record.end.code;
      for (const decision of this.decisions.close(record.endedAtMs, otherwise)) this.deps.decisions.putDecision(decision);
    } catch (error) {
      this.deps.observer.alarm('records', `The record of call ${this.id} could not be handed over: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Listens to the served party: digits into the buffer, its going into the signal. */
  #follow(leg: Leg): () => void {
    const offDigits = this.deps.hub.on(leg.channel, (event) => {
      if (event.type === 'digit') this.digits.push(event.digit);
    });
    const onGone = (): void => {
      const isPlacer = this.#isPlacer(leg);
      const cause = leg.gone?.cause ?? 0;
      // A phone that was rung for its own person and never picked up: nobody has called anybody yet.
      if (isPlacer && this.origin.isClickToDial && leg.state === 'gone' && leg.record.answeredAtMs === null) {
        this.end(ownPhoneNotReached(leg.record.name, cause));
      } else this.end(hungUpBy(isPlacer ? 'caller' : 'callee', cause));
    };
    leg.signal.addEventListener('abort', onGone);
    if (leg.signal.aborted) onGone();
    return () => {
      offDigits();
      leg.signal.removeEventListener('abort', onGone);
    };
  }

  /** Who began the call, or for whom it was placed. */
  #isPlacer(leg: Leg): boolean {
    return leg.extension === '' || (this.origin.isClickToDial && leg.extension === this.origin.callerExtension);
  }

  snapshot(): CallSnapshot {
    const origin = this.origin;
    const decisions = this.decisions.drafts();
    return {
      id: origin.id,
      channel: this.#party.channel,
      owner: this.deps.owner,
      customer: this.plan?.customer ?? null,
      planHash: this.plan?.hash ?? null,
      direction: this.#direction,
      isTest: origin.isTest,
      dialled: origin.dialled,
      ddi: origin.ddi,
      caller: origin.caller,
      callerEndpoint: origin.callerEndpoint,
      ...(origin.isClickToDial ? { click: { explicitCli: origin.explicitCli, purpose: origin.purpose } } : {}),
      startedAtMs: origin.startedAtMs,
      answeredAtMs: this.#answeredAtMs,
      activity: this.#activity,
      ...(this.#playback === null ? {} : { playback: this.#playback }),
      variables: [...this.variables],
      secretVariables: [...this.secrets],
      trace: this.#trace,
      legs: this.#legRecords(),
      ...(decisions.length === 0 ? {} : { decisions }),
      sip: origin.sip,
    };
  }

  #record(end: CallEnd): CallRecord {
    const origin = this.origin;
    return {
      id: origin.id,
      customer: this.plan?.customer ?? null,
      planVersion: this.plan?.version ?? null,
      planHash: this.plan?.hash ?? null,
      direction: this.#direction,
      isTest: origin.isTest,
      dialled: origin.dialled,
      ddi: origin.ddi,
      caller: origin.caller,
      startedAtMs: origin.startedAtMs,
      answeredAtMs: this.#answeredAtMs,
      endedAtMs: this.#party.record.endedAtMs ?? this.deps.clock.nowMs(),
      end,
      trace: [...this.#trace],
      legs: this.#legRecords().filter((leg) => leg.to !== '').sort((a, b) => a.placedAtMs - b.placedAtMs),
      sip: origin.sip,
      adoptions: this.adoptions,
    };
  }

  /** After a transfer the served party is itself a leg that we placed. */
  #legRecords(): LegRecord[] {
    const party = this.#party.extension === '' ? [] : [this.#party.record];
    return [...this.#pastLegs, ...this.#legs.map((leg) => leg.record), ...party];
  }

  /** What the call is doing, as it was last kept. */
  get activity(): CallActivity {
    return this.#activity;
  }
}

function callerText(caller: Caller): string {
  switch (caller.number.kind) {
    case 'e164': return caller.number.e164;
    case 'extension': return caller.number.number;
    case 'withheld': return 'Withheld';
    case 'none': return 'No number sent';
    case 'other': return caller.number.text;
  }
}
