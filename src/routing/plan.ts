// The compiled plan of one customer: a frozen graph of steps that a call walks. Made by compile.ts from the admin's
// JSON and by nothing else; every reference in it has been checked, so that a live call never meets a dangling one.
// Plain data only (it crosses a worker boundary). Read `Step` first.
import type { E164 } from '../numbering/e164.ts';
import type { ExtensionOutbound, Forward, GroupOutbound, OutboundPlan, RegisteredNumber, Site } from './outbound.ts';

export type StepId = string;

/** One customer's routing, pinned by each call for its whole life. `hash` is of the canonical JSON. */
export interface RoutingPlan {
  readonly customer: string;
  readonly version: number;
  readonly hash: string;
  readonly organisation: Organisation;
  /** Every number that calls can come in on, a return call to an outbound-only one included. */
  readonly numbers: ReadonlyMap<E164, DdiEntry>;
  /** Every number of the customer, as the plan states it. */
  readonly registry: ReadonlyMap<E164, RegisteredNumber>;
  readonly sites: ReadonlyMap<string, Site>;
  readonly hours: ReadonlyMap<string, HoursTable>;
  readonly switches: ReadonlyMap<string, SwitchSpec>;
  readonly prompts: ReadonlyMap<string, PromptSpec>;
  readonly callerLists: ReadonlyMap<string, readonly string[]>;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly groups: ReadonlyMap<string, Group>;
  readonly mailboxes: ReadonlyMap<string, Mailbox>;
  /** Steps by id, those the admin wrote and one `@<extension>` per extension (what happens when it is dialled). */
  readonly steps: ReadonlyMap<StepId, Step>;
  /** Where a live caller goes when our own side failed: always a step that needs nothing outside Asterisk. */
  readonly failsafe: StepId;
  readonly limits: Limits;
  readonly outbound: OutboundPlan;
}

export interface Organisation {
  readonly name: string;
  readonly contact: string;
  readonly timeZone: string;
  readonly nation: Nation;
  readonly country: 'GB';
  readonly language: 'en-GB';
  /** Number shown on emergency calls; its address is what the emergency services look up (RULES B4). */
  readonly emergencyNumber: E164 | null;
}
export type Nation = 'england' | 'wales' | 'scotland' | 'northern-ireland';

export interface DdiEntry {
  readonly ddi: E164;
  readonly label: string;
  /** Of an outbound-only number without an entry of its own: that of the number it returns to. */
  readonly entry: StepId;
}

export interface Limits {
  /** Calls of this customer at once; emergency calls are exempt. */
  readonly maxCalls: number;
  readonly maxCallsPerCaller: number;
  readonly maxCallMs: number;
}

/** Minutes of the local day, `from` inclusive, `to` exclusive; `to` above 1440 runs into the next day. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}
export interface HoursTable {
  readonly name: string;
  /** Index 0 = Monday … 6 = Sunday. */
  readonly week: readonly (readonly Interval[])[];
  /** Local dates (YYYY-MM-DD) with hours of their own; they win over bank holidays and the week. */
  readonly dates: ReadonlyMap<string, { readonly label: string; readonly open: readonly Interval[] }>;
  /** Bank holidays of the nation after the admin's additions and removals: date -> name. */
  readonly bankHolidays: ReadonlyMap<string, string>;
  /** Hours kept on bank holidays; empty = closed. null = bank holidays are ordinary days. */
  readonly bankHolidayOpen: readonly Interval[] | null;
}

export interface SwitchSpec {
  readonly name: string;
  readonly label: string;
  /** First is the position before anybody set one. */
  readonly positions: readonly string[];
  /** Dialled from an extension, moves to the next position. */
  readonly featureCode: string | null;
}

export interface PromptSpec {
  readonly name: string;
  /** File in the customer's media folder. */
  readonly file: string;
  /** What is said, word for word; required so that an identification message can be proven. */
  readonly text: string;
}

