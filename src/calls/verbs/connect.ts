// Puts the served party and a leg into one bridge and stays until either side leaves or asks to be sent elsewhere.
import type { RoutingPlan, StepId } from '../../routing/plan.ts';
import { TelephonyError, type BridgeId } from '../../ports/telephony.ts';
import type { Call } from '../call.ts';
import { hungUpBy } from '../call-end.ts';
import type { Leg, TransferRequest } from '../leg.ts';
import { overLink } from '../link-back.ts';
import { DEADLINE, wait } from '../wait.ts';
import type { Waiting } from './hear-waiting.ts';

/** `transferred`: one party asked (REFER) for another extension; the other one is served there now. */
export type ConnectResult = { readonly kind: 'ended' } | { readonly kind: 'transferred'; readonly to: StepId; readonly detail: string };

export interface ConnectOptions {
  readonly waiting: Waiting;
  /** For the trace. */
  readonly detail: string;
  /** Both are in it already, because the leg sent audio before it answered; null = one is made. */
  readonly bridge: string | null;
}

/** Sets the call's end when the conversation ends. Rejects with the end when the served party leaves. */
export async function connect(call: Call, plan: RoutingPlan, step: StepId, leg: Leg, { waiting, detail, bridge: early }: ConnectOptions): Promise<ConnectResult> {
  const { telephony, clock, observer } = call.deps;
  const startedMs = clock.monotonicMs();
  const bridges = new Set<BridgeId>(early === null ? [] : [early]);
  const destroy = async (): Promise<void> => {
    const all = [...bridges];
    bridges.clear();
    await Promise.all(all.map((bridge) => call.cleanUp(() => telephony.destroyBridge(bridge))));
  };
  call.scope.defer(destroy);
  // From here on a request to be sent elsewhere counts, also one that comes before we are told that both are joined.
  for (const side of [leg, call.party]) side.forgetTransfers();
  try {
    // The caller is answered, the tone stopped and the bridge made side by side: each is a round trip of its own.
    const stopped = waiting.stop();
    const first = early === null ? make(call, bridges) : Promise.resolve(early);
    // Seen below, also when the answer fails before.
    first.catch(() => {});
    await overLink(call, () => call.answer());
    await stopped;
    const joinIn = async (bridge: BridgeId): Promise<void> => {
      await call.save({ kind: 'connected', step, bridge, leg: leg.channel, extension: leg.extension, sinceMs: clock.nowMs() });
      if (leg.gone === null && early === null) await overLink(call, () => join(call, leg, bridge));
    };
    try {
      await joinIn(await first);
    } catch (error) {
      // A bridge that could not be had once: whoever answered is still there, and is not rung again for it.
      if (call.signal.aborted || leg.gone !== null || early !== null) throw error;
      await joinIn(await make(call, bridges));
    }
  } catch (error) {
    // The caller goes on elsewhere; who answered must not sit in silence meanwhile.
    if (!call.signal.aborted) void call.endLeg(leg, 'failure');
    throw error;
  }
  observer.timed('leg-answer-to-bridge', clock.monotonicMs() - startedMs);
  call.trace({ step, kind: 'ring', outcome: 'connected', text: detail, next: null, tookFallback: false });
  // The next act may be an hour away: who answered is kept now, with nobody waiting for it.
  void call.save(call.activity).catch(() => {});
  return talk(call, plan, leg, destroy);
}

/** A new bridge of ours. */
async function make(call: Call, bridges: Set<BridgeId>): Promise<BridgeId> {
  const bridge = call.newId('br');
  bridges.add(bridge);
  await overLink(call, async (isAgain) => {
    try {
      await call.deps.telephony.createBridge(bridge);
    } catch (error) {
      // It was made before the link went.
      if (!isAgain || !(error instanceof TelephonyError) || error.fault !== 'refused') throw error;
    }
  });
  return bridge;
}

async function join(call: Call, leg: Leg, bridge: BridgeId): Promise<void> {
  try {
    await call.onParty(call.deps.telephony.addToBridge(bridge, [call.party.channel, leg.channel]));
  } catch (error) {
    // One of the two left in this instant; which one decides how it goes on.
    call.signal.throwIfAborted();
    if (leg.gone === null) throw error;
  }
}

