// Rules for a plan as a graph: what no call reaches, what goes round for ever, what has no way out, which variables may
// be empty, what the failsafe leans on. Every walk is iterative and linear: plans may have any shape.
import type { Check } from './check.ts';
import { edgePointer, mayEndAt } from './edges.ts';
import type { Edge } from './edges.ts';
import type { Step, StepId } from './plan.ts';
import { pointer, quote } from './problem.ts';
import { checkVariables } from './check-variables.ts';

/** Steps that the admin wrote, by position, and their ways out; edges to nowhere are left out. */
export interface Graph {
  readonly steps: readonly Step[];
  readonly indexOf: ReadonlyMap<StepId, number>;
  readonly edges: readonly (readonly (Edge & { readonly target: number })[])[];
}

/** Adds what is wrong with the shape of a plan. */
export function checkGraph(check: Check, failsafe: StepId): void {
  const graph = buildGraph(check);
  const starts = [...check.parts.numbers.values()].map(({ entry }) => graph.indexOf.get(entry));
  const failsafeIndex = graph.indexOf.get(failsafe);
  const reached = reach(graph, [...starts, failsafeIndex]);
  // A target that is misspelt makes the steps behind it unreachable: one mistake, one report.
  const isTold = check.problems.has('dangling-target') || check.parts.numbers.size === 0;
  graph.steps.forEach((step, index) => {
    if (!reached[index] && !isTold) check.problems.warning(pointer('steps', step.id), 'unreachable-step', 'is reached by no call', 'Lead a number or another step to it, or take it out.');
  });
  const stuck = checkWaysOut(check, graph);
  checkLoops(check, graph, stuck);
  if (failsafeIndex !== undefined) checkFailsafe(check, graph, failsafeIndex);
  checkVariables(check, graph, reached);
}

function buildGraph({ parts, edges: ways }: Check): Graph {
  const steps = [...parts.steps.values()].filter((step) => ways.has(step.id));
  const indexOf = new Map<StepId, number>();
  steps.forEach((step, index) => indexOf.set(step.id, index));
  const edges = steps.map((step) => {
    const known: (Edge & { readonly target: number })[] = [];
    for (const { to, part, key, isAutomatic } of ways.get(step.id) ?? []) {
      const target = indexOf.get(to);
      if (target !== undefined) known.push({ to, part, key, isAutomatic, target });
    }
    return known;
  });
  return { steps, indexOf, edges };
}

function reach(graph: Graph, starts: readonly (number | undefined)[]): Uint8Array {
  const reached = new Uint8Array(graph.steps.length);
  const open: number[] = [];
  const visit = (index: number | undefined): void => {
    if (index === undefined || reached[index] === 1) return;
    reached[index] = 1;
    open.push(index);
  };
  starts.forEach(visit);
  for (let at = open.pop(); at !== undefined; at = open.pop()) for (const edge of graph.edges[at] ?? []) visit(edge.target);
  return reached;
}

/** Reports menus and entries from which no ending can be reached; returns 1 for every such step. */
function checkWaysOut({ problems, edges }: Check, graph: Graph): Uint8Array {
  const before: number[][] = graph.steps.map(() => []);
  graph.edges.forEach((ways, from) => ways.forEach((edge) => before[edge.target]?.push(from)));
  const ends = new Uint8Array(graph.steps.length);
  const open: number[] = [];
  const mark = (index: number): void => {
    if (ends[index] === 1) return;
    ends[index] = 1;
    open.push(index);
  };
  graph.steps.forEach((step, index) => {
    // A target that is not there is reported elsewhere; it could be the way out.
    if (mayEndAt(step) || (graph.edges[index]?.length ?? 0) < (edges.get(step.id)?.length ?? 0)) mark(index);
  });
  for (let at = open.pop(); at !== undefined; at = open.pop()) (before[at] ?? []).forEach(mark);
  graph.steps.forEach((step, index) => {
    if (ends[index] === 0 && step.kind === 'menu') {
      problems.problem(pointer('steps', step.id), 'no-way-out', 'has no way out: whatever the caller presses, no phone, voicemail or ending is reached', 'Lead one of its choices or its "fallback" to a step that ends.');
    }
  });
  return ends.map((value) => 1 - value);
}

