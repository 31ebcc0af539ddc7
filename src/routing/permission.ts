// May calls of this extension go there? The narrowest rules that speak decide: the extension's own, then those of its
// groups (deny beats), then the customer's, then the product's defaults. Emergency calls are never asked about.
// Read `permit` first.
import type { Destination, DestinationClass } from '../numbering/destination.ts';
import type { DestinationRules, Permission } from './outbound.ts';
import type { RoutingPlan } from './plan.ts';

/** The answer. `rule` names what decided, `version` the state of its data; `text` is a sentence for people. */
export interface Permit {
  readonly permission: Permission;
  readonly rule: `${'extension' | 'group' | 'customer' | 'default'}-destination`;
  readonly version: string;
  readonly text: string;
}

/** One default of the product: what holds where no rule of the plan speaks. */
export interface DefaultRow {
  readonly class: DestinationClass;
  readonly permission: Permission;
  readonly effectiveFrom: string;
  readonly source: string;
}

const EFFECTIVE_FROM = '2026-11-22';
const FRAUD = 'toll fraud controls: what costs much or pays its holder is denied until somebody allows it';
const ORDINARY = 'ordinary calls inside the United Kingdom and its number plan';
const rows = (permission: Permission, source: string, ...classes: readonly DestinationClass[]): DefaultRow[] =>
  classes.map((cls) => ({ class: cls, permission, effectiveFrom: EFFECTIVE_FROM, source }));

export const DESTINATION_DEFAULTS: readonly DefaultRow[] = Object.freeze([
  ...rows('allowed', ORDINARY, 'geo', 'crown', 'ukwide', 'mobile', 'crown-mobile', 'free', 'corporate', 'voip', 'social', 'short', 'service084', 'service087'),
  ...rows('denied', FRAUD, 'international', 'caribbean', 'satellite', 'international-special', 'foreign-premium', 'premium', 'personal', 'directory', 'pager'),
]);
const defaults: ReadonlyMap<DestinationClass, Permission> = new Map(DESTINATION_DEFAULTS.map((row) => [row.class, row.permission]));

/** Classes that a country or a beginning of numbers can open; the others are opened by their class alone. */
const OPENED_BY_COUNTRY: ReadonlySet<DestinationClass> = new Set(['international', 'caribbean', 'satellite', 'international-special', 'crown', 'crown-mobile', 'mobile']);
const STRICTNESS: Readonly<Record<Permission, number>> = { allowed: 0, pin: 1, denied: 2 };

/** What one set of rules says: the permission and the key that decided; null = nothing. */
interface Said {
  readonly permission: Permission;
  readonly key: string;
}

/** The parts of a plan that speak about permissions. */
export type PermissionPlan = Pick<RoutingPlan, 'version' | 'hash' | 'outbound' | 'extensions' | 'groups'>;

/**
 * What the plan says of calls from `extension` (null: of the customer itself, such as a forwarded call's) to `to`. Deny
 * by default: a class without a default is denied. Time grows with the groups of the extension and the length of the
 * number, not with the plan.
 */
export function permit(plan: PermissionPlan, extension: string | null, to: Destination): Permit {
  const { hash, version, outbound, groups } = plan;
  const state = `plan ${version} ${hash.slice(0, 8)}`.trimEnd();
  const own = extension === null ? undefined : plan.extensions.get(extension)?.outbound;
  const byExtension = own === undefined ? null : say(own.destinations, to);
  if (byExtension !== null) return answer(byExtension, 'extension', `extension ${extension ?? ''}`, state);
  let byGroup: (Said & { readonly group: string }) | null = null;
  for (const id of own?.groups ?? []) {
    const group = groups.get(id);
    const said = group === undefined ? null : say(group.outbound.destinations, to);
    if (said !== null && (byGroup === null || STRICTNESS[said.permission] > STRICTNESS[byGroup.permission])) byGroup = { ...said, group: id };
  }
  if (byGroup !== null) return answer(byGroup, 'group', `group ${byGroup.group}`, state);
  const byCustomer = say(outbound.destinations, to);
  if (byCustomer !== null) return answer(byCustomer, 'customer', 'the customer', state);
  return answer({ permission: defaults.get(to.class) ?? 'denied', key: `class ${to.class}` }, 'default', 'the product', EFFECTIVE_FROM);
}

/** A beginning of the number goes before its country, both before its class; what they cannot open they can close. */
function say(rules: DestinationRules, to: Destination): Said | null {
  const named = beginning(rules, to) ?? country(rules, to);
  const permission = Object.hasOwn(rules.classes, to.class) ? rules.classes[to.class] : undefined;
  const byClass = permission === undefined ? null : { permission, key: `class ${to.class}` };
  if (named === null) return byClass;
  if (OPENED_BY_COUNTRY.has(to.class)) return named;
  if (byClass === null) return named.permission === 'denied' ? named : null;
  return STRICTNESS[named.permission] > STRICTNESS[byClass.permission] ? named : byClass;
}

/** The longest beginning that the rules name; short codes begin like no number. */
function beginning({ countries }: DestinationRules, { digits }: Destination): Said | null {
  if (!digits.startsWith('+')) return null;
  for (let length = digits.length; length > 1; length -= 1) {
    const key = digits.slice(0, length);
    const permission = Object.hasOwn(countries, key) ? countries[key] : undefined;
    if (permission !== undefined) return { permission, key: `numbers that begin ${key}` };
  }
  return null;
}

function country({ countries }: DestinationRules, to: Destination): Said | null {
  const permission = to.country !== null && Object.hasOwn(countries, to.country) ? countries[to.country] : undefined;
  return permission === undefined ? null : { permission, key: `country ${to.country ?? ''}` };
}

const VERBS: Readonly<Record<Permission, string>> = { allowed: 'allows', denied: 'denies', pin: 'asks for a PIN for' };

function answer({ permission, key }: Said, level: 'extension' | 'group' | 'customer' | 'default', who: string, version: string): Permit {
  return { permission, rule: `${level}-destination`, version, text: `${who} ${VERBS[permission]} ${key}` };
}