/** The conversation itself; also where an adopted call goes on after a restart. */
export async function talk(call: Call, plan: RoutingPlan, leg: Leg, destroyBridge: () => Promise<void>): Promise<ConnectResult> {
  const { clock } = call.deps;
  const nowMs = clock.monotonicMs();
  const leftMs = leftOf(call, plan);
  const untilMs = nowMs + leftMs;
  let warnAtMs: number | null = isCutShort(call) && leftMs > plan.outbound.warnMs ? untilMs - plan.outbound.warnMs : null;
  for (;;) {
    const nextMs = Math.max(1, (warnAtMs ?? untilMs) - clock.monotonicMs());
    const seen = await wait<'left' | Transfer>(clock, call.signal, nextMs, (settle) => {
      let hasSeen = false;
      const look = (): void => {
        if (hasSeen) return;
        const asked = leg.gone === null ? nextTransfer(leg, call.party) : null;
        hasSeen = leg.gone !== null || asked !== null;
        if (hasSeen) settle(asked ?? 'left');
      };
      const offs = [leg.onChange(look), call.party.onChange(look)];
      look();
      return () => {
        for (const off of offs) off();
      };
    });
    if (seen === DEADLINE && warnAtMs !== null) {
      warnAtMs = null;
      void warn(call);
      continue;
    }
    if (seen === DEADLINE) {
      call.end({ by: 'us', fault: 'none', code: 'longest-call-reached', cause: 16 });
      return { kind: 'ended' };
    }
    if (seen === 'left') {
      call.end(hungUpBy('callee', leg.gone?.cause ?? 0));
      return { kind: 'ended' };
    }
    const moved = await transfer(call, plan, leg, seen, destroyBridge);
    if (moved !== null) return moved;
  }
}

/** Ms that the conversation may last from now on: the plan's longest call, and what an outside call's limits leave. */
function leftOf(call: Call, plan: RoutingPlan): number {
  const nowMs = call.deps.clock.nowMs();
  const bounds = call.decisions.all.flatMap(({ answeredAtMs, bounds: { longestMs } }) => (answeredAtMs === null || longestMs === null ? [] : [answeredAtMs + longestMs - nowMs]));
  return Math.max(1, Math.min(plan.limits.maxCallMs - (nowMs - call.origin.startedAtMs), ...bounds));
}

function isCutShort(call: Call): boolean {
  return call.decisions.all.some(({ answeredAtMs, bounds }) => answeredAtMs !== null && bounds.longestMs !== null);
}

/** Both hear it; nothing waits for it, and what cannot be said costs the call nothing. */
async function warn(call: Call): Promise<void> {
  const { activity } = call;
  const phrase = call.deps.media.phrase('call-ends-soon');
  if (activity.kind !== 'connected' || phrase === null) return;
  call.trace({ step: null, kind: 'call', outcome: 'warned', text: 'told that the call ends soon, because a limit is reached', next: null, tookFallback: false });
  await call.deps.telephony.announce(activity.bridge, call.newId('pb'), [phrase.media]).catch(() => {});
}

interface Transfer extends TransferRequest {
  readonly by: Leg;
}

function nextTransfer(...sides: readonly Leg[]): Transfer | null {
  for (const by of sides) {
    const asked = by.takeTransfer();
    if (asked !== undefined) return { by, ...asked };
  }
  return null;
}

/** A blind REFER to an extension of the same customer works; everything else is refused with its reason in the trace. */
async function transfer(call: Call, plan: RoutingPlan, leg: Leg, asked: Transfer, destroyBridge: () => Promise<void>): Promise<ConnectResult | null> {
  const { telephony } = call.deps;
  const extension = /^[0-9*#]{1,16}$/.test(asked.target) ? plan.extensions.get(asked.target) : undefined;
  const refusal = asked.attended
    ? 'attended transfer is not offered'
    : extension === undefined
      ? `${printable(asked.target)} is no extension here; outside numbers cannot be transferred to`
      : null;
  if (refusal !== null || extension === undefined) {
    call.trace({ step: null, kind: 'transfer', outcome: 'refused', text: `transfer refused: ${refusal ?? ''}`, next: null, tookFallback: false });
    await telephony.transferProgress(asked.by.channel, 'refused').catch(() => {});
    return null;
  }
  const to = `@${extension.number}`;
  const stays = asked.by === leg ? call.party : leg;
  const detail = `transferred to ${extension.name} by ${asked.by === leg ? (plan.extensions.get(leg.extension)?.name ?? leg.extension) : 'the caller'}`;
  if (stays === leg) call.serve(leg);
  // Keys pressed while talking were for the other person, not for what comes now.
  call.digits.clear();
  await telephony.transferProgress(asked.by.channel, 'ok').catch(() => {});
  asked.by.settle('answered', call.deps.clock.nowMs());
  await destroyBridge();
  // Not awaited: who stays must not hear silence for as long as the other's end takes.
  void call.endLeg(asked.by, 'normal');
  call.signal.throwIfAborted();
  call.trace({ step: null, kind: 'transfer', outcome: 'transferred', text: detail, next: to, tookFallback: false });
  return { kind: 'transferred', to, detail };
}

function printable(target: string): string {
  return target === '' ? 'an empty number' : target.replace(/[^0-9A-Za-z+*#.@_-]/g, '').slice(0, 32);
}
