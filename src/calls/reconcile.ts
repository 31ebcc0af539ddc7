// After a restart or a lost link: what Asterisk holds, matched with what the state port kept. Each call goes on where it
// was, ends that nobody saw get their record, and what belongs to no call is taken down. Read `Reconciler.run`.
import type { CallEnd } from '../ports/records.ts';
import type { CallSnapshot } from '../ports/state.ts';
import type { ChannelSnapshot, TelephonyEvent } from '../ports/telephony.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import { partyLeg, type ArrivalDeps, type Arrivals } from './arrival.ts';
import { Call } from './call.ts';
import { hungUpBy } from './call-end.ts';
import { Leg } from './leg.ts';
import type { Resume } from './perform.ts';
import { connect, talk } from './verbs/connect.ts';
import { keep } from './verbs/voicemail.ts';
import { walk } from './walk.ts';

/** What Asterisk's own log says about a channel that ended while nobody listened. */
export interface SeenEnd {
  readonly cause: number;
  readonly atMs: number;
}
export interface ReconcileDeps extends ArrivalDeps {
  endOf(channel: string): Promise<SeenEnd | null>;
  /** Snapshots that this process may take: its own from before, or those of processes known dead. */
  mayAdopt(snapshot: CallSnapshot): Promise<boolean>;
}
export interface Reconciled {
  readonly adopted: number;
  readonly endedUnseen: number;
  readonly takenDown: number;
}

/** Ids that we chose begin with what the thing is. */
const OURS = /^(leg|br)-([0-9a-z]+)-/;

export class Reconciler {
  readonly #deps: ReconcileDeps;
  readonly #arrivals: Arrivals;
  readonly #onTaken: (done: Promise<void>) => void;

  /** `onTaken` gets the promise of each adopted call. */
  constructor(deps: ReconcileDeps, arrivals: Arrivals, onTaken: (done: Promise<void>) => void) {
    this.#deps = deps;
    this.#arrivals = arrivals;
    this.#onTaken = onTaken;
  }

