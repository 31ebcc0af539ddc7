// The ways out of a step, as the compiled plan has them: for checks, drawings and differences.
import type { Step, StepId } from './plan.ts';

/** One way from a step to another. */
export interface Edge {
  readonly to: StepId;
  /** Outcome, keys or test that leads there, for people. */
  readonly outcome: string;
  /** Where in the step's JSON it stands. */
  readonly path: readonly (string | number)[];
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
  if (step.kind === 'goto') return [{ to: step.to, outcome: '', path: ['to'], isAutomatic: true }];
  const edges: Edge[] = [];
  if (step.kind === 'menu') {
    for (const [keys, to] of Object.entries(step.choices)) edges.push({ to, outcome: `key ${keys}`, path: ['choices', keys], isAutomatic: false });
  }
  if (step.kind === 'caller' || step.kind === 'branch') {
    step.cases.forEach((test, index) => edges.push({ to: test.to, outcome: caseText(test), path: ['cases', index, 'to'], isAutomatic: true }));
  }
  for (const [outcome, to] of Object.entries(step.on)) {
    edges.push({ to, outcome, path: ['on', outcome], isAutomatic: !BY_PEOPLE.has(outcome) });
  }
  edges.push({ to: step.fallback, outcome: 'anything else', path: ['fallback'], isAutomatic: true });
  return edges;
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
