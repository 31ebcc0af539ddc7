// How long an answered party hears nothing: no prompt, no tone, no music, nobody in the bridge, no recording of its own.
// Waiting for keys is measured apart, because a caller who was asked something knows why it is quiet.
import type { World } from './world.ts';

interface Quiet {
  sinceMs: number;
  isInput: boolean;
}

export interface Silence {
  readonly ms: number;
  readonly channel: string;
  /** Ms after the start of the meter at which it ended. */
  readonly endedAtMs: number;
}
const NONE: Silence = { ms: 0, channel: '', endedAtMs: 0 };

export class SilenceMeter {
  /** Longest silence outside waiting for keys. */
  longest: Silence = NONE;
  /** Longest silence while keys were awaited, from the end of the prompt or from the last key. */
  longestInput: Silence = NONE;
  readonly #longest = new Map<string, Silence>();
  readonly #world: World;
  readonly #startMs: number;
  readonly #quiet = new Map<string, Quiet>();
  /** Parties that are being asked: before (`armed`) or after (`asking`) the question's own prompt. */
  readonly #asked = new Map<string, 'armed' | 'asking'>();

  /** Must be made before the call starts; takes over the hooks of the switch. */
  constructor(world: World) {
    this.#world = world;
    this.#startMs = world.clock.nowMs();
    const { telephony } = world;
    telephony.onRequest = (verb, target) => {
      this.look();
      this.#follow(verb, target);
      // The switch acts one virtual ms later.
      world.clock.worldAfter(2, () => this.look());
    };
    telephony.beforeEvent = (event) => {
      this.look();
      const quiet = event.type === 'digit' ? this.#quiet.get(event.channel) : undefined;
      if (quiet !== undefined) quiet.sinceMs = world.clock.nowMs();
    };
    telephony.afterEvent = () => this.look();
    const { observer } = world.deps;
    world.give({
      observer: {
        ...observer,
        listening: (call) => {
          const channel = world.live.get(call)?.party.channel;
          if (channel !== undefined) this.#asked.set(channel, 'armed');
        },
      },
    });
  }

  /** Longest silence of one channel outside waiting for keys. */
  longestOf(channel: string): Silence {
    return this.#longest.get(channel) ?? NONE;
  }

  /** Takes a reading of every channel. */
  look(): void {
    const nowMs = this.#world.clock.nowMs();
    const { telephony } = this.#world;
    for (const [channel, quiet] of this.#quiet) this.#note(channel, quiet, nowMs);
    for (const channel of this.#quiet.keys()) if (!this.#isSilent(channel)) this.#quiet.delete(channel);
    for (const channel of telephony.channels.keys()) {
      if (this.#isSilent(channel) && !this.#quiet.has(channel)) this.#quiet.set(channel, { sinceMs: nowMs, isInput: this.#asked.has(channel) });
    }
  }

  #isSilent(id: string): boolean {
    const channel = this.#world.telephony.channels.get(id);
    if (channel === undefined || channel.state !== 'up' || !channel.isInApp) return false;
    const others = channel.bridge === null ? 0 : (this.#world.telephony.bridges.get(channel.bridge)?.size ?? 0) - 1;
    return !this.#world.telephony.isAudible(id) && others < 1 && channel.recording === null;
  }

  #note(channel: string, quiet: Quiet, nowMs: number): void {
    const seen: Silence = { ms: nowMs - quiet.sinceMs, channel, endedAtMs: nowMs - this.#startMs };
    if (quiet.isInput && seen.ms > this.longestInput.ms) this.longestInput = seen;
    if (quiet.isInput) return;
    if (seen.ms > this.longest.ms) this.longest = seen;
    if (seen.ms > this.longestOf(channel).ms) this.#longest.set(channel, seen);
  }

  /** The first prompt after a question is the question; any request after it means that the waiting is over. */
  #follow(verb: string, target: string): void {
    const asked = this.#asked.get(target);
    if (asked === undefined || verb === 'answer') return;
    if (asked === 'armed' && verb === 'play') {
      this.#asked.set(target, 'asking');
      return;
    }
    this.#asked.delete(target);
    const quiet = this.#quiet.get(target);
    if (quiet === undefined) return;
    quiet.isInput = false;
    quiet.sinceMs = this.#world.clock.nowMs();
  }
}
