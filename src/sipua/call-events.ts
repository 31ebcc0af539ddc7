// What happens to one call, in order, and how to wait for it without races: a listener that comes late is told the past first.
// Must not know about SIP messages. Read `CallEvents` first.

/** Who ended the call and with which codes. */
export interface EndReason {
  /** local: our side · remote: the other side, by refusal, BYE or CANCEL · network: nobody answered, or an ACK never came. */
  readonly by: 'local' | 'remote' | 'network';
  readonly cause: {
    /** Final SIP code before the answer (486, 487, 603); undefined for a call that was answered. */
    readonly sipCode?: number;
    /** All Reason values as they came or were sent, joined with ', '. */
    readonly reasonHeader?: string;
    /** Q.850 cause, 0 to 127, from Reason or X-Asterisk-HangupCauseCode. */
    readonly q850?: number;
  };
  /** Where a 3xx pointed to, or undefined. */
  readonly redirectTo?: string;
  /** `performance.now()` ms. */
  readonly atMs: number;
}

export type CallEventBody =
  /** 100 came: somebody has the INVITE. */
  | { readonly kind: 'trying' }
  /** 180, 181, 182 or 183 came or was sent. */
  | { readonly kind: 'ringing'; readonly code: number }
  /** A provisional answer brought SDP: audio before the answer. */
  | { readonly kind: 'early-media'; readonly code: number }
  /** 2xx came or was sent, `afterMs` after the first INVITE. */
  | { readonly kind: 'answered'; readonly afterMs: number }
  /** The other side pressed a key. */
  | { readonly kind: 'digit'; readonly digit: string; readonly durationMs: number; readonly method: 'rfc4733' | 'info' }
  /** The other side changed the direction of audio (hold, resume); given as it stated it. */
  | { readonly kind: 'media'; readonly remoteDirection: string }
  /** The other side asked us to call somebody (REFER). */
  | { readonly kind: 'refer'; readonly target: string }
  /** The call is over; always the last event, exactly once. */
  | { readonly kind: 'ended'; readonly end: EndReason };

/** An event with the time of its arrival, `performance.now()` ms. */
export type CallEvent = CallEventBody & { readonly atMs: number };
export type CallEventKind = CallEvent['kind'];
export type CallEventOf<K extends CallEventKind> = Extract<CallEvent, { kind: K }>;

/** The result of waiting for an answer. */
export type Answer =
  | { readonly isAnswered: true; readonly afterMs: number }
  | { readonly isAnswered: false; readonly end: EndReason };

/** Events kept for late listeners; a digit flood cannot grow past it. */
const MAX_HISTORY = 2_048;

/** The event list of one call. */
export class CallEvents {
  readonly history: CallEvent[] = [];
  /** Settle once each and never reject. */
  readonly answered: Promise<Answer>;
  readonly ended: Promise<EndReason>;
  readonly #listeners = new Map<CallEventKind, Set<(event: CallEvent) => void>>();
  #settleAnswered: (answer: Answer) => void = () => undefined;
  #settleEnded: (end: EndReason) => void = () => undefined;
  #end: EndReason | undefined;

  constructor() {
    this.answered = new Promise((resolve) => (this.#settleAnswered = resolve));
    this.ended = new Promise((resolve) => (this.#settleEnded = resolve));
  }

  get end(): EndReason | undefined {
    return this.#end;
  }

  /** Records and tells; after 'ended' nothing more is taken. */
  emit(body: CallEventBody): void {
    if (this.#end) return;
    const event: CallEvent = { ...body, atMs: performance.now() };
    if (this.history.length < MAX_HISTORY || event.kind === 'ended') this.history.push(event);
    if (event.kind === 'answered') this.#settleAnswered({ isAnswered: true, afterMs: event.afterMs });
    if (event.kind === 'ended') {
      this.#end = event.end;
      this.#settleAnswered({ isAnswered: false, end: event.end });
      this.#settleEnded(event.end);
    }
    // A copy: a listener may add another one, which has then been told this event from the history.
    for (const listener of Array.from(this.#listeners.get(event.kind) ?? [])) listener(event);
    if (event.kind === 'ended') this.#listeners.clear();
  }

  /** Calls `act` for every past and future event of a kind; returns how to stop. */
  on<K extends CallEventKind>(kind: K, act: (event: CallEventOf<K>) => void): () => void {
    const isKind = (event: CallEvent): event is CallEventOf<K> => event.kind === kind;
    const listener = (event: CallEvent): void => {
      if (isKind(event)) act(event);
    };
    for (const event of this.history.slice()) listener(event);
    const set = this.#listeners.get(kind) ?? new Set();
    if (!this.#end) this.#listeners.set(kind, set.add(listener));
    return () => void set.delete(listener);
  }

  /** Resolves with the first event of a kind, past ones included, or undefined when the call ends without one. */
  once<K extends CallEventKind>(kind: K): Promise<CallEventOf<K> | undefined> {
    return new Promise((resolve) => {
      this.on(kind, resolve);
      this.on('ended', () => resolve(undefined));
    });
  }
}

/** Returns the parts of an end that Reason headers tell. */
export function causeOf(reasons: readonly string[], asteriskCode: string | undefined, sipCode?: number): EndReason['cause'] {
  const q850 = reasons.map((r) => /^Q\.850\s*;.*?\bcause\s*=\s*(\d{1,3})\b/i.exec(r)?.[1]).find((c) => c !== undefined);
  const code = Number(q850 ?? (/^\d{1,3}$/.test(asteriskCode ?? '') ? asteriskCode : undefined));
  return {
    ...(sipCode === undefined ? {} : { sipCode }),
    ...(reasons.length === 0 ? {} : { reasonHeader: reasons.join(', ') }),
    ...(code >= 0 && code <= 127 ? { q850: code } : {}),
  };
}