export interface Extension {
  readonly number: string;
  readonly name: string;
  readonly ringMs: number;
  /** Name of the PJSIP endpoint when it is not ours to make (an Asterisk that was there before). */
  readonly endpoint: string | null;
  readonly mailbox: string | null;
  readonly forward: Forward | null;
  readonly outbound: ExtensionOutbound;
}

export const RING_STRATEGIES = ['all', 'in-order', 'round-robin', 'random', 'least-recent'] as const;
export type RingStrategy = (typeof RING_STRATEGIES)[number];
export interface Group {
  readonly id: string;
  readonly name: string;
  readonly members: readonly string[];
  readonly strategy: RingStrategy;
  readonly outbound: GroupOutbound;
}

/** Days that messages are kept where a mailbox does not say. */
export const DEFAULT_RETENTION_DAYS = 90;

export interface Mailbox {
  readonly id: string;
  readonly name: string;
  readonly greeting: readonly SayItem[];
  readonly maxMessageMs: number;
  readonly maxMessages: number;
  readonly retentionDays: number;
  /** Off unless named: where a notice of a new message goes. */
  readonly notify: { readonly email: string | null; readonly webhook: string | null };
}

/** Something a caller hears. Variables are `{{name}}` of collected or looked-up values, or the built-in ones. */
export type SayItem =
  | { readonly kind: 'prompt'; readonly name: string }
  /** A phrase of the product's own voice, by its id in sounds/manifest.json. */
  | { readonly kind: 'phrase'; readonly id: string }
  | { readonly kind: 'digits'; readonly value: string }
  | { readonly kind: 'number'; readonly value: string }
  /** YYYY-MM-DD or a variable; `{{today}}` is the customer's local date. */
  | { readonly kind: 'date'; readonly value: string }
  /** HH:MM or a variable; `{{now}}` is the customer's local time. */
  | { readonly kind: 'time'; readonly value: string };

/** Named results of a step -> the step that follows. An outcome without an entry goes to the step's fallback. */
export type Exits = Readonly<Record<string, StepId>>;

interface StepBase {
  readonly id: StepId;
  readonly label: string;
  readonly on: Exits;
  /** Where every unlisted outcome and every failure of the step goes. */
  readonly fallback: StepId;
}

export interface HoursStep extends StepBase { readonly kind: 'hours'; readonly hours: string }
export interface SwitchStep extends StepBase { readonly kind: 'switch'; readonly switch: string }
export type CallerCase =
  | { readonly kind: 'list'; readonly list: string; readonly to: StepId }
  | { readonly kind: 'prefix'; readonly prefix: string; readonly to: StepId }
  | { readonly kind: 'withheld'; readonly to: StepId }
  | { readonly kind: 'no-number'; readonly to: StepId }
  | { readonly kind: 'country'; readonly country: string; readonly to: StepId };
