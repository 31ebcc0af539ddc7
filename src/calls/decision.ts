// The evidence of one attempt to leave, while it is being made: filled in as rules speak and trunks are tried, kept with
// the call for a process that takes over, and handed over once, however the call ends.
import type { AllowedVerdict, Reason } from '../compliance/verdict.ts';
import type { DecisionDraft, DecisionRecord, TrunkAttempt } from '../ports/decisions.ts';
import type { Leg } from './leg.ts';


export class Decision {
  #draft: DecisionDraft;
  /** Legs of the attempts of this process; their records fill the attempts in. */
  readonly #legs = new Map<string, Leg>();

  constructor(draft: DecisionDraft) {
    this.#draft = draft;
  }

  get id(): string {
    return this.#draft.id;
  }
  get isRefused(): boolean {
    return this.#draft.refusedBy !== null;
  }

  /** Trunk of an attempt, by its channel. */
  trunkOf(channel: string): string | undefined {
    return this.#draft.attempts.find((one) => one.channel === channel)?.trunk;
  }
  /** Trunks to which another process had sent this attempt. */
  triedBefore(): ReadonlySet<string> {
    return new Set(this.#draft.attempts.filter(({ channel, dialledAtMs }) => dialledAtMs !== null && (channel === null || !this.#legs.has(channel))).map(({ trunk }) => trunk));
  }
  /** Epoch ms of the answer; null = none yet. */
  get answeredAtMs(): number | null {
    return this.#draft.answeredAtMs;
  }
  get bounds(): Pick<DecisionRecord, 'longestMs' | 'pencePerMinute' | 'holders'> {
    const { longestMs, pencePerMinute, holders } = this.#draft;
    return { longestMs, pencePerMinute, holders };
  }

  /** Holders of limits, rate and length, once the call may leave. */
  isBoundBy(bounds: Pick<DecisionRecord, 'longestMs' | 'pencePerMinute' | 'holders'>): void {
    this.#draft = { ...this.#draft, ...bounds };
  }

  add(reasons: readonly Reason[]): void {
    this.#draft = { ...this.#draft, reasons: [...this.#draft.reasons, ...reasons] };
  }

  refuse(rule: string): void {
    this.#draft = { ...this.#draft, refusedBy: rule, end: rule };
  }

  shows(verdict: AllowedVerdict): void {
    const { presentation, network, source, isWithheld } = verdict;
    this.#draft = { ...this.#draft, presentation, network, input: { ...this.#draft.input, source, isWithheld } };
  }

  /** A trunk is tried; `leg` is null when no channel could be made. */
  tries(trunk: string, leg: Leg | null, atMs: number): void {
    const attempt: TrunkAttempt = {
      trunk, channel: leg?.channel ?? null, placedAtMs: leg?.record.placedAtMs ?? atMs, dialledAtMs: null, ringingAtMs: null, answeredAtMs: null, endedAtMs: null, result: null, cause: 0, techCause: null, next: null, risk: null,
    };
    if (leg !== null) this.#legs.set(leg.channel, leg);
    const known = leg === null ? -1 : this.#draft.attempts.findIndex((one) => one.channel === leg.channel);
    if (known < 0) this.#draft = { ...this.#draft, attempts: [...this.#draft.attempts, attempt] };
  }

  /** The INVITE of the newest attempt leaves now: kept before it does. */
  dials(atMs: number): void {
    const attempts = [...this.#draft.attempts];
    const last = attempts.pop();
    if (last !== undefined) this.#draft = { ...this.#draft, attempts: [...attempts, { ...last, dialledAtMs: atMs }] };
  }

  /** How the newest attempt came out, and what follows from it. */
  settles(result: string, next: string | null, risk: string | null): void {
    const attempts = [...this.#draft.attempts];
    const last = attempts.pop();
    if (last === undefined) return;
    this.#draft = { ...this.#draft, attempts: [...attempts, this.#filled({ ...last, result, next, risk })] };
  }

  answered(atMs: number): void {
    this.#draft = { ...this.#draft, answeredAtMs: this.#draft.answeredAtMs ?? atMs, end: 'answered' };
  }
  endsAs(end: string): void {
    this.#draft = { ...this.#draft, end: this.#draft.end ?? end };
  }

  draft(): DecisionDraft {
    return { ...this.#draft, attempts: this.#draft.attempts.map((one) => this.#filled(one)) };
  }

  close(endedAtMs: number, otherwise: string): DecisionRecord {
    const draft = this.draft();
    return { ...draft, outcome: draft.refusedBy === null ? 'placed' : 'refused', endedAtMs, end: draft.end ?? otherwise };
  }

  #filled(attempt: TrunkAttempt): TrunkAttempt {
    const leg = attempt.channel === null ? undefined : this.#legs.get(attempt.channel);
    if (leg === undefined) return attempt;
    const { ringingAtMs, answeredAtMs, endedAtMs, cause, techCause } = leg.record;
    return { ...attempt, ringingAtMs, answeredAtMs, endedAtMs, cause, techCause };
  }
}
