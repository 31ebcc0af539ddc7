// The operator's trunk file: which carriers bring which numbers, which take calls and at what price, and which take emergency
// calls. Strict, all problems at once; passwords stay in the environment. It opens nothing. Read `parseTrunks` first.
import { isIP } from 'node:net';
import { z } from 'zod';
import { isE164, type E164 } from '../numbering/e164.ts';
import { pointer } from '../routing/problem.ts';
import type { Problem } from '../routing/problem.ts';
import { COST_CLASSES, NUMBER_FORMATS, type CostClass, type HeaderRecipe } from '../trunks/trunk.ts';

/** A carrier connection. */
export interface Trunk {
  readonly id: string;
  readonly name: string;
  /** `host` or `host:port` that calls to it go to; absent = it only brings calls. */
  readonly address?: string;
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** Addresses or networks from which its calls come. */
  readonly match: readonly string[];
  readonly registration?: { readonly server: string; readonly user: string; readonly password: string };
  /** DDIs it brings; empty = any of ours. */
  readonly ddis: DdiFilter;
  readonly ddiFrom: 'request-uri' | 'to' | 'diversion';
  readonly dtmf: 'rfc4733' | 'info' | 'inband';
  readonly codecs?: readonly ('alaw' | 'ulaw' | 'g722' | 'opus' | 'gsm')[];
  /** 999 and 112 go out here; of several, the one with the lowest priority number first. */
  readonly emergency: boolean;
  /** How calls go out; absent = it only brings calls. */
  readonly outbound?: TrunkOutbound;
}
/** What choosing a trunk and writing its headers need. */
export interface TrunkOutbound {
  readonly carrier: string;
  readonly domain: string;
  /** Endpoint in an Asterisk that is not ours; absent = the one that is made from this file. */
  readonly endpoint?: string;
  readonly priority: number;
  readonly weight: number;
  readonly cost: Readonly<Partial<Record<CostClass, number>>>;
  readonly maxChannels: number | null;
  readonly maxCallsPerSecond: number | null;
  readonly recipe: HeaderRecipe;
  /** How often the address is asked whether it lives; 0 = never. */
  readonly qualifyMs: number;
}
/** Whole numbers, and beginnings of numbers. */
export interface DdiFilter {
  readonly exact: ReadonlySet<string>;
  readonly prefixes: readonly string[];
}
export interface TrunkFile {
  /** null when there is a problem. */
  readonly trunks: readonly Trunk[] | null;
  readonly problems: readonly Problem[];
}

/** Longest trunk file that is read, in characters. */
const MAX_CHARACTERS = 4 * 1024 * 1024;
/** A dead address is known 2 to 3 s after its death, one that is back 1 s after (measured, Asterisk 22.10). */
const QUALIFY_MS = 2_000;
const HOST_PORT = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(:([1-9]\d{0,4}))?$/;

const isNet = (value: string): boolean => {
  const [base = '', bits, ...rest] = value.split('/');
  const family = isIP(base);
  return family !== 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)));
};
const hostPort = z
  .string()
  .refine((value) => HOST_PORT.test(value) && Number(HOST_PORT.exec(value)?.[4] ?? 1) <= 65_535, 'is not a host or host:port, for example sip.carrier.example:5060');
