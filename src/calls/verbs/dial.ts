// Rings one extension or outside number and says how that went. The leg is registered before its request leaves; whoever
// answers after the wish is gone is hung up at once, never bridged, never left in silence.
import { TelephonyError, type HangupReason } from '../../ports/telephony.ts';
import type { TrunkLegSpec } from '../../trunks/header-recipe.ts';
import type { Call } from '../call.ts';
import type { Leg } from '../leg.ts';
import { DEADLINE, wait } from '../wait.ts';
import { place, type Placed } from './place.ts';

/**
 * `answered` hands the leg over; every other result has ended it. `cancelled`: somebody else answered first. `silent`:
 * the far end kept neither of the times of the `silence` rule; it was cancelled.
 */
export type DialResult =
  | { readonly kind: 'answered'; readonly leg: Leg }
  | { readonly kind: 'busy' | 'no-answer' | 'declined' | 'unreachable' | 'cancelled'; readonly cause: number; readonly leg: Leg }
  | { readonly kind: 'silent'; readonly cause: number; readonly leg: Leg; readonly after: 'nothing' | 'trying' };

/** A far end that says nothing is given up, so that another way can be tried (ASTERISK.md section 6). */
export interface SilenceRule {
  /** No response at all, 100 included. */
  readonly nothingMs: number;
  /** 100 and then neither ringing nor audio nor an end. */
  readonly tryingMs: number;
  hasResponse(channel: string): Promise<boolean>;
}

export interface DialOptions {
  readonly to: string;
  readonly name: string;
  /** A phone's endpoint, or a leg towards a carrier, which only a verdict makes. */
  readonly endpoint: string | TrunkLegSpec;
  readonly ringMs: number;
  readonly variables: Readonly<Record<string, string>>;
  /** Aborts when this leg is no longer wanted. */
  readonly wanted: AbortSignal;
  /** Called once when the far end sends audio before it answers; never an answer. */
  readonly onEarlyMedia: (leg: Leg) => void;
  /** Called when the leg exists and its request is about to leave. */
  readonly onPlaced: (leg: Leg) => void;
  /** Settles before the INVITE leaves. */
  readonly onDialling?: () => Promise<void>;
  /** Whoever answers is asked first whether they take the call: who asks says what it came to. */
  readonly isAsked?: boolean;
  /** null = the far end may ring or stay silent for all of `ringMs`. */
  readonly silence?: SilenceRule;
}

/** How long the SIP status of a refusal may come after the first sign of it. */
const CAUSE_LIMIT_MS = 500;

/** Rejects only with the call's own end. */
export async function dial(call: Call, options: DialOptions): Promise<DialResult> {
  for (;;) {
    call.signal.throwIfAborted();
    const leg = call.addLeg({
      channel: call.newId('leg'), to: options.to, name: options.name, isTestPhone: typeof options.endpoint === 'string' && call.deps.isTestPhone(options.endpoint),
      placedAtMs: call.deps.clock.nowMs(), ringingAtMs: null, answeredAtMs: null, endedAtMs: null, result: null, cause: 0, techCause: null,
    });
    options.onPlaced(leg);
    const result = await toItsEnd(call, leg, options, () => place(call, leg, options));
    if (result !== null) return result;
    // Nobody can say whether the INVITE went out: a carrier is not asked twice, another may be.
    if (options.silence !== undefined) return { kind: 'silent', cause: 18, leg, after: 'nothing' };
  }
}

/** Goes on with a leg that another process placed: it rings already, or has answered meanwhile. */
export async function dialOn(call: Call, leg: Leg, options: DialOptions): Promise<DialResult> {
  options.onPlaced(leg);
  return (await toItsEnd(call, leg, options, async () => 'called')) ?? { kind: 'unreachable', cause: 41, leg };
}

/** null = the leg came to nothing and nobody was called: another one may be placed. */
async function toItsEnd(call: Call, leg: Leg, options: DialOptions, placing: () => Promise<Placed>): Promise<DialResult | null> {
  const { clock } = call.deps;
  let isHandedOver = false;
  let reason: HangupReason = 'normal';
  try {
    if ((await placing()) === 'unknown') {
      leg.settle('unreachable', clock.nowMs());
      return null;
    }
    const result = await ringing(call, leg, options);
    if (result.kind === 'answered') {
      // The wish may have gone while the answer was on its way.
      options.wanted.throwIfAborted();
      isHandedOver = true;
      if (options.isAsked === true) return result;
    } else if (result.kind === 'no-answer') reason = 'no-answer';
    return settled(call, leg, result);
  } catch (error) {
    if (options.wanted.aborted) {
      if (call.signal.aborted) throw call.signal.reason as Error;
      // Who refused a moment before somebody else answered did refuse.
      if (leg.gone !== null && !leg.gone.soft) return settled(call, leg, refusal(leg));
      reason = 'answered-elsewhere';
      return settled(call, leg, { kind: 'cancelled', cause: 26, leg });
    }
    if (error instanceof TelephonyError && error.fault === 'no-link') throw error;
    // The leg has gone before the switch could say so in its events: they tell how.
    if (error instanceof TelephonyError && error.fault === 'gone') await goneSeen(call, leg, options.wanted);
    if (leg.record.answeredAtMs !== null) {
      isHandedOver = true;
      leg.settle('answered', clock.nowMs());
      return { kind: 'answered', leg };
    }
    return settled(call, leg, failed(leg, error));
  } finally {
    if (!isHandedOver) await call.endLeg(leg, reason);
  }
}

