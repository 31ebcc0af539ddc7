// The process settings: one table, read from the environment and from genvoice.env, checked as a whole and frozen.
// It reports every problem at once and never shows a secret. It opens nothing but that file. Read `SETTINGS` first.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';

/** Name of the settings file in the working folder. */
export const SETTINGS_FILE = 'genvoice.env';
/** A longer file is refused: no settings file is that long. */
const MAX_FILE_CHARACTERS = 256 * 1024;
const MAX_VALUE_CHARACTERS = 4096;

/** One thing to mend. `name` is the variable, or `genvoice.env:7` for a line that names none. */
export interface SettingProblem {
  readonly name: string;
  readonly message: string;
  readonly hint: string;
}
/** One row of `genvoice settings`; the value of a secret is never in it. */
export interface SettingRow {
  readonly name: string;
  readonly value: string;
  readonly from: 'environment' | typeof SETTINGS_FILE | 'default';
  readonly meaning: string;
}

type Field<T> = z.ZodType<T, string>;
/** What is wrong and how to mend it travel as one zod message, split again in `problemOf`. */
const mend = (message: string, hint: string): string => `${message}\n${hint}`;
const matching = (pattern: RegExp, message: string, hint: string): Field<string> => z.string().regex(pattern, mend(message, hint));
const whole = (least: number, most: number): Field<number> => {
  const hint = `Write a whole number from ${least} to ${most}.`;
  return z
    .string()
    .regex(/^\d{1,12}$/, mend('is not a whole number', hint))
    .transform(Number)
    .refine((n) => n >= least && n <= most, mend('is out of range', hint));
};
const YES: ReadonlySet<string> = new Set(['true', 'yes', 'on', '1']);
const NO: ReadonlySet<string> = new Set(['false', 'no', 'off', '0']);
const yesNo: Field<boolean> = z
  .string()
  .refine((word) => YES.has(word.toLowerCase()) || NO.has(word.toLowerCase()), mend('is neither yes nor no', 'Write true or false.'))
  .transform((word) => YES.has(word.toLowerCase()));
const oneOf = <const T extends readonly [string, ...string[]]>(...words: T): Field<T[number]> =>
  z.string().pipe(z.enum(words, { error: mend('is none of the words it may be', `Write one of: ${words.join(', ')}.`) })) as Field<T[number]>;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9]([a-z0-9-]{0,62}))*$/i;
const isHost = (value: string): boolean => isIP(value) !== 0 || (HOST_NAME.test(value) && !/^[\d.]+$/.test(value));
const host: Field<string> = z
  .string()
  .refine(isHost, mend('is neither an IP address nor a host name', 'Write an address such as 127.0.0.1, or a host name.'));
const address: Field<string> = z
  .string()
  .refine((value) => isIP(value) !== 0, mend('is not an IP address', 'Write an IPv4 or IPv6 address, for example 127.0.0.1.'));
const path: Field<string> = z
  .string()
  .min(1, mend('is empty', 'Write a path, absolute or from the working folder.'))
  .refine((value) => !value.includes('\0'), mend('has a NUL character', 'Write an ordinary path.'));

/** `T`, or null where the value is empty. */
function optional<T>(inner: Field<T>): Field<T | null> {
  return z.string().transform((value, context) => {
    if (value === '') return null;
    const read = inner.safeParse(value);
    if (read.success) return read.data;
    for (const issue of read.error.issues) context.addIssue({ code: 'custom', message: issue.message });
    return z.NEVER;
  });
}

/** Comma-separated items; spaces around them and empty ones do not count. */
function listOf<T>(inner: Field<T>, least = 0): Field<readonly T[]> {
  return z.string().transform((value, context) => {
    const items = value.split(',').map((item) => item.trim()).filter((item) => item !== '');
    if (items.length < least) context.addIssue({ code: 'custom', message: mend('lists nothing', 'Write at least one item; separate several with commas.') });
    return items.flatMap((item) => {
      const read = inner.safeParse(item);
      if (read.success) return [read.data];
      for (const issue of read.error.issues) context.addIssue({ code: 'custom', message: `item ${JSON.stringify(item)} ${issue.message}` });
      return [];
    });
  });
}

