// Asks whoever picked up outside whether they take the call: only key 1 does, so that a mobile's voicemail swallows none.
// It talks to that one leg alone; the caller hears nothing of it. Read `ask`, then `gone`.
import type { RoutingPlan } from '../../routing/plan.ts';
import { TelephonyError } from '../../ports/telephony.ts';
import type { Call } from '../call.ts';
import type { Leg } from '../leg.ts';
import { overLink } from '../link-back.ts';
import { wait } from '../wait.ts';
import { joined, phrases, type Speech } from './speak.ts';

/** Time to press the key, from when it is first asked for; longer only where saying it twice takes longer. */
const ACCEPT_MS = 10_000;
/** After the last word. */
const LAST_KEY_MS = 2_000;
const OVERDUE_MS = 2_000;
/** A prompt of this name in the plan is said to whoever is asked. */
const NAME_PROMPT = 'organisation-name';

/**
 * One leg that has answered and is being asked. While that goes on the call ends the leg by `gone`, whatever ends the
 * call. A process that takes over asks again: it cannot know what was pressed meanwhile.
 */
export class Acceptance {
  readonly #call: Call;
  readonly #leg: Leg;
  readonly #say: Speech;
  #playback: string | null = null;
  #going: Promise<void> | null = null;

  constructor(call: Call, plan: RoutingPlan, leg: Leg) {
    this.#call = call;
    this.#leg = leg;
    this.#say = question(call, plan);
    call.endWith(leg, () => this.gone());
  }

  /** True once 1 was pressed in time; false when it was not, or the leg has left. Rejects with the reason of `wanted`, or `no-link`. */
  async ask(wanted: AbortSignal): Promise<boolean> {
    const { clock, hub, telephony } = this.#call.deps;
    const leg = this.#leg;
    let hasPressed = false;
    let onPress = (): void => {};
    const off = hub.on(leg.channel, (event) => {
      if (event.type !== 'digit' || event.digit !== '1') return;
      hasPressed = true;
      onPress();
    });
    try {
      await overLink(this.#call, () => telephony.play(leg.channel, this.#newPlayback(), this.#say.media));
      const limitMs = Math.max(ACCEPT_MS, this.#say.durationMs + LAST_KEY_MS);
      const seen = await wait<'pressed' | 'left'>(clock, wanted, limitMs, (settle) => {
        const look = (): void => {
          if (leg.gone !== null) settle('left');
          else if (hasPressed) settle('pressed');
        };
        onPress = look;
        const offLeg = leg.onChange(look);
        look();
        return offLeg;
      });
      if (seen === 'pressed') this.#hush();
      return seen === 'pressed';
    } catch (error) {
      wanted.throwIfAborted();
      if (error instanceof TelephonyError && error.fault === 'no-link') throw error;
      // Who cannot be asked, because they have left or nothing can be said to them, takes no call.
      if (error instanceof TelephonyError) return false;
      throw error;
    } finally {
      off();
    }
  }

  /** Tells them that the call has gone, then ends the leg; once. Never rejects. */
  gone(): Promise<void> {
    this.#going ??= this.#sayGone();
    return this.#going;
  }

  async #sayGone(): Promise<void> {
    const { clock, hub, telephony } = this.#call.deps;
    const leg = this.#leg;
    try {
      if (leg.gone === null) {
        this.#hush();
        const say = phrases(this.#call, ['call-gone']);
        const playback = this.#newPlayback();
        let hasEnded = false;
        let onEnd = (): void => {};
        const off = hub.on(playback, (event) => {
          if (event.type !== 'playback-ended') return;
          hasEnded = true;
          onEnd();
        });
        try {
          await telephony.play(leg.channel, playback, say.media);
          await wait<true>(clock, new AbortController().signal, say.durationMs + OVERDUE_MS, (settle) => {
            onEnd = () => settle(true);
            if (hasEnded || leg.gone !== null) settle(true);
            return leg.onChange(() => leg.gone !== null && settle(true));
          });
        } finally {
          off();
        }
      }
    } catch {
      // What cannot be said is not worth keeping them for.
    }
    await this.#call.endLeg(leg, 'normal');
  }

  #newPlayback(): string {
    this.#playback = this.#call.newId('pb');
    return this.#playback;
  }

  /** Not awaited: what is said next goes out at once, and is played when this one has stopped. */
  #hush(): void {
    if (this.#playback !== null) this.#call.deps.telephony.stopPlayback(this.#playback).catch(() => {});
  }
}

/** Whose call it is, where the plan has a prompt that says so, and what to press. */
function question(call: Call, plan: RoutingPlan): Speech {
  const name = call.deps.media.prompt(plan, NAME_PROMPT);
  const press = phrases(call, ['press-1-to-accept']);
  const once = name === null ? press : joined(phrases(call, ['call-for-you']), { media: [name.media], durationMs: name.durationMs }, press);
  // Again and again, at least twice: whoever lifts the phone slowly hears all of it, and nobody hears silence.
  const pause = phrases(call, ['pause']);
  let whole = joined(once, pause, once);
  while (pause.durationMs + once.durationMs > 0 && whole.durationMs + pause.durationMs + once.durationMs <= ACCEPT_MS - LAST_KEY_MS) whole = joined(whole, pause, once);
  return whole;
}