const e164 = z.string().refine(isE164, 'is no number like +441632960018');
const HOST = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)$/;
/** Fields of calls that go out; all need an address. */
const outbound = {
  carrier: z.string().min(1).max(80).optional().describe('Company behind the trunk; trunks of one carrier may share it. Absent: the name.'),
  domain: z.string().regex(HOST, 'is no host name or address').optional().describe('Domain in From and P-Asserted-Identity. Absent: the host of "address".'),
  endpoint: z.string().regex(/^[A-Za-z0-9_-]{1,80}$/, 'may have letters, digits, _ and - only').optional().describe('Name of the endpoint in an Asterisk of your own. Absent: trunk-<id>.'),
  priority: z.int().min(0).max(1_000).optional().describe('Lower is tried first among trunks of equal cost. Absent: 10.'),
  weight: z.int().min(0).max(1_000).optional().describe('Share of the calls among trunks of equal cost and priority; 0: only when the others are not to be had. Absent: 1.'),
  cost: z.partialRecord(z.enum(COST_CLASSES as [CostClass, ...CostClass[]]), z.number().min(0).max(100_000)).optional().describe('Pence a minute by class of the destination. "default" stands for every class that is not listed; without it those are not carried. Absent: every class at 0.'),
  maxChannels: z.int().min(1).max(100_000).optional().describe('Calls at the same time. Absent: no limit.'),
  maxCallsPerSecond: z.int().min(1).max(10_000).optional().describe('New calls in one second. Absent: no limit.'),
  numbers: z
    .strictObject({
      format: z.enum(NUMBER_FORMATS).default('+E164').describe('How the carrier wants numbers: +442079460018, 00442079460018 or 02079460018.'),
      defaultNetworkNumber: e164.nullable().default(null).describe('Number of this trunk that identifies it where the call names none.'),
      sendsNetworkNumber: z.boolean().default(true).describe('Whether P-Asserted-Identity is sent.'),
      allowsThirdPartyNumbers: z.boolean().default(false).describe('Whether a forwarded caller\'s own number may be shown.'),
    })
    .optional()
    .describe('How numbers are written and which are sent.'),
  qualifyMs: z.int().refine((ms) => ms === 0 || (ms >= 1_000 && ms <= 3_600_000), 'is neither 0 nor between 1000 and 3600000').optional().describe('How often the address is asked whether it lives; 0: never. Absent: 2000, and 0 on an emergency trunk.'),
};
const OUTBOUND_FIELDS = Object.keys(outbound) as readonly (keyof typeof outbound)[];
const trunk = z.strictObject({
  ...outbound,
  name: z.string().min(1).max(80).describe('What people call the carrier.'),
  address: hostPort.optional().describe('Where calls to it go.'),
  transport: z.enum(['udp', 'tcp', 'tls']).default('udp'),
  match: z.array(z.string().refine(isNet, 'is neither an IP address nor a network like 192.0.2.0/24')).max(200).default([]),
  registration: z
    .strictObject({
      server: hostPort,
      user: z.string().regex(/^[A-Za-z0-9_.+@-]{1,80}$/, 'may have letters, digits and _ . + @ - only'),
      passwordFromEnv: z.string().regex(/^[A-Z_][A-Z0-9_]{0,99}$/, 'is the name of a variable, for example CARRIER_PASSWORD'),
    })
    .optional()
    .describe('Log-in at the carrier.'),
  ddis: z.array(z.string().regex(/^\+[1-9]\d{0,14}\*?$/, 'is no number like +441632960018, nor the beginning of one with * at the end')).max(100_000).default([]),
  ddiFrom: z.enum(['request-uri', 'to', 'diversion']).default('request-uri'),
  dtmf: z.enum(['rfc4733', 'info', 'inband']).default('rfc4733'),
  codecs: z.array(z.enum(['alaw', 'ulaw', 'g722', 'opus', 'gsm'])).min(1).max(5).optional(),
  emergency: z.boolean().default(false).describe('999 and 112 go out here; with several, by priority.'),
});
const file = z.strictObject({
  $schema: z.string().max(500).optional(),
  trunks: z.record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'is no trunk id: use 1 to 40 small letters, digits and -'), trunk),
});

/**
 * The trunks of a file's text. `password` looks a variable up; a missing one is a problem. Never throws. A file without
 * an emergency trunk gives a warning: 999 then fails, which an installation with phones must not accept.
 */