/** URL of one of `protocols`; a user or password inside is refused, because addresses end up in logs. */
function url(protocols: readonly string[], mayHoldPassword = false): Field<string> {
  const shown = protocols.map((protocol) => `${protocol}//`).join(' or ');
  return z.string().transform((value, context) => {
    const parsed = URL.canParse(value) ? new URL(value) : null;
    if (parsed === null || !protocols.includes(parsed.protocol) || parsed.hostname === '') {
      context.addIssue({ code: 'custom', message: mend(`is not an address that begins with ${shown}`, `Write it like ${protocols[0] ?? ''}//host:port.`) });
      return z.NEVER;
    }
    if (!mayHoldPassword && (parsed.username !== '' || parsed.password !== '')) {
      context.addIssue({ code: 'custom', message: mend('has a user name or password inside', 'Take it out of the address; ARI_USER and ARI_PASSWORD are for that.') });
      return z.NEVER;
    }
    return value.replace(/\/+$/, '');
  });
}

/** `192.0.2.0/24`, `2001:db8::/32`, or a single address. */
export function isAddressOrNet(value: string): boolean {
  const [base = '', bits, ...rest] = value.split('/');
  const family = isIP(base);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}
const net: Field<string> = z.string().refine(isAddressOrNet, mend('is neither an address nor a network', 'Write networks like 192.168.0.0/16 or fd00::/8.'));

const portRange: Field<{ readonly start: number; readonly end: number }> = z.string().transform((value, context) => {
  const [, low, high] = /^(\d{1,5})-(\d{1,5})$/.exec(value) ?? [];
  const start = Number(low);
  const end = Number(high);
  // Each leg takes two ports (RTP and RTCP), the even one first.
  if (low !== undefined && start >= 1024 && end <= 65_535 && end - start >= 19) return { start, end };
  context.addIssue({ code: 'custom', message: mend('is not a range of ports', 'Write it like 20000-29999, within 1024 to 65535, at least 20 ports.') });
  return z.NEVER;
});

interface Entry<T> {
  readonly name: string;
  readonly read: Field<T>;
  readonly default: string;
  readonly meaning: string;
  readonly secret?: true;
}
const entry = <T>(name: string, read: Field<T>, byDefault: string, meaning: string): Entry<T> => ({ name, read, default: byDefault, meaning });
const secret = <T>(name: string, read: Field<T>, byDefault: string, meaning: string): Entry<T> => ({ name, read, default: byDefault, meaning, secret: true });

