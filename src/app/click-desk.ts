// Click-to-dial as the API asks for it: each key places one call, whatever is tried again, and in whichever process. What
// the key stands for is kept before anybody rings. Read `clickDesk`.
import { createHash } from 'node:crypto';
import type { Arrivals } from '../calls/arrival.ts';
import type { HttpDeps, PlaceCall, PlacedCall } from '../http/deps.ts';
import type { Ids } from '../ports/clock.ts';
import type { PlanSource } from '../ports/plan-source.ts';
import type { CallEnd } from '../ports/records.ts';
import type { StatePort } from '../ports/state.ts';

export interface ClickParts {
  readonly plans: Pick<PlanSource, 'byCustomer'>;
  readonly arrivals: Pick<Arrivals, 'mayPlace' | 'place'>;
  readonly state: Pick<StatePort, 'claimKey' | 'claimedValue'>;
  readonly ids: Ids;
  /** Told of a store that cannot keep keys. */
  readonly onFault: (error: unknown) => void;
}

/** A client that has not heard for a day does not mean this call any more. */
const KEPT_MS = 86_400_000;
/** A start takes seconds, an excess of calls mostly less. */
const RETRY_AFTER_S: Readonly<Record<string, number>> = { draining: 30, overload: 5 };
const DEFAULT_RETRY_AFTER_S = 10;

export function clickDesk({ plans, arrivals, state, ids, onFault }: ClickParts): Pick<HttpDeps, 'placeCall'> {
  return {
    async placeCall(request) {
      const { customer, extension, to, cli, purpose, isAutoAnswer, address } = request;
      const claim = `calls/${request.key}`;
      const body = fingerprint(request);
      try {
        const held = await state.claimedValue(claim);
        if (held !== null) return repeated(held, body);
        const plan = plans.byCustomer(customer);
        if (plan === null) return { kind: 'unknown', field: 'customer' };
        const own = plan.extensions.get(extension);
        if (own === undefined) return { kind: 'unknown', field: 'as' };
        const against = arrivals.mayPlace({ plan, extension: own, to });
        if (against !== null) return against.kind === 'number' ? against : notNow(against.end);
        const id = ids.callId('click-to-dial');
        const mine = `${body}:${id}`;
        const winner = await state.claimKey(claim, mine, KEPT_MS);
        // Another request with this key was first, here or in another process.
        if (winner !== mine) return repeated(winner, body);
        // How it goes is in its record and its events; `ended` never rejects.
        void arrivals.place({ id, plan, extension: own, to, explicitCli: cli, purpose, isAutoAnswer, sourceAddress: address }).ended;
        return { kind: 'placed', callId: id, isRepeat: false };
      } catch (error) {
        onFault(error);
        return { kind: 'not-now', code: 'state-store', message: 'The key of this request could not be kept, so that trying again might ring somebody twice. Nobody was rung.', retryAfterS: DEFAULT_RETRY_AFTER_S };
      }
    },
  };
}

function fingerprint({ customer, extension, to, cli, purpose, isAutoAnswer }: PlaceCall): string {
  return createHash('sha256').update(JSON.stringify([customer, extension, to, cli, purpose, isAutoAnswer])).digest('hex').slice(0, 32);
}

function repeated(held: string, body: string): PlacedCall {
  const at = held.indexOf(':');
  return held.slice(0, at) === body ? { kind: 'placed', callId: held.slice(at + 1), isRepeat: true } : { kind: 'key-reused' };
}

function notNow({ code, detail }: CallEnd): PlacedCall {
  const why = code === 'draining' ? 'The server is about to end or start again and takes no new calls.' : code === 'overload' ? 'More calls are coming in than this server takes.' : `A limit of calls at once is reached: ${detail ?? code}.`;
  return { kind: 'not-now', code, message: why, retryAfterS: RETRY_AFTER_S[code] ?? DEFAULT_RETRY_AFTER_S };
}
