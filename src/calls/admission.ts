// Whether a new call may come in: overload, drain and the customer's own caps. Emergency calls are never asked.
import type { RoutingPlan } from '../routing/plan.ts';
import type { CallEnd } from '../ports/records.ts';
import type { LiveCalls } from './live-calls.ts';

export interface AdmissionLimits {
  /** Calls at once in this process. */
  readonly maxCalls: number;
  /** New calls a second that this machine serves without answer times going up. */
  readonly maxCallsPerSecond: number;
}

/** null = come in. Otherwise how the call ends: 503 (42) so that the carrier may try elsewhere, or busy for a cap. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #live: LiveCalls;
  #isDraining = false;
  #isOverloaded = false;
  /** Token bucket: tenths of a second of bursts are normal, a steady excess is not. */
  #tokens: number;
  #refilledMs = 0;

  constructor(limits: AdmissionLimits, live: LiveCalls) {
    this.#limits = limits;
    this.#live = live;
    this.#tokens = limits.maxCallsPerSecond;
  }

  drain(): void {
    this.#isDraining = true;
  }
  get isDraining(): boolean {
    return this.#isDraining;
  }
  /** Set from the measured event lag and loop delay. */
  setOverloaded(isOverloaded: boolean): void {
    this.#isOverloaded = isOverloaded;
  }

  /** Asked once per call, before anything is done for it. */
  mayEnter(monotonicMs: number): CallEnd | null {
    if (this.#isDraining) return turnedAway('draining');
    if (this.#isOverloaded) return turnedAway('overload');
    if (this.#live.size > this.#limits.maxCalls) return turnedAway('overload', `${this.#limits.maxCalls} calls at once`);
    const gained = ((monotonicMs - this.#refilledMs) / 1_000) * this.#limits.maxCallsPerSecond;
    this.#tokens = Math.min(this.#limits.maxCallsPerSecond, this.#tokens + gained);
    this.#refilledMs = monotonicMs;
    if (this.#tokens < 1) return turnedAway('overload', `${this.#limits.maxCallsPerSecond} new calls a second`);
    this.#tokens -= 1;
    return null;
  }

  mayUse(plan: RoutingPlan, callerKey: string): CallEnd | null {
    const { maxCalls, maxCallsPerCaller } = plan.limits;
    if (this.#live.callsOf(plan.customer) >= maxCalls) return full('customer-cap', `${plan.customer} has ${maxCalls} calls`);
    if (this.#live.callsFrom(callerKey) >= maxCallsPerCaller) return full('caller-cap', `${maxCallsPerCaller} calls from one number`);
    return null;
  }
}

function turnedAway(code: string, detail?: string): CallEnd {
  return { by: 'us', fault: 'ours', code, cause: 42, ...(detail === undefined ? {} : { detail }) };
}

function full(code: string, detail: string): CallEnd {
  return { by: 'us', fault: 'none', code, cause: 17, detail };
}
