// What would happen to a call: walks a plan with the same evaluate, decide and digit matching as a live call. What it
// cannot know (who answers, what another system says) is taken from the question, or assumed and said so.
import type { Caller } from '../numbering/caller.ts';
import { isE164 } from '../numbering/e164.ts';
import { decide } from './decide.ts';
import type { EndHow } from './decide.ts';
import { outcomeText, reasonText, traceText } from './describe.ts';
import { evaluate, isPureStep } from './evaluate.ts';
import { Keys } from './explain-keys.ts';
import type { Facts } from './facts.ts';
import { FAULT } from './outcomes.ts';
import type { LookupStep, Outcome, RingStep, RoutingPlan, Step, StepId, StepKind } from './plan.ts';
import { memberName, membersOf } from './ring-members.ts';

/** How a phone takes a call in a question. */
export type Answer = 'answered' | 'busy' | 'no-answer' | 'declined' | 'unreachable';
/** What another system says in a question: the values it gives, or why none. */
export type LookupAnswer = { readonly values: Readonly<Record<string, string>> } | 'not-found' | 'failed';

export interface Question {
  /** A DDI of the plan in E.164, or one of its extensions. */
  readonly to: string;
  /** Left out: no number is sent, and that is said. */
  readonly from?: Caller;
  /** Epoch ms. */
  readonly atMs: number;
  /** One entry for each time that keys are asked for; '' = nothing is pressed that time. */
  readonly keys?: readonly string[];
  /** Extension -> how it takes the call; one that is not named is assumed to answer. */
  readonly answers?: Readonly<Record<string, Answer>>;
  /** Switch -> position; one that is not named is in its first position, and that is said. */
  readonly switches?: Readonly<Record<string, string>>;
  /** Lookup step -> answer; one that is not named is assumed to fail. */
  readonly lookups?: Readonly<Record<StepId, LookupAnswer>>;
}

/** One step of the path, in words that hold no secret. */
export interface ExplainedStep {
  readonly step: StepId;
  readonly kind: StepKind;
  readonly label: string;
  readonly outcome: string;
  /** For a column: `closed`, `key 1`. */
  readonly outcomeText: string;
  /** `until 17:30`; '' when there is nothing to add. */
  readonly reason: string;
  /** The sentence that a live call's trace has. */
  readonly text: string;
  readonly next: StepId | null;
  readonly tookFallback: boolean;
}

/** How it ends. */
export type ExplainedEnd =
  /** In conversation. */
  | { readonly kind: 'answered'; readonly step: StepId; readonly extension: string; readonly name: string }
  /** Hung up, busy or congestion tone, or goodbye after a message was left. */
  | { readonly kind: Exclude<EndHow, 'answered'>; readonly step: StepId }
  /** Goes round for ever: the steps of the loop, the first not repeated. */
  | { readonly kind: 'loop'; readonly steps: readonly StepId[] }
  /** The plan has no such number or extension. */
  | { readonly kind: 'not-a-number-of-this-plan' };

/** JSON-safe. */
export interface Explanation {
  readonly customer: string;
  readonly version: number;
  readonly to: string;
  readonly from: Caller;
  readonly atMs: number;
  readonly timeZone: string;
  readonly keys: readonly string[];
  readonly path: readonly ExplainedStep[];
  readonly end: ExplainedEnd;
  /** Everything that the question did not say and the path depends on. */
  readonly assumed: readonly string[];
}

/** Longest path; no caller has the patience, and it bounds a walk whose lookups change variables for ever. */
const MAX_STEPS = 1000;

/** The path of one call. Always ends; never throws for a compiled plan. */
export function explain(plan: RoutingPlan, question: Question): Explanation {
  const from = question.from ?? { number: { kind: 'none' } };
  const base = {
    customer: plan.customer, version: plan.version, to: question.to, from, atMs: question.atMs,
    timeZone: plan.organisation.timeZone, keys: question.keys ?? [],
  };
  const start = entryOf(plan, question.to);
  if (start === undefined) return { ...base, path: [], end: { kind: 'not-a-number-of-this-plan' }, assumed: [] };
  const walk = new Walk(plan, question, from);
  const end = walk.run(start);
  return { ...base, path: walk.path, end, assumed: [...walk.assumed] };
}

function entryOf(plan: RoutingPlan, to: string): StepId | undefined {
  if (isE164(to)) return plan.numbers.get(to)?.entry;
  return plan.extensions.has(to) ? `@${to}` : undefined;
}

class Walk {
  readonly path: ExplainedStep[] = [];
  readonly assumed = new Set<string>();
  readonly #plan: RoutingPlan;
  readonly #question: Question;
  readonly #caller: Caller;
  readonly #keys: Keys;
  readonly #values = new Map<string, string>();
  readonly #secrets = new Set<string>();
  #answeredBy = { member: '', name: '' };

  constructor(plan: RoutingPlan, question: Question, caller: Caller) {
    this.#plan = plan;
    this.#question = question;
    this.#caller = caller;
    this.#keys = new Keys(question.keys ?? [], (text) => this.assumed.add(text));
  }

