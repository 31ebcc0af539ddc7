// Who a ring step rings, in the plan's order, each once: one answer for live calls, dry runs and the static dialplan.
import type { OutsideMember, RingStep, RoutingPlan } from './plan.ts';

/** Everybody: extensions by number, people outside by E.164, members of groups in their places. */
export function membersOf(plan: RoutingPlan, step: RingStep): readonly string[] {
  return [...new Set(step.targets.flatMap((target) => {
    switch (target.kind) {
      case 'extension': return [target.extension];
      case 'group': return plan.groups.get(target.group)?.members ?? [];
      case 'outside': return [target.number];
    }
  }))];
}

/** The phones of ours among them. */
export function extensionsOf(plan: RoutingPlan, step: RingStep): readonly string[] {
  return membersOf(plan, step).filter((member) => !isOutside(member));
}

/** The person outside that `member` of the step stands for; undefined = an extension. */
export function outsideOf(step: RingStep, member: string): OutsideMember | undefined {
  const target = step.targets.find((one) => one.kind === 'outside' && one.number === member);
  return target?.kind !== 'outside' ? undefined : { number: target.number, name: target.name, pressToAccept: target.pressToAccept, origin: 'ring-step', extension: null };
}

/** An extension is digits alone. */
export function isOutside(member: string): boolean {
  return member.startsWith('+');
}

/** As people know them. */
export function memberName(plan: RoutingPlan, step: RingStep, member: string): string {
  return outsideOf(step, member)?.name ?? plan.extensions.get(member)?.name ?? member;
}
