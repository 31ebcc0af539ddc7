// From the checked JSON of the admin to the compiled shapes of plan.ts: defaults that depend on other parts, intervals
// as minutes, maps instead of objects, and the steps that every extension has of its own. Checks nothing.
import type { E164 } from '../numbering/e164.ts';
import { bankHolidaysOf } from './bank-holidays.ts';
import { buildEntries, buildExtensionOutbound, buildMembers, buildOutbound, buildRegistered, buildSite, groupsByMember } from './build-outbound.ts';
import type { Forward, OutboundPlan, RegisteredNumber, Site } from './outbound.ts';
import type {
  BranchCase, CallerCase, DdiEntry, Extension, Group, HoursTable, Interval, Limits, Mailbox, Nation, Organisation,
  PromptSpec, RingStep, SayItem, Step, StepId, SwitchSpec, VoicemailStep,
} from './plan.ts';
import type { HoursJson, PlanJson } from './schema.ts';
import type { SayItemJson } from './schema-parts.ts';
import type { StepJson } from './schema-steps.ts';

/** Ring time of a ring step that names a group and no time of its own. */
const GROUP_RING_MS = 20_000;
const DEFAULT_LIMITS: Limits = Object.freeze({ maxCalls: 100, maxCallsPerCaller: 20, maxCallMs: 14_400_000 });

/** Parts of the JSON that could be read; a part that could not is absent or lacks the entry. */
export type ReadJson = { readonly [Key in keyof PlanJson]?: PlanJson[Key] | undefined };

/** The compiled parts of a plan, before anything is known of their references. */
export interface Parts {
  readonly organisation: Organisation | null;
  readonly numbers: ReadonlyMap<E164, DdiEntry>;
  readonly registry: ReadonlyMap<E164, RegisteredNumber>;
  readonly sites: ReadonlyMap<string, Site>;
  readonly hours: ReadonlyMap<string, HoursTable>;
  readonly switches: ReadonlyMap<string, SwitchSpec>;
  readonly prompts: ReadonlyMap<string, PromptSpec>;
  readonly callerLists: ReadonlyMap<string, readonly string[]>;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly groups: ReadonlyMap<string, Group>;
  readonly mailboxes: ReadonlyMap<string, Mailbox>;
  readonly steps: ReadonlyMap<StepId, Step>;
  readonly failsafe: StepId | null;
  readonly limits: Limits;
  readonly outbound: OutboundPlan;
}

/** Compiled parts of what could be read. */
export function buildParts(json: ReadJson): Parts {
  const nation = json.organisation?.nation ?? 'england';
  const memberships = groupsByMember(json.groups ?? {});
  const extensions = mapOf(json.extensions, (number, extension): Extension => ({
    number, name: extension.name, ringMs: extension.ringMs, endpoint: extension.endpoint ?? null, mailbox: extension.mailbox ?? null,
    forward: (extension.forward ?? null) as Forward | null, outbound: buildExtensionOutbound(extension, memberships.get(number) ?? []),
  }));
  const groups = mapOf(json.groups, (id, { name, members, strategy, outbound }): Group => ({ id, name, members, strategy, outbound: buildMembers(outbound) }));
  const mailboxes = mapOf(json.mailboxes, (id, box): Mailbox => ({
    ...box, id, greeting: sayItems(box.greeting), notify: { email: box.notify.email ?? null, webhook: box.notify.webhook ?? null },
  }));
  const steps = new Map<StepId, Step>();
  for (const [id, step] of Object.entries(json.steps ?? {})) steps.set(id, buildStep(id, step, { extensions, groups, mailboxes }));
  for (const extension of extensions.values()) addExtensionSteps(steps, extension, mailboxes);
  return {
    organisation: json.organisation ? buildOrganisation(json.organisation) : null,
    numbers: buildEntries(json.numbers ?? {}),
    registry: mapOf(json.numbers as Record<E164, PlanJson['numbers'][string]> | undefined, buildRegistered),
    sites: mapOf(json.sites, buildSite),
    hours: mapOf(json.hours, (name, table) => buildHours(name, table, nation)),
    switches: mapOf(json.switches, (name, spec): SwitchSpec => ({ name, label: spec.label, positions: spec.positions, featureCode: spec.featureCode ?? null })),
    prompts: mapOf(json.prompts, (name, prompt): PromptSpec => ({ name, ...prompt })),
    callerLists: mapOf(json.callerLists, (_, list) => list),
    extensions, groups, mailboxes, steps,
    failsafe: json.failsafe ?? null,
    limits: json.limits ?? DEFAULT_LIMITS,
    outbound: buildOutbound(json.outbound),
  };
}