/** Reports one loop for every knot of steps that a call can go round in by itself. */
function checkLoops({ problems }: Check, graph: Graph, stuck: Uint8Array): void {
  for (const knot of knotsOf(graph)) {
    // A menu without a way out has been reported for the same mistake.
    if (knot.some((index) => stuck[index] === 1 && graph.steps[index]?.kind === 'menu')) continue;
    const loop = shortestLoop(graph, knot);
    const last = loop.at(-1);
    const first = graph.steps[knot[0] ?? 0];
    if (last === undefined || first === undefined) continue;
    const ids = [first.id, ...loop.map((edge) => edge.to)];
    const shown = ids.length > 9 ? [...ids.slice(0, 4), '…', ...ids.slice(-4)] : ids;
    const from = loop.length > 1 ? loop.at(-2)?.to ?? first.id : first.id;
    problems.problem(pointer('steps', from) + edgePointer(last), 'endless-loop', `closes a loop that a call can go round for ever while nobody does anything: ${shown.join(' → ')}`, 'Lead it to a step that ends, for example a voicemail.');
  }
}

/** Strongly connected parts by automatic edges (Tarjan, without recursion), single steps only if they lead to themselves. */
function knotsOf(graph: Graph): number[][] {
  const count = graph.steps.length;
  const order = new Int32Array(count).fill(-1);
  const low = new Int32Array(count);
  const isOpen = new Uint8Array(count);
  const position = new Int32Array(count);
  const stack: number[] = [];
  const path: number[] = [];
  const knots: number[][] = [];
  let next = 0;
  const enter = (index: number): void => {
    order[index] = next;
    low[index] = next;
    next += 1;
    isOpen[index] = 1;
    stack.push(index);
    path.push(index);
  };
  for (let start = 0; start < count; start += 1) {
    if (order[start] !== -1) continue;
    enter(start);
    while (path.length > 0) {
      const at = path.at(-1) ?? 0;
      const edge = graph.edges[at]?.[position[at] ?? 0];
      if (edge !== undefined) {
        position[at] = (position[at] ?? 0) + 1;
        if (!edge.isAutomatic) continue;
        if (order[edge.target] === -1) enter(edge.target);
        else if (isOpen[edge.target] === 1) low[at] = Math.min(low[at] ?? 0, order[edge.target] ?? 0);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent] ?? 0, low[at] ?? 0);
      if (low[at] === order[at]) {
        const knot = closeKnot(stack, isOpen, at);
        if (knot.length > 1 || (graph.edges[at] ?? []).some((way) => way.isAutomatic && way.target === at)) knots.push(knot);
      }
    }
  }
  return knots;
}

function closeKnot(stack: number[], isOpen: Uint8Array, root: number): number[] {
  const knot: number[] = [];
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    isOpen[index] = 0;
    knot.push(index);
    if (index === root) break;
  }
  return knot.sort((a, b) => a - b);
}

/** Edges of a shortest loop through the first step of a knot. */
function shortestLoop(graph: Graph, knot: readonly number[]): Edge[] {
  const first = knot[0] ?? 0;
  const inside = new Set(knot);
  const cameBy = new Map<number, { readonly from: number; readonly edge: Edge }>();
  const open = [first];
  for (const at of open) {
    for (const edge of graph.edges[at] ?? []) {
      if (!edge.isAutomatic || !inside.has(edge.target) || cameBy.has(edge.target)) continue;
      cameBy.set(edge.target, { from: at, edge });
      if (edge.target === first) return unwind(cameBy, first);
      open.push(edge.target);
    }
  }
  return [];
}

function unwind(cameBy: ReadonlyMap<number, { readonly from: number; readonly edge: Edge }>, first: number): Edge[] {
  const edges: Edge[] = [];
  let at = first;
  do {
    const way = cameBy.get(at);
    if (way === undefined) break;
    edges.unshift(way.edge);
    at = way.from;
  } while (at !== first);
  return edges;
}

function checkFailsafe({ problems }: Check, graph: Graph, failsafe: number): void {
  const reached = reach(graph, [failsafe]);
  const lookup = graph.steps.find((step, index) => reached[index] === 1 && step.kind === 'lookup');
  if (lookup === undefined) return;
  const message = lookup === graph.steps[failsafe] ? 'is a lookup, which needs another system' : `leads to the lookup ${quote(lookup.id)}, which needs another system`;
  problems.problem('/failsafe', 'failsafe-needs-lookup', message, 'Name a step that needs nothing outside Asterisk, for example a ring, voicemail or end step.');
}