async function ringing(call: Call, leg: Leg, options: DialOptions): Promise<DialResult> {
  const { clock } = call.deps;
  const silent = options.silence === undefined ? null : await silence(call, leg, options.silence, options.wanted);
  if (silent !== null) return { kind: 'silent', cause: 18, leg, after: silent };
  let isEarly = false;
  const seen = await wait<'up' | 'gone'>(clock, options.wanted, options.ringMs, (settle) => {
    const look = (): void => {
      if (leg.state === 'up') settle('up');
      else if (leg.state === 'gone') settle('gone');
      else if (!isEarly && leg.hadProgress) {
        isEarly = true;
        options.onEarlyMedia(leg);
      }
    };
    const off = leg.onChange(look);
    look();
    return off;
  });
  // Whoever answered and left at once, before we looked, did answer: the call is over, and nobody else is rung for it.
  if (seen === 'up' || leg.record.answeredAtMs !== null) return { kind: 'answered', leg };
  if (seen === DEADLINE) return { kind: 'no-answer', cause: 19, leg };
  if (!leg.isDestroyed) await wait<true>(clock, options.wanted, CAUSE_LIMIT_MS, (settle) => leg.onChange(() => leg.isDestroyed && settle(true)));
  return refusal(leg);
}

async function goneSeen(call: Call, leg: Leg, wanted: AbortSignal): Promise<void> {
  await wait<true>(call.deps.clock, wanted, CAUSE_LIMIT_MS, (settle) => {
    const look = (): void => {
      if (leg.gone !== null) settle(true);
    };
    const off = leg.onChange(look);
    look();
    return off;
  }).catch(() => {});
}

/** null = the far end is at work: it rings, sends audio, answered or refused. */
async function silence(call: Call, leg: Leg, rule: SilenceRule, wanted: AbortSignal): Promise<'nothing' | 'trying' | null> {
  const { clock } = call.deps;
  const sign = (withinMs: number) =>
    wait<true>(clock, wanted, withinMs, (settle) => {
      const look = (): void => {
        if (leg.state === 'ringing' || leg.state === 'up' || leg.state === 'gone' || leg.hadProgress) settle(true);
      };
      const off = leg.onChange(look);
      look();
      return off;
    });
  if ((await sign(rule.nothingMs)) === true) return null;
  // Whoever cannot be asked is taken for alive: giving a ringing person up is worse than waiting.
  const hasResponse = await rule.hasResponse(leg.channel).catch(() => true);
  if (!hasResponse && leg.state === 'entered') return 'nothing';
  return (await sign(Math.max(1, rule.tryingMs - rule.nothingMs))) === true ? null : 'trying';
}

/** The SIP status decides where there is one; Asterisk's cause is a translation of it (ASTERISK.md section 6). */
function refusal(leg: Leg): DialResult {
  const gone = leg.gone ?? { cause: 0, techCause: null, soft: false };
  const by = gone.techCause ?? 0;
  const cause = gone.cause;
  if (by === 486 || by === 600 || (by === 0 && cause === 17)) return { kind: 'busy', cause: 17, leg };
  if (by === 603 || by === 403 || (by === 0 && cause === 21)) return { kind: 'declined', cause: 21, leg };
  if (by === 480 || (by === 0 && (cause === 19 || cause === 18 || cause === 16))) return { kind: 'no-answer', cause: cause === 0 ? 19 : cause, leg };
  // A phone that diverts (302) names a target that nobody has judged: until outside targets are, it counts as declined.
  if (by >= 300 && by < 400) return { kind: 'declined', cause: 21, leg };
  return { kind: 'unreachable', cause: cause === 0 ? 20 : cause, leg };
}

function failed(leg: Leg, error: unknown): DialResult {
  if (leg.gone !== null) return refusal(leg);
  const fault = error instanceof TelephonyError ? error.fault : 'failed';
  return { kind: 'unreachable', cause: fault === 'unreachable' ? 20 : 41, leg };
}

function settled(call: Call, leg: Leg, result: DialResult): DialResult {
  leg.settle(result.kind === 'cancelled' ? 'answered-elsewhere' : result.kind, call.deps.clock.nowMs());
  return result;
}