export function parseTrunks(text: string, password: (variable: string) => string | undefined): TrunkFile {
  const json = readJson(text);
  if ('problem' in json) return { trunks: null, problems: [json.problem] };
  const parsed = file.safeParse(json.value);
  if (!parsed.success) return { trunks: null, problems: parsed.error.issues.flatMap(problemsOf) };
  const problems: Problem[] = [];
  const trunks = Object.entries(parsed.data.trunks).map(([id, raw]) => trunkOf(id, raw, password, problems));
  checkTogether(trunks, problems);
  return { trunks: problems.some(({ severity }) => severity === 'problem') ? null : trunks, problems };
}

/** True when `trunk` may bring calls to `ddi`. */
export function brings(one: Pick<Trunk, 'ddis'>, ddi: E164): boolean {
  const { exact, prefixes } = one.ddis;
  return (exact.size === 0 && prefixes.length === 0) || exact.has(ddi) || prefixes.some((prefix) => ddi.startsWith(prefix));
}

function readJson(text: string): { readonly value: unknown } | { readonly problem: Problem } {
  const fault = (code: string, message: string, hint: string) => ({ problem: { path: '', code, severity: 'problem' as const, message, hint } });
  if (text.length > MAX_CHARACTERS) return fault('too-long', `has more than ${MAX_CHARACTERS} characters`, 'Write prefixes with * instead of single numbers.');
  try {
    // zod drops a __proto__ key of a record without a word, so it is looked for here.
    const keys: string[] = [];
    const value: unknown = JSON.parse(text, (key, inner: unknown) => {
      if (key === '__proto__') keys.push(key);
      return inner;
    });
    if (keys.length > 0) return fault('forbidden-key', 'has a key "__proto__"', 'Remove it.');
    return { value };
  } catch (error) {
    return fault('not-json', `is not JSON: ${printable(error instanceof Error ? error.message : '')}`, 'Mend the text; genvoice check shows the line.');
  }
}

function trunkOf(id: string, raw: z.output<typeof trunk>, password: (variable: string) => string | undefined, problems: Problem[]): Trunk {
  const { address, registration, ddis, codecs, name, transport, match, ddiFrom, dtmf, emergency } = raw;
  const rest = { name, transport, match, ddiFrom, dtmf, emergency };
  const secret = registration === undefined ? '' : (password(registration.passwordFromEnv) ?? '');
  if (registration !== undefined && secret === '') {
    problems.push(problem(pointer('trunks', id, 'registration', 'passwordFromEnv'), 'password-missing', `names ${registration.passwordFromEnv}, which is not set`, 'Set it in the environment or in genvoice.env.'));
  }
  if (rest.match.length === 0 && registration === undefined) {
    problems.push(problem(pointer('trunks', id), 'trunk-unreachable', 'has neither "match" nor "registration", so that no call can come from it', 'Add the carrier\'s addresses as "match", or a "registration".'));
  }
  if (rest.emergency && address === undefined) {
    problems.push(problem(pointer('trunks', id, 'emergency'), 'emergency-without-address', 'is set, but the trunk has no "address" that calls could go to', 'Add "address".'));
  }
  const filter: DdiFilter = { exact: new Set(ddis.filter((ddi) => !ddi.endsWith('*'))), prefixes: ddis.filter((ddi) => ddi.endsWith('*')).map((ddi) => ddi.slice(0, -1)) };
  const goesOut = outboundOf(id, raw, filter, problems);
  return Object.freeze({
    id,
    ...rest,
    ddis: filter,
    ...(goesOut === null ? {} : { outbound: goesOut }),
    ...(address === undefined ? {} : { address }),
    ...(codecs === undefined ? {} : { codecs }),
    ...(registration === undefined ? {} : { registration: { server: registration.server, user: registration.user, password: secret } }),
  });
}

