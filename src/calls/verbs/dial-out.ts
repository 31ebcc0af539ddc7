// Dials an outside number over one trunk after the other until somebody is reached, refuses or is known not to answer.
// Failover only where the matrix says so, and never while a phone may still ring. Read `dialOut`.
import { afterFailure, WATCH, type AfterFailure, type TrunkOutcome } from '../../trunks/failover.ts';
import { trunkLeg, type Forwarded, type TrunkLegSpec } from '../../trunks/header-recipe.ts';
import type { OutboundTrunk } from '../../trunks/trunk.ts';
import type { Call } from '../call.ts';
import type { Leave } from '../leaving.ts';
import type { Leg } from '../leg.ts';
import { pause } from '../wait.ts';
import { dial, dialOn, type DialOptions, type DialResult } from './dial.ts';

export interface DialOutOptions {
  readonly name: string;
  readonly ringMs: number;
  /** Aborts when nobody wants the call any more. */
  readonly wanted: AbortSignal;
  readonly forwarded?: Forwarded;
  readonly isAsked?: boolean;
  readonly onEarlyMedia: (leg: Leg) => void;
  /** A leg exists on this trunk and its INVITE is about to leave: kept before it rings. */
  readonly onPlaced: (leg: Leg) => void;
  /** Called before another trunk is tried: what the attempt before let the caller hear is over. */
  readonly onNext: () => Promise<void>;
  /** A leg that another process had ringing for this destination. */
  readonly ringing?: Leg | undefined;
}

/** What the attempts came to; `result` as the failover matrix names it. */
export type DialOutResult =
  | { readonly kind: 'answered'; readonly leg: Leg; readonly trunk: OutboundTrunk }
  | { readonly kind: 'failed'; readonly result: AfterFailure['result']; readonly cause: number; readonly text: string };

/** Rejects only with the call's own end. Every attempt stands in the decision, with what followed from it. */
export async function dialOut(call: Call, leave: Leave, options: DialOutOptions): Promise<DialOutResult> {
  const { clock } = call.deps;
  const untilMs = clock.monotonicMs() + options.ringMs;
  let last: DialOutResult = { kind: 'failed', result: 'trunk-failed', cause: 34, text: 'no trunk could be tried' };
  for (const [index, trunk] of routeOf(leave, options.ringing).entries()) {
    if (index > 0) await options.onNext();
    const leftMs = untilMs - clock.monotonicMs();
    if (leftMs <= 0) break;
    const result = await attempt(call, leave, trunk, { ...options, ringMs: leftMs, ringing: index === 0 ? options.ringing : undefined });
    const outcome = outcomeOf(result);
    const after = afterFailure(outcome, result.leg.record.ringingAtMs !== null || result.leg.hadProgress);
    call.deps.desk.report(trunk.id, after);
    leave.decision.settles(result.kind, after.next === 'next-trunk' ? `${after.why}: the next trunk` : after.why, after.risk);
    if (result.kind === 'answered') return { kind: 'answered', leg: result.leg, trunk };
    last = { kind: 'failed', result: after.result, cause: result.cause, text: `${trunk.name}: ${after.why}` };
    if (after.next === 'stop') return last;
    call.trace({ step: null, kind: 'call', outcome: 'next-trunk', text: `${trunk.name}: ${after.why}`, next: null, tookFallback: true });
    // A carrier that said 100 has taken the call: our CANCEL needs its time to arrive before anybody else is asked to ring.
    if (outcome.kind === 'silent' && outcome.after === 'trying' && !outcome.isDead) await pause(clock, options.wanted, WATCH.cancelMs);
  }
  return last;
}

/**
 * The trunk of a leg that rings already comes first. Another process may have sent a call to a trunk that had not said
 * anything when it died: that one is not asked again while there is another, because its phone may be about to ring.
 */
function routeOf({ trunks, decision }: Leave, ringing: Leg | undefined): readonly OutboundTrunk[] {
  const its = ringing === undefined ? undefined : decision.trunkOf(ringing.channel);
  const tried = decision.triedBefore();
  const fresh = trunks.filter(({ id }) => id !== its && !tried.has(id));
  const route = [...trunks.filter(({ id }) => id === its), ...fresh];
  return route.length > 0 ? route : trunks;
}

async function attempt(call: Call, leave: Leave, trunk: OutboundTrunk, options: DialOutOptions): Promise<DialResult> {
  const { clock, desk, telephony } = call.deps;
  const spec: TrunkLegSpec = trunkLeg(leave.verdict, trunk, leave.destination, options.forwarded);
  const dialOptions: DialOptions = {
    to: leave.destination, name: options.name, endpoint: spec, ringMs: options.ringMs, variables: {}, wanted: options.wanted, onEarlyMedia: options.onEarlyMedia, isAsked: options.isAsked === true,
    silence: { nothingMs: WATCH.nothingMs, tryingMs: WATCH.tryingMs, hasResponse: (channel) => telephony.hasResponse(channel) },
    // A process that takes over must know whether anything can have arrived at this carrier.
    onDialling: async () => {
      leave.decision.dials(clock.nowMs());
      await call.save(call.activity);
    },
    onPlaced: (leg) => {
      const giveBack = desk.takeChannel(trunk.id);
      leg.signal.addEventListener('abort', giveBack, { once: true });
      call.scope.defer(async () => giveBack());
      leave.decision.tries(trunk.id, leg, clock.nowMs());
      options.onPlaced(leg);
    },
  };
  return options.ringing === undefined ? dial(call, dialOptions) : dialOn(call, options.ringing, dialOptions);
}

function outcomeOf(result: DialResult): TrunkOutcome {
  if (result.kind === 'answered' || result.kind === 'cancelled') return { kind: result.kind };
  if (result.kind === 'silent') return { kind: 'silent', after: result.after, isDead: false };
  const { gone } = result.leg;
  // Our own ring time: Asterisk calls it soft, or has not told of an end at all.
  if (result.kind === 'no-answer' && gone?.soft !== false) return { kind: 'no-answer' };
  if (gone !== null && gone.techCause !== null) return { kind: 'refused', sipCode: gone.techCause, cause: gone.cause };
  return gone === null && result.cause === 20 ? { kind: 'unreachable' } : { kind: 'failed', cause: result.cause };
}
