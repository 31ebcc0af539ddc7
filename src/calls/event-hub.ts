// Hands each telephony event to whoever owns the channel, playback or recording it is about, in order and at once.
import type { TelephonyEvent } from '../ports/telephony.ts';

export type EventHandler = (event: TelephonyEvent) => void;

export class EventHub {
  readonly #handlers = new Map<string, EventHandler[]>();

  /** Listens to one object; the function returned stops. */
  on(object: string, handler: EventHandler): () => void {
    const list = this.#handlers.get(object);
    // A new array per change: an event being handed out goes to those who listened when it came.
    this.#handlers.set(object, list === undefined ? [handler] : [...list, handler]);
    return () => {
      const now = this.#handlers.get(object);
      if (now === undefined) return;
      const left = now.filter((one) => one !== handler);
      if (left.length === 0) this.#handlers.delete(object);
      else this.#handlers.set(object, left);
    };
  }

  /** True when somebody owned the object. */
  dispatch(event: TelephonyEvent): boolean {
    const list = this.#handlers.get(objectOf(event));
    if (list === undefined) return false;
    for (const handler of list) handler(event);
    return true;
  }

  /** How many objects are listened to; zero when no call is live. */
  get size(): number {
    return this.#handlers.size;
  }
}

function objectOf(event: TelephonyEvent): string {
  if ('channel' in event) return event.channel;
  if ('playback' in event) return event.playback;
  return event.recording;
}
