// Audio that a phone sends before it answers (183): the unanswered caller hears it, and nothing is taken for an answer.
import type { Call } from '../call.ts';
import type { Leg } from '../leg.ts';

export class EarlyMedia {
  readonly #call: Call;
  #begun: { leg: Leg; bridge: Promise<string | null>; destroy: () => Promise<void> } | null = null;

  constructor(call: Call) {
    this.#call = call;
  }

  /** Joins caller and leg; once, and only while the caller is not answered. */
  begin(leg: Leg): void {
    if (this.#begun !== null || this.#call.isAnswered) return;
    const bridge = this.#call.newId('br');
    const destroy = (): Promise<void> => this.#call.cleanUp(() => this.#call.deps.telephony.destroyBridge(bridge));
    this.#call.scope.defer(destroy);
    this.#begun = { leg, bridge: this.#join(leg, bridge), destroy };
  }

  /** The bridge when `answered` is the leg that was heard; otherwise the joining is undone and the caller hears ringing again. */
  async settle(answered: Leg | null): Promise<string | null> {
    const begun = this.#begun;
    if (begun === null) return null;
    const bridge = await begun.bridge;
    if (bridge !== null && begun.leg === answered && begun.leg.gone === null) return bridge;
    await begun.destroy();
    if (answered === null && !this.#call.signal.aborted && !this.#call.isAnswered) await this.#call.deps.telephony.ring(this.#call.party.channel).catch(() => {});
    return null;
  }

  /** null = it could not be done, which costs the caller nothing but the early audio. */
  async #join(leg: Leg, bridge: string): Promise<string | null> {
    const { telephony } = this.#call.deps;
    try {
      await telephony.createBridge(bridge);
      await telephony.addToBridge(bridge, [this.#call.party.channel, leg.channel]);
      await telephony.progress(this.#call.party.channel);
      return bridge;
    } catch {
      return null;
    }
  }
}