function mapOf<Key extends string, Json, Built>(json: Readonly<Record<Key, Json>> | undefined, build: (key: Key, value: Json) => Built): Map<Key, Built> {
  const map = new Map<Key, Built>();
  for (const [key, value] of Object.entries<Json>(json ?? {})) map.set(key as Key, build(key as Key, value));
  return map;
}

function buildOrganisation(json: PlanJson['organisation']): Organisation {
  const { name, contact, timeZone, nation, language, emergencyNumber } = json;
  return { name, contact, timeZone, nation, country: 'GB', language, emergencyNumber: (emergencyNumber ?? null) as E164 | null };
}

function buildHours(name: string, json: HoursJson, nation: Nation): HoursTable {
  const { week, dates } = json;
  const rule = json.bankHolidays ?? { open: [], add: {}, remove: [] };
  const bankHolidays = rule === 'ordinary' ? bankHolidaysOf(nation) : holidaysAfter(bankHolidaysOf(nation), rule.add, rule.remove);
  return {
    name,
    week: [week.mon, week.tue, week.wed, week.thu, week.fri, week.sat, week.sun].map((day) => day.map(buildInterval)),
    dates: mapOf(dates, (_, { label, open }) => ({ label, open: open.map(buildInterval) })),
    bankHolidays,
    bankHolidayOpen: rule === 'ordinary' ? null : rule.open.map(buildInterval),
  };
}

/** The nation's own map when nothing is added or removed, so that a thousand plans share four maps. */
function holidaysAfter(nation: ReadonlyMap<string, string>, add: Readonly<Record<string, string>>, remove: readonly string[]): ReadonlyMap<string, string> {
  const added = Object.entries(add);
  if (added.length === 0 && remove.length === 0) return nation;
  const map = new Map([...nation, ...added]);
  for (const date of remove) map.delete(date);
  return map;
}

/** "22:00-06:00" -> 1320 to 1800. The form has been checked. */
function buildInterval(text: string): Interval {
  const minute = (at: number): number => Number(text.slice(at, at + 2)) * 60 + Number(text.slice(at + 3, at + 5));
  const from = minute(0);
  const to = minute(6);
  return { from, to: to > from ? to : to + 1440 };
}

function sayItems(items: readonly SayItemJson[] | undefined): readonly SayItem[] {
  return (items ?? []).map((item): SayItem => {
    if (typeof item === 'string') return { kind: 'prompt', name: item };
    if ('prompt' in item) return { kind: 'prompt', name: item.prompt };
    if ('phrase' in item) return { kind: 'phrase', id: item.phrase };
    if ('digits' in item) return { kind: 'digits', value: item.digits };
    if ('number' in item) return { kind: 'number', value: item.number };
    if ('date' in item) return { kind: 'date', value: item.date };
    return { kind: 'time', value: item.time };
  });
}

const NOTHING_PRESSED: readonly SayItem[] = [{ kind: 'phrase', id: 'nothing-pressed' }];
const NOT_A_CHOICE: readonly SayItem[] = [{ kind: 'phrase', id: 'that-choice-is-not-known' }];
const TRY_AGAIN: readonly SayItem[] = [{ kind: 'phrase', id: 'try-again' }];

interface Directory {
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly groups: ReadonlyMap<string, Group>;
  readonly mailboxes: ReadonlyMap<string, Mailbox>;
}

function buildStep(id: StepId, json: StepJson, directory: Directory): Step {
  const label = json.label ?? id;
  switch (json.kind) {
    case 'goto':
      return { kind: 'goto', id, label, on: {}, fallback: json.to, to: json.to };
    case 'end':
      return { kind: 'end', id, label, on: {}, fallback: id, how: json.how, say: sayItems(json.say) };
    case 'caller':
      return { ...json, id, label, on: exits(json.on), cases: json.cases.map(buildCallerCase) };
    case 'branch':
      return { ...json, id, label, on: exits(json.on), cases: json.cases.map(buildBranchCase) };
    case 'menu':
      return {
        ...json, id, label, on: exits(json.on), say: sayItems(json.say),
        noInputSay: json.noInputSay ? sayItems(json.noInputSay) : NOTHING_PRESSED,
        noMatchSay: json.noMatchSay ? sayItems(json.noMatchSay) : NOT_A_CHOICE,
      };
    case 'collect':
      return {
        ...json, id, label, on: exits(json.on), say: sayItems(json.say),
        terminator: json.terminator === 'none' ? null : json.terminator,
        noInputSay: json.noInputSay ? sayItems(json.noInputSay) : NOTHING_PRESSED,
        noMatchSay: json.noMatchSay ? sayItems(json.noMatchSay) : TRY_AGAIN,
      };
    case 'play':
      return { ...json, id, label, on: exits(json.on), say: sayItems(json.say) };
    case 'lookup':
      return { ...json, id, label, on: exits(json.on), body: json.body ?? null };
    case 'ring':
      return buildRing(id, label, json, directory);
    case 'voicemail': {
      const box = directory.mailboxes.get(json.mailbox);
      const maxMessageMs = json.maxMessageMs ?? box?.maxMessageMs ?? 120_000;
      return { ...json, id, label, on: exits(json.on), greeting: json.greeting ? sayItems(json.greeting) : box?.greeting ?? [], maxMessageMs };
    }
    case 'hours':
    case 'switch':
      return { ...json, id, label, on: exits(json.on) };
  }
}

