// Brings one leg on its way: made, entered, called. A link that is lost meanwhile calls nobody twice: after it, the switch
// is asked how far the leg has come. Read `place`.
import { TelephonyError, type ChannelSnapshot } from '../../ports/telephony.ts';
import type { Call } from '../call.ts';
import type { Leg } from '../leg.ts';
import { overLink } from '../link-back.ts';
import { DEADLINE, wait } from '../wait.ts';
import type { DialOptions } from './dial.ts';

/** A created channel enters within milliseconds; longer means that Asterisk is in trouble. */
const ENTER_LIMIT_MS = 3_000;
/** Asterisk's own timeout is a backstop behind ours: ours decides, so that the result is never in doubt. */
const BACKSTOP_MS = 5_000;

/** `unknown`: nobody can say whether its INVITE went out, and no phone rings yet: it must go, and a new leg take its place. */
export type Placed = 'called' | 'unknown';

/** Rejects with a TelephonyError, or with the reason for which the leg is no longer wanted. */
export async function place(call: Call, leg: Leg, options: DialOptions): Promise<Placed> {
  const { clock, telephony } = call.deps;
  await overLink(call, async (isAgain) => {
    options.wanted.throwIfAborted();
    if (isAgain && (await lookAt(call, leg)) !== undefined) return;
    const { channel } = leg;
    const { endpoint, variables } = options;
    const originator = call.party.isDestroyed ? null : call.party.channel;
    await (typeof endpoint === 'string' ? telephony.createLeg({ channel, endpoint, variables, originator }) : telephony.createTrunkLeg({ channel, spec: endpoint, originator }));
  });
  const entered = await wait<true>(clock, options.wanted, ENTER_LIMIT_MS, (settle) => {
    if (leg.state !== 'placed') settle(true);
    return leg.onChange(() => settle(true));
  });
  if (entered === DEADLINE) throw new TelephonyError('timeout', 'the leg did not enter the application');
  await options.onDialling?.();
  if (leg.gone !== null) return 'called';
  return overLink(call, async (isAgain) => {
    options.wanted.throwIfAborted();
    const seen = isAgain ? await lookAt(call, leg) : undefined;
    if (!isAgain) await telephony.dialLeg(leg.channel, options.ringMs + BACKSTOP_MS);
    else if (seen === undefined) leg.markGone(0, clock.nowMs());
    return seen?.state === 'down' ? 'unknown' : 'called';
  });
}

/** The leg as the switch holds it now; events about it that were lost are told. */
async function lookAt(call: Call, leg: Leg): Promise<ChannelSnapshot | undefined> {
  const { clock, hub, telephony } = call.deps;
  const seen = (await telephony.listChannels()).find(({ channel }) => channel === leg.channel);
  if (seen === undefined) return undefined;
  const { channel, state, name } = seen;
  if (leg.state === 'placed') hub.dispatch({ type: 'entered', channel, args: ['leg'], state, name, replaces: null, atMs: clock.nowMs() });
  if (state !== 'down' && leg.gone === null && leg.state !== state) hub.dispatch({ type: 'state', channel, state, atMs: clock.nowMs() });
  return seen;
}
