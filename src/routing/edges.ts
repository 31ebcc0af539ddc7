// The ways out of a step, as the compiled plan has them: for checks, drawings and differences.
import type { Step, StepId } from './plan.ts';
import { pointer } from './problem.ts';

/** One way from a step to another. */
export interface Edge {
  readonly to: StepId;
  /** The part of the step's JSON that it stands in. */
  readonly part: 'choices' | 'cases' | 'on' | 'to' | 'fallback';
  /** Keys, outcome, or index of the case; '' for `to` and `fallback`. */
  readonly key: string | number;
  /**
   * True when a call can go this way although neither the caller nor a called person does anything: silence, time,
   * a phone that nobody picks up, a failure.
   */
  readonly isAutomatic: boolean;
}

/** Outcomes that need a caller who presses or speaks, or a person who refuses. */
const BY_PEOPLE: ReadonlySet<string> = new Set(['no-match', 'collected', 'declined', 'recorded']);

/** Every way out, the fallback last. Dialled extensions are not among them: they never lead back. */
export function edgesOf(step: Step): Edge[] {
  if (step.kind === 'end') return [];
  if (step.kind === 'goto') return [{ to: step.to, part: 'to', key: '', isAutomatic: true }];
  const edges: Edge[] = [];
  if (step.kind === 'menu') {
    for (const keys of Object.keys(step.choices)) edges.push({ to: step.choices[keys] ?? step.fallback, part: 'choices', key: keys, isAutomatic: false });
  }
  if (step.kind === 'caller' || step.kind === 'branch') {
    step.cases.forEach(({ to }, index) => edges.push({ to, part: 'cases', key: index, isAutomatic: true }));
  }
  for (const outcome of Object.keys(step.on)) {
    edges.push({ to: step.on[outcome] ?? step.fallback, part: 'on', key: outcome, isAutomatic: !BY_PEOPLE.has(outcome) });
  }
  edges.push({ to: step.fallback, part: 'fallback', key: '', isAutomatic: true });
  return edges;
}

/** JSON pointer of an edge, below that of its step. */
export function edgePointer({ part, key }: Edge): string {
  if (part === 'cases') return pointer(part, key, 'to');
  return part === 'to' || part === 'fallback' ? pointer(part) : pointer(part, key);
}

/** Outcome, keys or test that leads this way, for people; '' for the only way out. */
export function edgeText(step: Step, { part, key }: Edge): string {
  if (part === 'choices') return `key ${key}`;
  if (part === 'fallback') return 'anything else';
  if (part === 'on') return String(key);
  const test = step.kind === 'caller' || step.kind === 'branch' ? step.cases[Number(key)] : undefined;
  return test === undefined ? '' : caseText(test);
}

type AnyCase = Extract<Step, { kind: 'caller' | 'branch' }>['cases'][number];

function caseText(test: AnyCase): string {
  switch (test.kind) {
    case 'list':
      return `on ${test.list}`;
    case 'prefix':
      return `begins ${'prefix' in test ? test.prefix : test.value}`;
    case 'withheld':
      return 'withheld';
    case 'no-number':
      return 'no number';
    case 'country':
      return `from ${test.country}`;
    case 'equals':
      return `is ${test.value}`;
    case 'one-of':
      return `one of ${test.values.length}`;
    case 'at-least':
      return `at least ${test.value}`;
  }
}

/** True when a call can end at this step without another one following. */
export function mayEndAt(step: Step): boolean {
  if (step.kind === 'end' || step.kind === 'ring') return true;
  if (step.kind === 'menu') return step.dialExtension;
  return step.kind === 'voicemail' && step.on['recorded'] === undefined;
}
