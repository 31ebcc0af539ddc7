// Which variables a step uses, and whether any way to it could have given them a value.
import type { Check } from './check.ts';
import type { Graph } from './check-graph.ts';
import type { Edge } from './edges.ts';
import { nearest } from './nearest.ts';
import type { SayItem, Step } from './plan.ts';
import { pointer, quote } from './problem.ts';
import { isBuiltIn, variablesIn } from './variables.ts';

/** Most variables of one plan. */
const MAX_VARIABLES = 500;
/** Variables followed at once, as bits. */
const BITS = 31;

/** Reports variables that nothing sets, and uses that no way to the step could have set before. */
export function checkVariables({ problems }: Check, graph: Graph, reached: Uint8Array): void {
  const names = new Set(graph.steps.flatMap(variablesSetBy));
  if (names.size > MAX_VARIABLES) {
    problems.problem('/steps', 'too-many-variables', `has ${names.size} variables; at most ${MAX_VARIABLES} are allowed`, 'Use the same variable in steps that ask for the same thing.');
    return;
  }
  for (const step of graph.steps) {
    for (const name of variablesSetBy(step).filter(isBuiltIn)) {
      problems.problem(pointer('steps', step.id), 'variable-is-built-in', `sets the variable ${quote(name)}, which every call has already`, 'Choose another name.');
    }
  }
  const uses = graph.steps.map((step) => variablesUsedBy(step));
  uses.forEach((used, index) => used.forEach((name) => {
    if (names.has(name)) return;
    const meant = nearest(name, names);
    problems.problem(pointer('steps', graph.steps[index]?.id ?? ''), 'unknown-variable', `uses the variable ${quote(name)}, which no step sets`, meant === null ? 'Collect it or look it up in a step before.' : `Did you mean "${meant}"?`);
  }));
  const all = [...names];
  for (let from = 0; from < all.length; from += BITS) {
    const bits = new Map(all.slice(from, from + BITS).map((name, index) => [name, 1 << index]));
    const known = flow(graph, bits);
    uses.forEach((used, index) => used.forEach((name) => {
      const bit = bits.get(name);
      if (bit === undefined || reached[index] === 0 || ((known[index] ?? 0) & bit) !== 0) return;
      problems.warning(pointer('steps', graph.steps[index]?.id ?? ''), 'variable-without-value', `uses the variable ${quote(name)}, which no step on the way has set`, 'Lead calls through the step that sets it first.');
    }));
  }
}

/** For every step the variables, as bits, that could have a value when a call arrives there. */
function flow(graph: Graph, bits: ReadonlyMap<string, number>): Int32Array {
  const known = new Int32Array(graph.steps.length);
  const sets = graph.steps.map((step) => variablesSetBy(step).reduce((mask, name) => mask | (bits.get(name) ?? 0), 0));
  const isQueued = new Uint8Array(graph.steps.length).fill(1);
  const open = [...graph.steps.keys()];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    isQueued[at] = 0;
    const step = graph.steps[at];
    for (const edge of graph.edges[at] ?? []) {
      const after = (known[at] ?? 0) | (step !== undefined && mayHaveSet(step, edge) ? sets[at] ?? 0 : 0);
      const target = edge.target;
      if (((known[target] ?? 0) | after) === known[target]) continue;
      known[target] = (known[target] ?? 0) | after;
      if (isQueued[target] === 0) open.push(target);
      isQueued[target] = 1;
    }
  }
  return known;
}

/** True when the step has set its variables on this way out. */
function mayHaveSet(step: Step, edge: Edge): boolean {
  const success = step.kind === 'collect' ? 'collected' : 'found';
  return edge.key === success || (edge.part === 'fallback' && step.on[success] === undefined);
}

function variablesSetBy(step: Step): string[] {
  if (step.kind === 'collect') return [step.variable];
  return step.kind === 'lookup' ? Object.keys(step.save) : [];
}

const NONE: ReadonlySet<string> = new Set();

function variablesUsedBy(step: Step): ReadonlySet<string> {
  const texts: string[] = [];
  const spoken = (items: readonly SayItem[]): void => {
    for (const item of items) if (item.kind !== 'prompt' && item.kind !== 'phrase') texts.push(item.value);
  };
  if ('say' in step) spoken(step.say);
  if ('noInputSay' in step) {
    spoken(step.noInputSay);
    spoken(step.noMatchSay);
  }
  if (step.kind === 'voicemail') spoken(step.greeting);
  if (step.kind === 'lookup') texts.push(step.url, step.body ?? '', ...Object.values(step.headers));
  if (texts.length === 0 && step.kind !== 'branch') return NONE;
  const used = new Set(texts.flatMap(variablesIn).filter((name) => !isBuiltIn(name)));
  if (step.kind === 'branch') used.add(step.variable);
  return used;
}