export interface CallerStep extends StepBase { readonly kind: 'caller'; readonly cases: readonly CallerCase[] }
export interface InputTimers {
  /** Silence allowed after the prompt before the first digit; at most 7,000 ms. */
  readonly firstDigitMs: number;
  readonly interDigitMs: number;
  /** From the end of the prompt to the last digit. */
  readonly overallMs: number;
}
export interface MenuStep extends StepBase, InputTimers {
  readonly kind: 'menu';
  readonly say: readonly SayItem[];
  /** Digits (one or more of 0-9 * #) -> step. */
  readonly choices: Exits;
  /** A caller may dial any extension of the plan here. */
  readonly dialExtension: boolean;
  readonly bargeIn: boolean;
  /** Digits pressed before this menu began count. */
  readonly typeAhead: boolean;
  /** How often the menu is offered again before `no-input` or `no-match`. */
  readonly retries: number;
  readonly noInputSay: readonly SayItem[];
  readonly noMatchSay: readonly SayItem[];
}
export interface PlayStep extends StepBase { readonly kind: 'play'; readonly say: readonly SayItem[]; readonly bargeIn: boolean }
export interface CollectStep extends StepBase, InputTimers {
  readonly kind: 'collect';
  readonly variable: string;
  readonly say: readonly SayItem[];
  readonly minDigits: number;
  readonly maxDigits: number;
  readonly terminator: '#' | '*' | null;
  /** Read the digits back and ask for 1. */
  readonly confirm: boolean;
  readonly retries: number;
  /** Masked in every log, trace and record. */
  readonly secret: boolean;
  readonly bargeIn: boolean;
  readonly noInputSay: readonly SayItem[];
  readonly noMatchSay: readonly SayItem[];
}
export interface LookupStep extends StepBase {
  readonly kind: 'lookup';
  readonly method: 'GET' | 'POST';
  /** May hold `{{variables}}`; each is percent-encoded when put in. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Variable -> JSON pointer into the answer. */
  readonly save: Readonly<Record<string, string>>;
}
export type BranchCase =
  | { readonly kind: 'equals'; readonly value: string; readonly to: StepId }
  | { readonly kind: 'prefix'; readonly value: string; readonly to: StepId }
  | { readonly kind: 'one-of'; readonly values: readonly string[]; readonly to: StepId }
  | { readonly kind: 'at-least'; readonly value: number; readonly to: StepId };
export interface BranchStep extends StepBase { readonly kind: 'branch'; readonly variable: string; readonly cases: readonly BranchCase[] }
export type RingTarget =
  | { readonly kind: 'extension'; readonly extension: string }
  | { readonly kind: 'group'; readonly group: string }
  /** Somebody outside. `pressToAccept`: whoever picks up presses 1 first, so that a mobile's voicemail takes no call. */
  | { readonly kind: 'outside'; readonly number: E164; readonly name: string; readonly pressToAccept: boolean };
/** Somebody outside who is rung for a call. */
export interface OutsideMember {
  readonly number: E164;
  readonly name: string;
  readonly pressToAccept: boolean;
  readonly origin: 'ring-step' | 'forward';
  /** On whose behalf; null = the customer's own. */
  readonly extension: string | null;
}
export interface RingStep extends StepBase {
  readonly kind: 'ring';
  readonly targets: readonly RingTarget[];
  readonly strategy: RingStrategy;
  readonly ringMs: number;
  readonly hears: 'ringing' | 'music';
}
export interface VoicemailStep extends StepBase {
  readonly kind: 'voicemail';
  readonly mailbox: string;
  /** Played instead of the mailbox's own greeting. */
  readonly greeting: readonly SayItem[];
  readonly maxMessageMs: number;
  readonly silenceEndMs: number;
}
export interface GotoStep extends StepBase { readonly kind: 'goto'; readonly to: StepId }
/** Ends the call; has no way on (`on` is empty and `fallback` its own id). */
export interface EndStep extends StepBase {
  readonly kind: 'end';
  readonly how: 'hang-up' | 'busy' | 'congestion';
  /** Said first, if any; the call is answered for it. */
  readonly say: readonly SayItem[];
}

export type Step =
  | HoursStep | SwitchStep | CallerStep | MenuStep | PlayStep | CollectStep | LookupStep | BranchStep | RingStep
  | VoicemailStep | GotoStep | EndStep;
export type StepKind = Step['kind'];

/**
 * What a step came to. `name` is one of the kind's outcome names (outcomes.ts), `digits` the choice that selected an
 * exit of its own, `to` a step chosen by a case. `detail` is a finished sentence part for the trace, free of secrets.
 */
export interface Outcome {
  readonly name: string;
  readonly detail?: string;
  readonly digits?: string;
  readonly to?: StepId;
}

/** Values a call gathered; secret ones are known by name so that no log shows them. */
export interface Variables {
  readonly values: ReadonlyMap<string, string>;
  readonly secrets: ReadonlySet<string>;
}