  /** Events must be held back until this has settled. Rejects when Asterisk does not answer: try again at the next link. */
  async run(): Promise<Reconciled> {
    const { telephony, state, live } = this.#deps;
    for (const act of live.takeUnfinished()) await act();
    const [channels, bridges, snapshots] = await Promise.all([telephony.listChannels(), telephony.listBridges(), state.listCalls()]);
    const there = new Map(channels.map((channel) => [channel.channel, channel]));
    for (const call of live.all()) this.#catchUp(call, there);
    for (const channel of live.toHangUp) {
      live.toHangUp.delete(channel);
      if (there.delete(channel)) await telephony.hangup(channel, 'normal').catch(() => {});
    }
    let adopted = 0;
    let endedUnseen = 0;
    const keptBridges = new Set<string>(bridges.map((bridge) => bridge.bridge).filter((bridge) => live.get(OURS.exec(bridge)?.[2] ?? '') !== undefined));
    const known = new Set<string>(live.all().flatMap((call) => [call.party.channel, ...call.legs.map((leg) => leg.channel)]));
    for (const snapshot of snapshots) {
      if (live.get(snapshot.id) !== undefined || !(await this.#deps.mayAdopt(snapshot))) continue;
      if (there.has(snapshot.channel)) {
        adopted += 1;
        known.add(snapshot.channel);
        for (const leg of snapshot.legs) if (there.get(leg.channel)?.state !== 'down') known.add(leg.channel);
        if (snapshot.activity.kind === 'connected') keptBridges.add(snapshot.activity.bridge);
        this.#onTaken(this.#adopt(snapshot, there));
      } else {
        endedUnseen += 1;
        this.#onTaken(this.#closeUnseen(snapshot, there));
      }
    }
    this.#takeNew(channels.filter((channel) => there.has(channel.channel)), known);
    const takenDown = await this.#takeDown(channels, bridges.map((bridge) => bridge.bridge).filter((bridge) => !keptBridges.has(bridge)), known);
    return { adopted, endedUnseen, takenDown };
  }

  /** A call of this process: what happened while the link was away is told to it as the events that were lost. */
  #catchUp(call: Call, there: ReadonlyMap<string, ChannelSnapshot>): void {
    const nowMs = this.#deps.clock.nowMs();
    for (const leg of [call.party, ...call.legs]) {
      if (leg.isDestroyed) continue;
      const seen = there.get(leg.channel);
      if (seen === undefined && leg.state !== 'placed') leg.markGone(0, nowMs);
      else if (seen !== undefined && leg.state === 'placed') this.#deps.hub.dispatch({ type: 'entered', channel: leg.channel, args: ['leg'], state: seen.state, name: seen.name, replaces: null, atMs: nowMs });
      else if (seen?.state === 'up' && leg.state !== 'up' && leg.extension !== '') this.#deps.hub.dispatch({ type: 'state', channel: leg.channel, state: 'up', atMs: nowMs });
    }
  }

  #callOf(snapshot: CallSnapshot, isUp: boolean): Call {
    const { id, direction, isTest, dialled, ddi, caller, callerEndpoint, sip, startedAtMs } = snapshot;
    // After a transfer the served party is a leg that was placed for the call.
    const party = snapshot.legs.find((leg) => leg.channel === snapshot.channel);
    const callerExtension = caller.number.kind === 'extension' ? caller.number.number : null;
    const call = new Call(
      this.#deps,
      {
        id, direction: direction === 'outbound' ? 'internal' : direction, isTest, dialled, ddi, caller, callerEndpoint, callerExtension, sip, startedAtMs,
        isClickToDial: snapshot.click !== undefined, explicitCli: snapshot.click?.explicitCli ?? null, purpose: snapshot.click?.purpose ?? null,
      },
      party === undefined ? partyLeg(this.#deps, snapshot.channel, startedAtMs, isUp) : new Leg(this.#deps.hub, party, isUp ? 'up' : 'entered'),
    );
    call.restore(snapshot);
    // The answer may have gone out just before the end of the other process.
    if (isUp) call.markAnswered();
    return call;
  }

  async #adopt(snapshot: CallSnapshot, there: ReadonlyMap<string, ChannelSnapshot>): Promise<void> {
    const deps = this.#deps;
    const call = this.#callOf(snapshot, there.get(snapshot.channel)?.state === 'up');
    const legs = new Map<string, Leg>();
    const down: string[] = [];
    for (const record of snapshot.legs) {
      if (record.channel === snapshot.channel) continue;
      const seen = there.get(record.channel);
      // A leg that is down was never dialled, or has not rung yet: it is taken down and placed again.
      if (seen?.state === 'down') down.push(record.to);
      else if (seen !== undefined) legs.set(record.channel, call.addLeg(record, seen.state === 'up' ? 'up' : 'ringing'));
      else call.keepLegRecord({ ...record, endedAtMs: record.endedAtMs ?? deps.clock.nowMs() });
    }
    deps.live.add(call);
    deps.observer.started(call.view());
    try {
      call.plan = await this.#planOf(snapshot);
      this.#countOn(call);
      if (snapshot.playback !== undefined) await deps.telephony.stopPlayback(snapshot.playback).catch(() => {});
      call.end(await this.#goOn(call, snapshot, legs, down));
    } catch (error) {
      await this.#arrivals.rescue(call, error);
    } finally {
      await call.release();
      deps.live.remove(call);
    }
  }

  /** What an answered outside call uses goes on being counted from its answer. */
  #countOn(call: Call): void {
    for (const decision of call.decisions.all) {
      const { holders, pencePerMinute } = decision.bounds;
      if (decision.answeredAtMs === null || holders.length === 0) continue;
      const running = this.#deps.usage.begin(holders, pencePerMinute, call.plan?.organisation.timeZone ?? 'Europe/London', decision.answeredAtMs);
      call.scope.defer(() => running.end());
    }
  }

