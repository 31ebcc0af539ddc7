// What a call does while the link to the switch is away: it waits, and then asks again. Read `overLink`.
import { TelephonyError } from '../ports/telephony.ts';
import type { Call } from './call.ts';
import { pause } from './wait.ts';

/** A caller who has waited this long in silence is no longer there. */
const LINK_LIMIT_MS = 60_000;
const LINK_LOOK_MS = 100;

/** False when the link stayed away; rejects with the call's end. */
export async function isLinkBack(call: Call): Promise<boolean> {
  const { clock, telephony } = call.deps;
  for (let waitedMs = 0; waitedMs < LINK_LIMIT_MS; waitedMs += LINK_LOOK_MS) {
    await pause(clock, call.signal, LINK_LOOK_MS);
    if (telephony.isUp) return true;
  }
  return false;
}

/**
 * The result of `act`, which is asked again after each time that the link was away: `isAgain` says that the switch may have
 * done it already, unheard. Rejects with the call's end, or with what `act` came to otherwise.
 */
export async function overLink<T>(call: Call, act: (isAgain: boolean) => Promise<T>): Promise<T> {
  for (let isAgain = false; ; isAgain = true) {
    try {
      return await act(isAgain);
    } catch (error) {
      if (!(error instanceof TelephonyError) || error.fault !== 'no-link' || call.signal.aborted || !(await isLinkBack(call))) throw error;
    }
  }
}