  run(start: StepId): ExplainedEnd {
    const seen = new Map<string, number>();
    let at = this.#plan.steps.get(start);
    while (at !== undefined) {
      const state = JSON.stringify([at.id, this.#keys.state, [...this.#values]]);
      const before = seen.get(state);
      if (before !== undefined || this.path.length >= MAX_STEPS) {
        return { kind: 'loop', steps: this.path.slice(before ?? -10).map(({ step }) => step) };
      }
      seen.set(state, this.path.length);
      const step: Step = at;
      const outcome = this.#outcomeOf(step);
      const next = decide(this.#plan, step, outcome);
      this.#trace(step, outcome, next.kind === 'go' ? next : null);
      if (next.kind === 'end') return this.#end(step, next.how);
      at = this.#plan.steps.get(next.to);
    }
    return { kind: 'hang-up', step: start };
  }

  #end(step: Step, how: EndHow): ExplainedEnd {
    if (how !== 'answered') return { kind: how, step: step.id };
    return { kind: 'answered', step: step.id, extension: this.#answeredBy.member, name: this.#answeredBy.name };
  }

  #trace(step: Step, outcome: Outcome, go: { to: StepId; tookFallback: boolean } | null): void {
    const facts = this.#facts();
    this.path.push({
      step: step.id, kind: step.kind, label: step.label, outcome: outcome.name,
      outcomeText: outcomeText(step, outcome), reason: reasonText(outcome, facts), text: traceText(this.#plan, step, outcome, facts),
      next: go?.to ?? null, tookFallback: go?.tookFallback ?? false,
    });
  }

  #facts(): Facts {
    return {
      nowMs: this.#question.atMs,
      caller: this.#caller,
      switches: new Map(Object.entries(this.#question.switches ?? {})),
      variables: { values: this.#values, secrets: this.#secrets },
    };
  }

  #outcomeOf(step: Step): Outcome {
    if (isPureStep(step)) {
      if (step.kind === 'caller' && this.#question.from === undefined) this.assumed.add('no number is sent');
      const outcome = evaluate(this.#plan, step, this.#facts());
      if (step.kind === 'switch' && this.#question.switches?.[step.switch] === undefined) this.assumed.add(`the switch "${step.switch}" is ${outcome.name}`);
      return outcome;
    }
    switch (step.kind) {
      case 'play':
        return { name: 'done' };
      case 'end':
        return { name: 'ended' };
      case 'menu':
        return this.#keys.menu(step, this.#plan.extensions);
      case 'collect': {
        if (step.secret) this.#secrets.add(step.variable);
        const { outcome, value } = this.#keys.collect(step);
        if (value !== null) this.#values.set(step.variable, value);
        return outcome;
      }
      case 'voicemail':
        this.assumed.add('the caller leaves a message');
        return { name: 'recorded', detail: `for ${this.#plan.mailboxes.get(step.mailbox)?.name ?? step.mailbox}` };
      case 'lookup':
        return this.#lookup(step);
      case 'ring':
        return this.#ring(step);
    }
  }

  #lookup(step: LookupStep): Outcome {
    const lookups = this.#question.lookups ?? {};
    const answer = Object.hasOwn(lookups, step.id) ? lookups[step.id] : undefined;
    if (answer === undefined) this.assumed.add(`the lookup "${step.id}" fails`);
    if (answer === undefined || answer === 'failed') return { name: 'failed' };
    if (answer === 'not-found') return { name: 'not-found' };
    for (const variable of Object.keys(step.save)) {
      const value = Object.hasOwn(answer.values, variable) ? answer.values[variable] : undefined;
      if (value === undefined) this.assumed.add(`the lookup "${step.id}" gives no ${variable}`);
      else this.#values.set(variable, value);
    }
    return { name: 'found' };
  }

  /** Rung in the plan's order; the order among equals that a live call draws or counts is not known here. */
  #ring(step: RingStep): Outcome {
    const members = membersOf(this.#plan, step);
    if (members.length === 0) return { name: FAULT, detail: 'nobody to ring' };
    if (members.length > 1 && step.strategy !== 'all' && step.strategy !== 'in-order') this.assumed.add(`"${step.id}" rings in the order of the plan`);
    const answers = this.#question.answers ?? {};
    const refusals: { readonly name: string; readonly answer: Answer }[] = [];
    for (const member of members) {
      const answer = Object.hasOwn(answers, member) ? answers[member] : undefined;
      if (answer === undefined) this.assumed.add(`${member} ${memberName(this.#plan, step, member)} answers`);
      if (answer === undefined || answer === 'answered') {
        this.#answeredBy = { member, name: memberName(this.#plan, step, member) };
        return { name: 'answered', detail: `${memberName(this.#plan, step, member)} answered` };
      }
      refusals.push({ name: memberName(this.#plan, step, member), answer });
    }
    const order = ['no-answer', 'busy', 'declined', 'unreachable'] as const;
    const name = order.find((kind) => refusals.some(({ answer }) => answer === kind)) ?? 'unreachable';
    return { name, detail: refusals.map((refusal) => `${refusal.name}: ${refusal.answer.replace('-', ' ')}`).join(', ') };
  }
}
