// From the checked JSON to the compiled shapes of outbound.ts: absent parts become their lawful defaults, under which
// nothing leaves but emergency calls. Checks nothing. Read `buildOutbound` first.
import type { E164 } from '../numbering/e164.ts';
import type { DestinationRules, ExtensionOutbound, GroupOutbound, OutboundLimits, OutboundPlan, RegisteredNumber, Site } from './outbound.ts';
import type { DdiEntry } from './plan.ts';
import type { PlanJson } from './schema.ts';
import type { DestinationsJson, OutboundJson, OutboundLimitsJson, SiteJson } from './schema-outbound.ts';

type NumberJson = PlanJson['numbers'][string];
type ExtensionJson = PlanJson['extensions'][string];

const NO_RULES: DestinationRules = Object.freeze({ classes: Object.freeze({}), countries: Object.freeze({}) });
const NO_LIMITS: OutboundLimits = Object.freeze({
  maxCalls: null, maxCallsPerSecond: null, maxMinutesPerDay: null, maxSpendPerDay: null, maxCallMs: null,
});

/** The customer's rules; without a section no trunk, and so no way out but for emergency calls. */
export function buildOutbound(json: OutboundJson | undefined): OutboundPlan {
  return {
    trunks: json?.trunks ?? [],
    cli: e164OrNull(json?.cli),
    purpose: json?.purpose ?? 'service',
    fallBackTo: e164OrNull(json?.fallBackTo),
    alsoShow: numbers(json?.alsoShow ?? []),
    destinations: buildRules(json?.destinations),
    limits: buildLimits(json?.limits),
    warnMs: json?.warnMs ?? 60_000,
    isSuspended: json?.suspended ?? false,
  };
}

export function buildSite(id: string, json: SiteJson): Site {
  return { id, name: json.name, outsidePrefix: json.outsidePrefix ?? null, cli: e164OrNull(json.cli), emergencyNumber: e164OrNull(json.emergencyNumber) };
}

export function buildRegistered(number: E164, json: NumberJson): RegisteredNumber {
  return {
    number, label: json.label, capability: json.capability, returnTo: e164OrNull(json.returnTo), heldSince: json.heldSince ?? null,
    purposes: json.purposes, site: json.site ?? null, emergencyAddress: json.emergencyAddress ?? null, provider: json.provider ?? null,
  };
}

/** Where calls to each number begin: at its own step, or that of the number which it returns to. */
export function buildEntries(json: Readonly<Record<string, NumberJson>>): Map<E164, DdiEntry> {
  const entries = new Map<E164, DdiEntry>();
  for (const [text, number] of Object.entries(json)) {
    const entry = number.entry ?? (number.returnTo !== undefined && Object.hasOwn(json, number.returnTo) ? json[number.returnTo]?.entry : undefined);
    const ddi = text as E164;
    if (entry !== undefined) entries.set(ddi, { ddi, label: number.label, entry });
  }
  return entries;
}

/** Groups of each member, in the plan's order. */
export function groupsByMember(json: Readonly<Record<string, { readonly members: readonly string[] }>>): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const [id, { members }] of Object.entries(json)) {
    for (const member of new Set(members)) {
      const known = groups.get(member);
      if (known) known.push(id);
      else groups.set(member, [id]);
    }
  }
  return groups;
}

export function buildExtensionOutbound(json: ExtensionJson, groups: readonly string[]): ExtensionOutbound {
  return { site: json.site ?? null, cli: e164OrNull(json.cli), clis: numbers(json.clis), groups, ...buildMembers(json.outbound) };
}

export function buildMembers(json: ExtensionJson['outbound']): GroupOutbound {
  return { destinations: buildRules(json?.destinations), limits: buildLimits(json?.limits) };
}

function buildRules(json: DestinationsJson | undefined): DestinationRules {
  return json === undefined ? NO_RULES : { classes: withoutAbsent(json.classes), countries: json.countries };
}

/** Without the classes that are undefined: a class is spoken about or it is not. */
function withoutAbsent(json: DestinationsJson['classes']): DestinationRules['classes'] {
  return Object.fromEntries(Object.entries(json).filter(([, permission]) => permission !== undefined));
}

function buildLimits(json: OutboundLimitsJson | undefined): OutboundLimits {
  if (json === undefined) return NO_LIMITS;
  return {
    maxCalls: json.maxCalls ?? null, maxCallsPerSecond: json.maxCallsPerSecond ?? null, maxMinutesPerDay: json.maxMinutesPerDay ?? null,
    maxSpendPerDay: json.maxSpendPerDay ?? null, maxCallMs: json.maxCallMs ?? null,
  };
}

function e164OrNull(text: string | undefined): E164 | null {
  return (text ?? null) as E164 | null;
}

/** The form is the schema's to check, the number check-outbound's. */
function numbers(texts: readonly string[]): readonly E164[] {
  return texts as unknown as readonly E164[];
}
