// One test call while it lasts: keys when the call asks for them, a voice when it records, and what happens told on.
// It judges nothing. Read `TestCaller.follow`.
import { performance } from 'node:perf_hooks';
import type { CallEvent } from '../http/deps.ts';
import type { TestCallProgress } from '../http/wire.ts';
import type { CallActivity } from '../ports/state.ts';
import type { LegRecord } from '../ports/records.ts';
import type { OutgoingCall } from '../sipua/outgoing-call.ts';
import { alawTone } from '../sipua/g711.ts';

/** A live call as far as a test call looks into it. */
export interface WatchedCall {
  readonly id: string;
  readonly activity: CallActivity;
  readonly legs: readonly { readonly record: LegRecord }[];
}
export interface TestCallerDeps {
  readonly subscribe: (listener: (event: CallEvent) => void) => () => void;
  readonly onListening: (listener: (callId: string) => void) => () => void;
  /** The live call of a SIP Call-ID. */
  readonly find: (sipCallId: string) => WatchedCall | undefined;
  readonly isVoicemail: (step: string) => boolean;
}

/** A person hears a word or two before the key. */
const KEY_AFTER_MS = 500;
/** Long enough to be kept as a message, and heard again as one. */
const MESSAGE_MS = 3_000;
const LOOK_EVERY_MS = 40;
const VOICE_HZ = 440;

export class TestCaller {
  readonly #deps: TestCallerDeps;
  readonly #outgoing: OutgoingCall;
  readonly #keys: string[];
  readonly #emit: (progress: TestCallProgress) => void;
  readonly #sentMs = performance.now();
  /** What was told of each leg already, by channel. */
  readonly #told = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #call: WatchedCall | undefined;
  #isOver = false;
  #recording: string | null = null;
  #ringing = '';

  constructor(deps: TestCallerDeps, outgoing: OutgoingCall, keys: readonly string[], emit: (progress: TestCallProgress) => void) {
    this.#deps = deps;
    this.#outgoing = outgoing;
    this.#keys = [...keys];
    this.#emit = emit;
  }

  get callId(): string | null {
    return this.#call?.id ?? null;
  }
  /** The call has ended on our side of Asterisk too: its record is on the way. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Acts and tells until the function returned is called. */
  follow(): () => void {
    const looker = setInterval(() => this.#look(), LOOK_EVERY_MS);
    const offs = [
      this.#deps.onListening((id) => this.#listening(id)),
      this.#deps.subscribe((event) => this.#take(event)),
      this.#outgoing.on('answered', ({ afterMs }) => this.#emit({ kind: 'answered', atMs: this.#atMs(), afterMs: Math.round(afterMs * 10) / 10 })),
    ];
    return () => {
      clearInterval(looker);
      for (const timer of this.#timers) clearTimeout(timer);
      for (const off of offs) off();
    };
  }

  #take(event: CallEvent): void {
    if (event.kind === 'call-started') this.#call ??= this.#deps.find(this.#outgoing.callId);
    if (this.#call === undefined || event.callId !== this.#call.id) return;
    // Legs first: what a phone did comes before the step that it ends.
    this.#look();
    if (event.kind === 'call-step') this.#emit({ kind: 'step', atMs: this.#atMs(), step: event.line.step, stepKind: event.line.kind, outcome: event.line.outcome, text: event.line.text });
    if (event.kind === 'call-ended') this.#isOver = true;
  }

  /** Keys belong to menus and entries, as `explain` takes them; a greeting is heard out, and a message sent off with 1. */
  #listening(id: string): void {
    const call = this.#call;
    if (call === undefined || id !== call.id) return;
    if (this.#deps.isVoicemail(call.activity.step)) {
      if (call.activity.kind === 'recording') this.#press('1');
      return;
    }
    this.#press(this.#keys.shift() ?? '');
  }

  #press(keys: string): void {
    if (keys !== '') this.#later(KEY_AFTER_MS, () => void this.#outgoing.sendDigits(keys, { durationMs: 100, gapMs: 60 }));
  }

  #look(): void {
    const call = this.#call;
    if (call === undefined || this.#isOver) return;
    const { activity } = call;
    if (activity.kind === 'recording' && activity.recording !== this.#recording) this.#speak(activity.recording);
    if (activity.kind === 'ringing') this.#tellRinging(activity.step, activity.legs.map((leg) => leg.channel));
    for (const { record } of call.legs) this.#tellLeg(record);
  }

  /** Speech for a moment, then #: a caller who left a message. */
  #speak(recording: string): void {
    this.#recording = recording;
    this.#outgoing.rtp?.play(alawTone(VOICE_HZ, MESSAGE_MS));
    this.#later(MESSAGE_MS, () => void this.#outgoing.sendDigits('#', { durationMs: 100 }));
  }

  #tellRinging(step: string, legs: readonly string[]): void {
    const key = legs.join(' ');
    if (legs.length === 0 || key === this.#ringing) return;
    this.#ringing = key;
    this.#emit({ kind: 'note', atMs: this.#atMs(), text: `${step.replace(/^@/, 'extension ')} ringing${legs.length > 1 ? ` ${legs.length}` : ''}` });
  }

  #tellLeg(leg: LegRecord): void {
    const state = leg.result ?? (leg.ringingAtMs === null ? '' : 'ringing');
    if (state === '' || leg.to === '' || this.#told.get(leg.channel) === state) return;
    this.#told.set(leg.channel, state);
    this.#emit({ kind: 'leg', atMs: this.#atMs(), to: leg.to, name: leg.name, isTestPhone: leg.isTestPhone, state });
  }

  #later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    timer.unref();
    this.#timers.add(timer);
  }

  #atMs(): number {
    return Math.round((performance.now() - this.#sentMs) * 10) / 10;
  }
}