/** Every setting there is: where it is read from, what it may be, what it is without being set, what it does. */
export const SETTINGS = {
  sipHost: entry('GENVOICE_SIP_HOST', address, '127.0.0.1', 'Address on which Asterisk takes SIP; 0.0.0.0 opens it to every network.'),
  sipPort: entry('GENVOICE_SIP_PORT', whole(1, 65_535), '5060', 'UDP and TCP port for SIP.'),
  httpHost: entry('GENVOICE_HTTP_HOST', host, '127.0.0.1', 'Address of the API and of the health and metrics pages.'),
  httpPort: entry('GENVOICE_HTTP_PORT', whole(1, 65_535), '8085', 'Port of the API.'),
  dataFolder: entry('GENVOICE_DATA', path, '.genvoice/data', 'Folder for records, voicemail, plan versions, keys and logs.'),
  plansFolder: entry('GENVOICE_PLANS', path, 'dialplan/plans', 'Folder with one plan file per customer.'),
  trunksFile: entry('GENVOICE_TRUNKS', path, 'dialplan/trunks.json', 'File that lists the carrier trunks.'),
  asterisk: entry('GENVOICE_ASTERISK', oneOf('auto', 'embedded', 'docker', 'existing'), 'auto', 'Which Asterisk serves: auto takes ARI_URL if set, else embedded where this machine allows it, else Docker.'),
  ari: entry('GENVOICE_ARI', oneOf('own', 'ari-client'), 'own', 'Library that talks to Asterisk.'),
  ariUrl: entry('ARI_URL', optional(url(['http:', 'https:'])), '', 'HTTP address of an Asterisk that exists already; empty = we run our own.'),
  ariUser: entry('ARI_USER', matching(/^[A-Za-z0-9_.-]{1,64}$/, 'is not an ARI user name', 'Use 1 to 64 letters, digits, and . _ -'), 'genvoice', 'ARI user of that Asterisk.'),
  ariPassword: secret('ARI_PASSWORD', optional(z.string()), '', 'Password of ARI_USER; our own Asterisk gets a generated one.'),
  ariApp: entry('ARI_APP', matching(/^[A-Za-z0-9_-]{1,40}$/, 'is not an application name', 'Use 1 to 40 letters, digits, and _ -'), 'genvoice', 'Stasis application name; each instance on one Asterisk needs its own.'),
  ariPort: entry('GENVOICE_ARI_PORT', whole(0, 65_535), '0', 'Loopback port of our own Asterisk\'s ARI; 0 = a free one.'),
  mediaUrl: entry('GENVOICE_MEDIA_URL', optional(url(['http:', 'https:'])), '', 'Address at which an Asterisk elsewhere reaches our prompts, for example http://10.0.0.5:8085.'),
  externalAddress: entry('GENVOICE_EXTERNAL_ADDRESS', optional(host), '', 'Public address to name in SIP and RTP when this machine is behind NAT.'),
  localNets: entry('GENVOICE_LOCAL_NETS', listOf(net), '', 'Networks in which the external address is not used, comma-separated.'),
  ipv6: entry('GENVOICE_IPV6', yesNo, 'false', 'Take SIP over UDP on IPv6 too: on ::1 beside a loopback GENVOICE_SIP_HOST, else on every address.'),
  sipTlsCert: entry('GENVOICE_SIP_TLS_CERT', optional(path), '', 'Certificate file (PEM) for SIP over TLS; empty = no TLS.'),
  sipTlsKey: entry('GENVOICE_SIP_TLS_KEY', optional(path), '', 'Key file (PEM) of that certificate.'),
  sipTlsPort: entry('GENVOICE_SIP_TLS_PORT', whole(1, 65_535), '5061', 'Port for SIP over TLS.'),
  srtp: entry('GENVOICE_SRTP', yesNo, 'false', 'Encrypt the speech of phones (SDES); needs SIP over TLS.'),
  codecs: entry('GENVOICE_CODECS', listOf(oneOf('alaw', 'ulaw', 'g722', 'opus', 'gsm'), 1), 'alaw,ulaw,g722', 'Speech codecs in order of preference.'),
  rtpPorts: entry('GENVOICE_RTP_PORTS', optional(portRange), '', 'UDP ports for speech, for example 20000-29999; empty = a free block of 2,000 from 10000 up (20000-29999 in Docker).'),
  language: entry('GENVOICE_LANGUAGE', oneOf('en_GB'), 'en_GB', 'Language of the product\'s own phrases.'),
  tones: entry('GENVOICE_TONES', oneOf('uk'), 'uk', 'Country of the ringing, busy and congestion tones.'),
  drainMs: entry('GENVOICE_DRAIN_MS', whole(0, 86_400_000), '30000', 'Time that live calls get to end when the program stops.'),
  state: entry('GENVOICE_STATE', oneOf('sqlite', 'redis', 'memory'), 'sqlite', 'Where live calls and switches are kept; redis when several processes share them; memory forgets.'),
  redisUrl: secret('REDIS_URL', optional(url(['redis:', 'rediss:'], true)), '', 'Address of Redis, for GENVOICE_STATE=redis.'),
  logLevel: entry('GENVOICE_LOG_LEVEL', oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), 'info', 'Least serious line that is logged.'),
  logNumbers: entry('GENVOICE_LOG_NUMBERS', oneOf('full', 'masked'), 'full', 'Phone numbers in logs: whole, or without the last three digits.'),
  logStdout: entry('GENVOICE_LOG_STDOUT', yesNo, 'false', 'Log to standard output too, besides the file in the data folder.'),
  lookupHosts: entry('GENVOICE_LOOKUP_HOSTS', listOf(host.transform((name) => name.toLowerCase())), '', 'Hosts that lookup steps may ask, comma-separated; empty = none.'),
  lookupPrivate: entry('GENVOICE_LOOKUP_PRIVATE', yesNo, 'false', 'Lookups may ask listed hosts with private and loopback addresses.'),
  smtpUrl: secret('GENVOICE_SMTP_URL', optional(url(['smtp:', 'smtps:'], true)), '', 'Mail server for notices of new voicemail messages, for example smtp://user:password@mail.example.com:587; empty = no mail.'),
  mailFrom: entry('GENVOICE_MAIL_FROM', optional(matching(/^[^\s@<>"',;]{1,64}@[^\s@<>"',;]{1,190}$/, 'is not an e-mail address', 'Write it like genvoice@example.com.')), '', 'Sender of those notices.'),
  testNumbers: entry('GENVOICE_TEST_NUMBERS', yesNo, 'false', 'Calls may show numbers kept for drama: for systems without a real carrier alone.'),
  doNotOriginateFile: entry('GENVOICE_DO_NOT_ORIGINATE', optional(path), '', 'File with numbers that may never be shown, one a line; empty = no list.'),
  maxCalls: entry('GENVOICE_MAX_CALLS', whole(1, 100_000), '1000', 'Live calls above which new ones get 503; emergency calls are exempt.'),
  maxCps: entry('GENVOICE_MAX_CPS', whole(1, 10_000), '200', 'New calls a second above which more get 503; emergency calls are exempt.'),
} as const;

type Key = keyof typeof SETTINGS;
/** The checked values, deep-frozen. Paths are as written; durations are milliseconds. */
export type Settings = { readonly [K in Key]: z.output<(typeof SETTINGS)[K]['read']> };

const KEYS = Object.keys(SETTINGS) as readonly Key[];
const BY_NAME: ReadonlyMap<string, Key> = new Map(KEYS.map((key) => [SETTINGS[key].name, key]));
const schema = z.object(Object.fromEntries(KEYS.map((key) => [key, SETTINGS[key].read])));

/** What came of reading. `settings` is null exactly when there are problems; warnings do not stop a start. */
export interface LoadedSettings {
  readonly settings: Settings | null;
  readonly problems: readonly SettingProblem[];
  readonly warnings: readonly SettingProblem[];
  readonly rows: readonly SettingRow[];
  /** Any variable by name, ours or not (a trunk's password, for example); the environment wins over the file. */
  variable(name: string): string | undefined;
}
export interface SettingsSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of genvoice.env; null = there is none. */
  readonly file: string | null;
}

/** Reads the environment and `genvoice.env` of `folder`. A file that cannot be read is a problem, not an exception. */
export function readSettings(folder: string, env: SettingsSource['env']): LoadedSettings {
  try {
    return loadSettings({ env, file: readFileSync(join(folder, SETTINGS_FILE), 'utf8') });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const loaded = loadSettings({ env, file: null });
    if (code === 'ENOENT') return loaded;
    const problem = { name: SETTINGS_FILE, message: `could not be read (${code})`, hint: 'Make it readable for the user that runs GENVoice, or remove it.' };
    return { ...loaded, settings: null, problems: [problem, ...loaded.problems] };
  }
}

/** Checks everything at once and never throws. Set but empty counts as not set. */
export function loadSettings(source: SettingsSource): LoadedSettings {
  const file = parseFile(source.file ?? '');
  const fromEnv = (name: string): string | undefined => (Object.hasOwn(source.env, name) ? source.env[name] || undefined : undefined);
  const variable = (name: string): string | undefined => fromEnv(name) ?? (file.values.get(name) || undefined);
  const raw: Record<string, string> = {};
  for (const key of KEYS) raw[key] = (variable(SETTINGS[key].name) ?? SETTINGS[key].default).trim();
  const parsed = schema.safeParse(raw);
  const problems = [...file.problems, ...unknownNames([...file.values.keys()])];
  for (const key of KEYS) {
    if ((raw[key] ?? '').length > MAX_VALUE_CHARACTERS) problems.push({ name: SETTINGS[key].name, message: `has more than ${MAX_VALUE_CHARACTERS} characters`, hint: 'Shorten it.' });
  }
  if (!parsed.success) problems.push(...parsed.error.issues.map((issue) => problemOf(issue, raw)));
  else problems.push(...crossProblems(parsed.data as Settings));
  const rows = KEYS.map((key): SettingRow => {
    const { name, meaning } = SETTINGS[key];
    const from = fromEnv(name) !== undefined ? 'environment' : file.values.get(name) ? SETTINGS_FILE : 'default';
    return { name, value: 'secret' in SETTINGS[key] ? (raw[key] === '' ? '' : '(set, not shown)') : printable(raw[key] ?? ''), from, meaning };
  });
  // The environment is shared: a container platform may put GENVOICE_PORT there for a service of that name.
  const warnings = unknownNames(Object.keys(source.env));
  return { settings: problems.length === 0 ? freeze(parsed.data as Settings) : null, problems, warnings, rows, variable };
}

/** Rows for `genvoice settings`, secrets hidden. */
export function describeSettings(loaded: LoadedSettings): readonly SettingRow[] {
  return loaded.rows;
}

/** One line per problem, in the words that a person reads at start. */
export function explainProblems(problems: readonly SettingProblem[]): string {
  return problems.map(({ name, message, hint }) => `${name} ${message}. ${hint}`).join('\n');
}

function problemOf(issue: z.core.$ZodIssue, raw: Record<string, string>): SettingProblem {
  const key = issue.path[0] as Key;
  const [message = '', hint = 'See genvoice settings.'] = issue.message.split('\n');
  const value = raw[key] ?? '';
  // Said after the value: "is "abc", which is not a whole number"; an item of a list is named in it.
  const joint = message.startsWith('item ') ? 'in which' : 'which';
  return { name: SETTINGS[key].name, message: 'secret' in SETTINGS[key] || value === '' ? message : `is ${JSON.stringify(printable(value))}, ${joint} ${message}`, hint };
}

/** Rules that join several settings. */
function crossProblems(s: Settings): SettingProblem[] {
  const problems: SettingProblem[] = [];
  const say = (key: Key, message: string, hint: string): void => void problems.push({ name: SETTINGS[key].name, message, hint });
  if (s.asterisk === 'existing' && s.ariUrl === null) say('ariUrl', 'is empty, but GENVOICE_ASTERISK=existing needs it', 'Write the HTTP address of that Asterisk, for example http://10.0.0.5:8088.');
  if ((s.asterisk === 'embedded' || s.asterisk === 'docker') && s.ariUrl !== null) say('ariUrl', `is set, but GENVOICE_ASTERISK=${s.asterisk} runs an Asterisk of our own`, 'Remove one of the two.');
  if (s.ariUrl !== null && s.ariPassword === null) say('ariPassword', 'is empty, but ARI_URL is set', 'Write the password of ARI_USER; genvoice attach --print shows what to add on that Asterisk.');
  if (s.state === 'redis' && s.redisUrl === null) say('redisUrl', 'is empty, but GENVOICE_STATE=redis needs it', 'Write it like redis://127.0.0.1:6379.');
  if (s.smtpUrl !== null && s.mailFrom === null) say('mailFrom', 'is empty, but GENVOICE_SMTP_URL is set', 'Write the address that notices come from, for example genvoice@example.com.');
  if ((s.sipTlsCert === null) !== (s.sipTlsKey === null)) say(s.sipTlsCert === null ? 'sipTlsCert' : 'sipTlsKey', 'is empty, but its other half is set', 'Set both GENVOICE_SIP_TLS_CERT and GENVOICE_SIP_TLS_KEY, or neither.');
  if (s.srtp && s.sipTlsCert === null) say('srtp', 'is on without SIP over TLS, so its keys would travel in the clear', 'Set GENVOICE_SIP_TLS_CERT and GENVOICE_SIP_TLS_KEY too.');
  const ports: readonly (readonly [Key, number])[] = [['sipPort', s.sipPort], ['httpPort', s.httpPort], ['ariPort', s.ariPort], ...(s.sipTlsCert === null ? [] : [['sipTlsPort', s.sipTlsPort] as const])];
  for (const [index, [key, port]] of ports.entries()) {
    const other = ports.slice(0, index).find(([, taken]) => taken === port && port !== 0);
    if (other) say(key, `is ${port}, which ${SETTINGS[other[0]].name} has already`, 'Choose another port.');
    if (s.rtpPorts !== null && port >= s.rtpPorts.start && port <= s.rtpPorts.end) say(key, `is ${port}, which lies inside GENVOICE_RTP_PORTS`, 'Move one of the two.');
  }
  if (s.lookupPrivate && s.lookupHosts.length === 0) say('lookupPrivate', 'is on, but GENVOICE_LOOKUP_HOSTS lists no host', 'List the hosts that lookups may ask.');
  return problems;
}

/** Unknown names that look like ours, each with the nearest known one. */
function unknownNames(names: readonly string[]): SettingProblem[] {
  return names
    .filter((name) => name.startsWith('GENVOICE_') && !BY_NAME.has(name))
    .slice(0, 50)
    .map((name) => {
      const near = nearest(name.slice(0, 80));
      return { name: printable(name), message: 'is no setting', hint: near === null ? 'genvoice settings lists them all.' : `Did you mean ${near}?` };
    });
}

function nearest(name: string): string | null {
  let best: string | null = null;
  // One letter in three may be wrong, three at most, not counting the common beginning.
  let least = Math.min(3, Math.ceil((name.length - 'GENVOICE_'.length) / 3)) + 1;
  for (const known of BY_NAME.keys()) {
    const distance = editDistance(name, known);
    if (distance < least) [best, least] = [known, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]{0,99})\s*=\s*(.*)$/;

/** KEY=VALUE lines, # comments, single or double quotes; values stay on one line. Says which line it cannot read. */
function parseFile(text: string): { readonly values: ReadonlyMap<string, string>; readonly problems: SettingProblem[] } {
  const values = new Map<string, string>();
  const problems: SettingProblem[] = [];
  if (text.length > MAX_FILE_CHARACTERS) {
    return { values, problems: [{ name: SETTINGS_FILE, message: `has more than ${MAX_FILE_CHARACTERS} characters`, hint: 'Keep settings alone in it.' }] };
  }
  for (const [index, line] of text.replace(/^\uFEFF/, '').split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, name, rest = ''] = LINE.exec(line) ?? [];
    const place = `${SETTINGS_FILE}:${index + 1}`;
    // The line itself is not shown: it may hold a secret.
    if (name === undefined) problems.push({ name: place, message: 'is not a line like NAME=value', hint: 'Begin comments with #.' });
    else if (values.has(name)) problems.push({ name: place, message: `sets ${name} a second time`, hint: 'Keep one of the two lines.' });
    else {
      const value = unquote(rest.trim());
      if (value === null) problems.push({ name: place, message: `opens a quote after ${name}= that does not end the value`, hint: 'Close it on the same line; only a comment may follow.' });
      else values.set(name, value);
    }
  }
  return { values, problems };
}

/**
 * The value of what follows `=`; null = a quote that is not closed. Not node:util's parseEnv: that cuts `pa#ss` at the
 * # without a word, and a password cut short is hard to find.
 */
function unquote(rest: string): string | null {
  const quoted = /^(["'])(.*?)(?<!\\)\1\s*(?:#.*)?$/.exec(rest);
  if (quoted) {
    const inner = quoted[2] ?? '';
    return quoted[1] === "'" ? inner : inner.replace(/\\(["\\])/g, '$1');
  }
  return /^["']/.test(rest) ? null : rest.replace(/(^|\s+)#.*$/, '').trimEnd();
}

/** What may stand in a message: no control characters, no user or password of an address, 200 characters. */
function printable(value: string): string {
  return value.replace(/\p{C}/gu, '?').replace(/\/\/\S*@/g, '//(hidden)@').slice(0, 200);
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const inner of Object.values(value)) freeze(inner);
    Object.freeze(value);
  }
  return value;
}