/** Without the entries that are undefined: an outcome is listed or it is not. */
function exits(json: Readonly<Record<string, StepId | undefined>>): Record<string, StepId> {
  const on: Record<string, StepId> = {};
  for (const [outcome, to] of Object.entries(json)) if (to !== undefined) on[outcome] = to;
  return on;
}

function buildCallerCase(json: Extract<StepJson, { kind: 'caller' }>['cases'][number]): CallerCase {
  const { to } = json;
  if ('list' in json) return { kind: 'list', list: json.list, to };
  if ('prefix' in json) return { kind: 'prefix', prefix: json.prefix, to };
  if ('withheld' in json) return { kind: 'withheld', to };
  if ('noNumber' in json) return { kind: 'no-number', to };
  return { kind: 'country', country: json.country, to };
}

function buildBranchCase(json: Extract<StepJson, { kind: 'branch' }>['cases'][number]): BranchCase {
  const { to } = json;
  if ('equals' in json) return { kind: 'equals', value: json.equals, to };
  if ('prefix' in json) return { kind: 'prefix', value: json.prefix, to };
  if ('oneOf' in json) return { kind: 'one-of', values: json.oneOf, to };
  return { kind: 'at-least', value: json.atLeast, to };
}

function buildRing(id: StepId, label: string, json: Extract<StepJson, { kind: 'ring' }>, directory: Directory): RingStep {
  const { kind, fallback, hears } = json;
  const targets = json.targets.map((target): RingStep['targets'][number] => {
    if ('extension' in target) return { kind: 'extension', extension: target.extension };
    if ('group' in target) return { kind: 'group', group: target.group };
    return { kind: 'outside', number: target.outside as E164, name: target.name, pressToAccept: target.pressToAccept };
  });
  const groups = targets.flatMap((target) => (target.kind === 'group' ? directory.groups.get(target.group) ?? [] : []));
  const strategy = json.strategy ?? (targets.length === 1 ? groups[0]?.strategy : undefined) ?? 'all';
  const only = targets.length === 1 && targets[0]?.kind === 'extension' ? directory.extensions.get(targets[0].extension) : undefined;
  return { kind, id, label, on: exits(json.on), fallback, targets, strategy, ringMs: json.ringMs ?? only?.ringMs ?? GROUP_RING_MS, hears };
}

/** Steps that no admin writes; an id of the admin's cannot begin with @. */
const NOBODY_AVAILABLE: StepId = '@nobody-available';
const GOODBYE: StepId = '@goodbye';

/** What happens when an extension is dialled: it rings; then its mailbox, or a phrase and the end. */
function addExtensionSteps(steps: Map<StepId, Step>, extension: Extension, mailboxes: ReadonlyMap<string, Mailbox>): void {
  const id = `@${extension.number}`;
  const after = extension.mailbox === null ? NOBODY_AVAILABLE : `${id}-voicemail`;
  const ring: RingStep = {
    kind: 'ring', id, label: extension.name,
    on: { busy: after, 'no-answer': after, declined: after, unreachable: after }, fallback: after,
    targets: [{ kind: 'extension', extension: extension.number }], strategy: 'all', ringMs: extension.ringMs, hears: 'ringing',
  };
  steps.set(id, ring);
  if (!steps.has(NOBODY_AVAILABLE)) {
    steps.set(NOBODY_AVAILABLE, { kind: 'end', id: NOBODY_AVAILABLE, label: 'Nobody available', on: {}, fallback: NOBODY_AVAILABLE, how: 'hang-up', say: [{ kind: 'phrase', id: 'nobody-available' }] });
    steps.set(GOODBYE, { kind: 'end', id: GOODBYE, label: 'Goodbye', on: {}, fallback: GOODBYE, how: 'hang-up', say: [{ kind: 'phrase', id: 'goodbye' }] });
  }
  if (extension.mailbox === null) return;
  const box = mailboxes.get(extension.mailbox);
  const voicemail: VoicemailStep = {
    kind: 'voicemail', id: after, label: `Voicemail of ${extension.name}`,
    on: { 'nothing-recorded': GOODBYE }, fallback: NOBODY_AVAILABLE,
    mailbox: extension.mailbox, greeting: box?.greeting ?? [], maxMessageMs: box?.maxMessageMs ?? 120_000, silenceEndMs: 5000,
  };
  steps.set(after, voicemail);
}