/** null = the trunk only brings calls. */
function outboundOf(id: string, raw: z.output<typeof trunk>, ddis: DdiFilter, problems: Problem[]): TrunkOutbound | null {
  if (raw.address === undefined) {
    for (const field of OUTBOUND_FIELDS) {
      if (raw[field] !== undefined) problems.push(problem(pointer('trunks', id, field), 'outbound-without-address', 'is set, but the trunk has no "address" that calls could go to', 'Add "address", or remove it.'));
    }
    return null;
  }
  const network = raw.numbers?.defaultNetworkNumber ?? null;
  if (network !== null && !brings({ ddis }, network as E164)) {
    problems.push(problem(pointer('trunks', id, 'numbers', 'defaultNetworkNumber'), 'network-number-not-of-trunk', `${network} is none of the numbers that the trunk brings`, 'Take one that stands in "ddis", or add it there.'));
  }
  return Object.freeze({
    carrier: raw.carrier ?? raw.name, domain: raw.domain ?? raw.address.replace(/:\d+$/, ''), ...(raw.endpoint === undefined ? {} : { endpoint: raw.endpoint }),
    priority: raw.priority ?? 10, weight: raw.weight ?? 1, cost: raw.cost ?? { default: 0 }, maxChannels: raw.maxChannels ?? null, maxCallsPerSecond: raw.maxCallsPerSecond ?? null,
    recipe: {
      format: raw.numbers?.format ?? '+E164', defaultNetworkNumber: network as E164 | null, sendsNetworkNumber: raw.numbers?.sendsNetworkNumber ?? true,
      allowsThirdPartyNumbers: raw.numbers?.allowsThirdPartyNumbers ?? false,
    },
    // Asterisk 22.10 sends no INVITE to an address that did not answer OPTIONS, and nothing may hold up 999 (RULES F8).
    qualifyMs: raw.qualifyMs ?? (raw.emergency ? 0 : QUALIFY_MS),
  });
}

function checkTogether(trunks: readonly Trunk[], problems: Problem[]): void {
  if (!trunks.some(({ emergency }) => emergency)) {
    problems.push({ path: '/trunks', code: 'emergency-missing', severity: 'warning', message: 'no trunk is marked for emergency, so that 999 and 112 cannot leave', hint: 'Set "emergency": true on the trunk that carries them.' });
  }
  const owner = new Map<string, string>();
  for (const { id, match } of trunks) {
    for (const [index, net] of match.entries()) {
      const other = owner.get(net);
      if (other === undefined) owner.set(net, id);
      else problems.push(problem(pointer('trunks', id, 'match', index), 'match-twice', `${net} belongs to trunk "${other}" already`, 'Calls from one address can belong to one trunk only.'));
    }
  }
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? '' : key));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, 50).map((key) => problem(pointer(...path, key), 'unknown-field', 'is no field of a trunk file', 'Remove it, or mend its spelling.'));
  }
  return [problem(pointer(...path), issue.code.replaceAll('_', '-').replace('invalid', 'wrong'), printable(wording(issue)), 'See dialplan/trunks.json for an example.')];
}

/** Zod's own words begin with "Invalid input", which says nothing to an operator; our own patterns' words stay. */
function wording(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.endsWith('undefined') ? 'is missing' : `should be ${issue.expected === 'array' ? 'a list' : issue.expected === 'int' ? 'a whole number' : `a ${issue.expected}`}`;
    case 'invalid_value':
      return `should be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'too_big':
      return isNumeric(issue.origin) ? `should be ${issue.maximum} or less` : `has more than ${issue.maximum} entries or characters`;
    case 'too_small':
      return isNumeric(issue.origin) ? `should be ${issue.minimum} or more` : `has fewer than ${issue.minimum} entries or characters`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'is no trunk id';
    case 'custom':
    case 'invalid_format':
    case 'invalid_element':
    case 'invalid_union':
    case 'not_multiple_of':
    case 'unrecognized_keys':
      return issue.message;
  }
}

function isNumeric(origin: string): boolean {
  return origin === 'number' || origin === 'int';
}

function problem(path: string, code: string, message: string, hint: string): Problem {
  return { path, code, severity: 'problem', message, hint };
}

function printable(text: string): string {
  return text.replace(/\p{C}/gu, '·').slice(0, 200);
}
