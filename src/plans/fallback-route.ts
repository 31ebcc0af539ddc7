// The last known route of each number, for the static dialplan that serves while the application is away: ring these
// phones, then say this. PURE: a plan in, plain entries out. Read `fallbackEntries`.
import { ddiSpellings } from '../numbering/ddi.ts';
import type { Extension, RingStep, RoutingPlan, SayItem, Step, StepId } from '../routing/plan.ts';
import { extensionsOf } from '../routing/ring-members.ts';

/** What calls to one number get without the application. */
export interface FallbackEntry {
  readonly ddi: string;
  readonly customer: string;
  /** PJSIP endpoint names, rung together; at most 30. */
  readonly ring: readonly string[];
  readonly ringMs: number;
  /** Absolute path as Asterisk sees it, without extension. */
  readonly announcement?: string;
  /** Other spellings in which carriers send the number. */
  readonly alternatives: readonly string[];
}
/** Media address of something that is said; null = not ready. */
export type MediaOf = (item: SayItem) => string | null;
/** Name of an extension's PJSIP endpoint, as calls use it. */
export type NameOf = (plan: RoutingPlan, extension: Extension) => string;

/** Spoken when the plan's failsafe names nothing that can be played. */
const TECHNICAL_FAULT: SayItem = { kind: 'phrase', id: 'technical-fault' };
const MAX_RINGS = 30;
/** No caller comes through more steps without pressing anything. */
const MAX_STEPS = 500;
const NO_RING_MS = 20_000;

/**
 * One entry for each number of the plan, in the plan's order. The phones are those of the first ring step on the way of
 * a caller in opening hours who presses nothing; behind a menu that leads to none that way, of its first choice (0
 * before the others). Empty `ring`: no phone is on that way.
 */
export function fallbackEntries(plan: RoutingPlan, mediaOf: MediaOf, nameOf: NameOf): FallbackEntry[] {
  const announcement = announcementOf(plan, mediaOf);
  // Numbers that begin at the same step ring the same phones.
  const routes = new Map<StepId, { readonly ring: readonly string[]; readonly ringMs: number }>();
  return [...plan.numbers.values()].map(({ ddi, entry }) => {
    const route = routes.get(entry) ?? routeOf(plan, entry, nameOf);
    routes.set(entry, route);
    const alternatives = ddiSpellings(ddi).filter((spelling) => spelling !== ddi);
    return { ddi, customer: plan.customer, ...route, alternatives, ...(announcement === undefined ? {} : { announcement }) };
  });
}

function routeOf(plan: RoutingPlan, entry: StepId, nameOf: NameOf): { ring: readonly string[]; ringMs: number } {
  const seen = new Set<StepId>();
  const open: StepId[] = [entry];
  while (open.length > 0 && seen.size < MAX_STEPS) {
    const id = open.pop() ?? entry;
    const step = plan.steps.get(id);
    if (step === undefined || seen.has(id)) continue;
    seen.add(id);
    if (step.kind === 'ring') {
      const ring = endpoints(plan, step, nameOf);
      if (ring.length > 0) return { ring, ringMs: step.ringMs };
    }
    open.push(...waysOn(plan, step).reverse());
  }
  return { ring: [], ringMs: NO_RING_MS };
}

/** The ways on, the likeliest of a day-time caller first. */
function waysOn(plan: RoutingPlan, step: Step): StepId[] {
  const on = (outcome: string): StepId => (Object.hasOwn(step.on, outcome) ? step.on[outcome] : undefined) ?? step.fallback;
  switch (step.kind) {
    case 'hours':
      return [on('open'), on('closed')];
    case 'switch': {
      const positions = plan.switches.get(step.switch)?.positions ?? [];
      return [...positions.map(on), step.fallback];
    }
    case 'caller':
    case 'branch':
      return [on('otherwise'), ...step.cases.map(({ to }) => to)];
    case 'menu': {
      const keys = Object.keys(step.choices).sort((a, b) => Number(b === '0') - Number(a === '0') || (a < b ? -1 : 1));
      return [on('no-input'), ...keys.flatMap((key) => step.choices[key] ?? [])];
    }
    case 'play':
      return [on('done')];
    case 'collect':
      return [on('collected'), on('no-input')];
    case 'lookup':
      return [on('found'), on('not-found'), on('failed')];
    case 'ring':
      return [on('no-answer')];
    case 'goto':
      return [step.to];
    case 'voicemail':
    case 'end':
      return [];
  }
}

function endpoints(plan: RoutingPlan, step: RingStep, nameOf: NameOf): string[] {
  const names = extensionsOf(plan, step).flatMap((number) => plan.extensions.get(number) ?? []).map((extension) => nameOf(plan, extension));
  return [...new Set(names)].slice(0, MAX_RINGS);
}

/** What the failsafe says, or our own phrase; a digit or a variable cannot be said without the application. */
function announcementOf(plan: RoutingPlan, mediaOf: MediaOf): string | undefined {
  const failsafe = plan.steps.get(plan.failsafe);
  const said = failsafe?.kind === 'end' || failsafe?.kind === 'play' ? failsafe.say : [];
  for (const item of [...said.filter(({ kind }) => kind === 'prompt' || kind === 'phrase'), TECHNICAL_FAULT]) {
    const path = /^sound:(\/.+)$/.exec(mediaOf(item) ?? '')?.[1];
    if (path !== undefined) return path;
  }
  return undefined;
}
