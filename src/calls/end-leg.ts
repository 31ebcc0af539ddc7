// Ends a channel of ours and sees it gone: the last word on every leg. Read `endLeg`.
import { TelephonyError, type HangupReason } from '../ports/telephony.ts';
import type { CallDeps } from './deps.ts';
import type { Leg } from './leg.ts';
import { DEADLINE, wait } from './wait.ts';

/** How long Asterisk's confirmation that a leg is gone is waited for. */
const GONE_LIMIT_MS = 3_000;
/** From the event that a far end hung up to the one that its channel has left, with room for a busy machine. */
const LEAVES_WITHIN_MS = 250;

/** Ends one leg of call `id` and sees it gone. Never rejects. */
export async function endLeg(deps: CallDeps, id: string, leg: Leg, reason: HangupReason): Promise<void> {
  // Whoever has hung up needs no request of ours: Asterisk says a moment later that the channel has left.
  if (leg.gone !== null && (await seenGone(deps, leg, LEAVES_WITHIN_MS))) return;
  for (let attempt = 0; attempt < 3 && !leg.isDestroyed; attempt += 1) {
    try {
      await deps.telephony.hangup(leg.channel, reason);
      if (await seenGone(deps, leg, GONE_LIMIT_MS)) return;
    } catch (error) {
      const fault = error instanceof TelephonyError ? error.fault : 'failed';
      if (fault === 'gone') {
        leg.markGone(leg.gone?.cause ?? 0, deps.clock.nowMs());
        return;
      }
      // Without a link nothing can be said now; reconcile does it when the link is back.
      if (fault === 'no-link') {
        deps.live.toHangUp.add(leg.channel);
        return;
      }
      await new Promise<void>((resolve) => void deps.clock.after(200, resolve));
    }
  }
  if (!leg.isDestroyed) deps.observer.note(`leg ${leg.channel} is not confirmed gone`, { call: id });
}

async function seenGone(deps: CallDeps, leg: Leg, limitMs: number): Promise<boolean> {
  if (leg.isDestroyed) return true;
  const never = new AbortController().signal;
  const seen = await wait<true>(deps.clock, never, limitMs, (settle) =>
    leg.onChange(() => {
      if (leg.isDestroyed) settle(true);
    }),
  );
  return seen !== DEADLINE;
}
