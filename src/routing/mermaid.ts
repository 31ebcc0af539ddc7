// Drawings in Mermaid's language: a whole plan, or the path of one call. Ids and labels are the admin's: all of them are
// escaped, so that no label can become an instruction of the drawing.
import { edgesOf, edgeText } from './edges.ts';
import { endText } from './explain-text.ts';
import type { Explanation } from './explain.ts';
import type { RoutingPlan, Step } from './plan.ts';

/** The plan as a flowchart: numbers, the steps that the admin wrote, and every way between them. */
export function flowMermaid(plan: RoutingPlan): string {
  const lines = ['flowchart TD'];
  const steps = [...plan.steps.values()].filter((step) => !step.id.startsWith('@'));
  const nodes = new Map(steps.map((step, index) => [step.id, `s${index}`]));
  let index = 0;
  for (const { ddi, label, entry } of plan.numbers.values()) {
    // A number that is only shown on calls that leave: who calls it back comes in like callers of another.
    const back = plan.registry.get(ddi)?.capability === 'outbound-only' ? '|"called back"|' : '';
    lines.push(`  n${index}(["${escape(`${ddi} ${label}`)}"]) -->${back} ${nodes.get(entry) ?? ''}`);
    index += 1;
  }
  for (const step of steps) lines.push(`  ${nodes.get(step.id) ?? ''}${shape(step)}`);
  for (const step of steps) {
    for (const [to, outcomes] of outcomesByTarget(step)) {
      const label = outcomes.filter((outcome) => outcome !== '').join(', ');
      lines.push(`  ${nodes.get(step.id) ?? ''} -->${label === '' ? '' : `|"${escape(label)}"|`} ${nodes.get(to) ?? ''}`);
    }
  }
  let outside = 0;
  for (const step of steps) {
    if (step.kind !== 'ring') continue;
    for (const target of step.targets) {
      if (target.kind !== 'outside') continue;
      const { number, name } = target;
      lines.push(`  ${nodes.get(step.id) ?? ''} -.->|"outside"| o${outside}(["${escape(`${number} ${name}`)}"])`);
      outside += 1;
    }
  }
  lines.push(`  f(["Failsafe"]) -.-> ${nodes.get(plan.failsafe) ?? ''}`);
  return `${lines.join('\n')}\n`;
}

/** The path of one call as a flowchart, each step as often as it was met. */
export function explainMermaid({ to, path, end }: Explanation): string {
  const lines = ['flowchart TD', `  start(["${escape(to)}"])`];
  let before = 'start';
  let label = '';
  path.forEach((step, index) => {
    lines.push(`  p${index}["${escape(`${step.kind}: ${step.label}`)}"]`, `  ${before} -->${label} p${index}`);
    before = `p${index}`;
    label = `|"${escape(step.text)}"|`;
  });
  lines.push(`  ending(["${escape(endText(end))}"])`, `  ${before} -->${label} ending`);
  return `${lines.join('\n')}\n`;
}

function outcomesByTarget(step: Step): ReadonlyMap<string, string[]> {
  const byTarget = new Map<string, string[]>();
  for (const edge of edgesOf(step)) {
    const outcome = edgeText(step, edge);
    const outcomes = byTarget.get(edge.to);
    if (outcomes) outcomes.push(outcome);
    else byTarget.set(edge.to, [outcome]);
  }
  return byTarget;
}

function shape(step: Step): string {
  const text = `"${escape(`${step.kind}: ${step.label}`)}"`;
  if (step.kind === 'end') return `([${text}])`;
  return step.kind === 'menu' || step.kind === 'hours' || step.kind === 'switch' || step.kind === 'caller' || step.kind === 'branch' ? `{${text}}` : `[${text}]`;
}

/** Everything but letters, digits and harmless signs as a numeric entity. */
function escape(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:;+*→•-]/gu, (character) => `#${character.codePointAt(0) ?? 0};`);
}