  async #goOn(call: Call, snapshot: CallSnapshot, legs: ReadonlyMap<string, Leg>, down: readonly string[]): Promise<CallEnd> {
    const { activity } = snapshot;
    const { plan } = call;
    call.trace({ step: null, kind: 'call', outcome: 'taken-over', text: 'taken over after a restart', next: activity.step, tookFallback: false });
    if (plan === null) return this.#arrivals.serve(call, [...legs.values()]);
    if (activity.step !== '') this.#arrivals.count(call, plan);
    if (activity.kind === 'connected') return this.#goOnTalking(call, plan, activity, legs.get(activity.leg));
    // Not in a step of the plan: a feature code, an emergency call, a refusal. Each can be done again from its beginning.
    if (activity.step === '') return this.#arrivals.serve(call, [...legs.values()]);
    return walk(call, plan, activity.step, resumeOf(activity, legs, down));
  }

  async #goOnTalking(call: Call, plan: RoutingPlan, activity: Extract<CallSnapshot['activity'], { kind: 'connected' }>, leg: Leg | undefined): Promise<CallEnd> {
    if (leg === undefined) {
      await call.deps.telephony.destroyBridge(activity.bridge).catch(() => {});
      return hungUpBy('callee', 16);
    }
    call.trace({ step: activity.step, kind: 'ring', outcome: 'connected', text: `still connected with ${leg.record.name}`, next: null, tookFallback: false });
    const { telephony } = call.deps;
    const bridge = (await telephony.listBridges()).find((one) => one.bridge === activity.bridge);
    const isWhole = bridge !== undefined && [call.party.channel, leg.channel].every((channel) => bridge.channels.includes(channel));
    const destroy = async (): Promise<void> => telephony.destroyBridge(activity.bridge).catch(() => {});
    if (!isWhole) await destroy();
    else call.scope.defer(destroy);
    const result = isWhole
      ? await talk(call, plan, leg, destroy)
      : await connect(call, plan, activity.step, leg, { waiting: { stop: async () => {} }, detail: `connected again with ${leg.record.name}`, bridge: null });
    return result.kind === 'transferred' ? walk(call, plan, result.to) : call.end(hungUpBy('callee', 16));
  }

  async #planOf(snapshot: CallSnapshot): Promise<RoutingPlan | null> {
    if (snapshot.customer === null) return null;
    const pinned = snapshot.planHash === null ? null : await this.#deps.plans.byHash(snapshot.customer, snapshot.planHash).catch(() => null);
    return pinned ?? this.#deps.plans.byCustomer(snapshot.customer);
  }

  /** The call ended while nobody listened: its legs go too, a message is kept, and the record says what Asterisk's log knows. */
  async #closeUnseen(snapshot: CallSnapshot, there: ReadonlyMap<string, ChannelSnapshot>): Promise<void> {
    const { telephony, clock } = this.#deps;
    await Promise.all(snapshot.legs.filter((leg) => there.has(leg.channel)).map((leg) => telephony.hangup(leg.channel, 'normal').catch(() => {})));
    const seen = await this.#deps.endOf(snapshot.channel).catch(() => null);
    const call = this.#callOf(snapshot, false);
    call.plan = await this.#planOf(snapshot);
    const endedAtMs = seen?.atMs ?? clock.nowMs();
    for (const leg of snapshot.legs) {
      if (leg.channel !== snapshot.channel) call.keepLegRecord({ ...leg, endedAtMs: leg.endedAtMs ?? endedAtMs, result: leg.result ?? 'caller-left' });
    }
    call.end({
      by: 'caller', fault: 'none', code: 'ended-unseen', cause: seen?.cause ?? 0,
      detail: seen === null ? 'ended while the application was away' : "closed from Asterisk's log",
    });
    call.party.markGone(seen?.cause ?? 0, endedAtMs);
    const { activity } = snapshot;
    const step = call.plan?.steps.get(activity.step);
    const box = step?.kind === 'voicemail' ? call.plan?.mailboxes.get(step.mailbox) : undefined;
    if (activity.kind === 'recording' && call.plan !== null && box !== undefined) {
      await keep(call, call.plan, box, { name: activity.recording, durationMs: Math.max(0, (seen?.atMs ?? clock.nowMs()) - activity.sinceMs) });
    }
    await call.release();
  }

  /** Calls that came in while the link was away: their arrival is told now. */
  #takeNew(channels: readonly ChannelSnapshot[], known: Set<string>): void {
    for (const channel of channels) {
      if (channel.args === null || known.has(channel.channel) || channel.args[0] === 'leg') continue;
      known.add(channel.channel);
      const event: Extract<TelephonyEvent, { type: 'entered' }> = {
        type: 'entered', channel: channel.channel, args: channel.args, state: channel.state, name: channel.name, replaces: null, atMs: channel.createdAtMs,
      };
      this.#onTaken(this.#arrivals.take(event));
    }
  }

  /** Legs and bridges with an id of ours that no call owns. Nothing that is not ours by its id is ever touched. */
  async #takeDown(channels: readonly ChannelSnapshot[], bridges: readonly string[], known: ReadonlySet<string>): Promise<number> {
    const { telephony } = this.#deps;
    const legs = channels.filter((one) => OURS.test(one.channel) && !known.has(one.channel)).map((one) => one.channel);
    const empty = bridges.filter((bridge) => OURS.test(bridge));
    await Promise.all([...legs.map((leg) => telephony.hangup(leg, 'normal').catch(() => {})), ...empty.map((bridge) => telephony.destroyBridge(bridge).catch(() => {}))]);
    return legs.length + empty.length;
  }
}

/** Where the step goes on; null = it is performed from its beginning. */
function resumeOf(activity: CallSnapshot['activity'], legs: ReadonlyMap<string, Leg>, down: readonly string[]): Resume | null {
  if (activity.kind === 'recording') return { kind: 'recording', recording: activity.recording, sinceMs: activity.sinceMs };
  if (activity.kind !== 'ringing') return null;
  // Who refused meanwhile is not rung again; who was never rung is.
  return { kind: 'ringing', legs: activity.legs.flatMap((leg) => legs.get(leg.channel) ?? []), untilMs: activity.untilMs, remaining: [...down, ...(activity.remaining ?? [])] };
}
