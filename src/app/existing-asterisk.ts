// An Asterisk that was there before us: can it be reached, is it new enough, and what does it lack. Asks only; nothing
// there is changed, except that `dialplanLacks` holds an undialled Local channel for a moment. Read `takeExisting`.
import { isIP } from 'node:net';
import { ariBase, authorization } from '../ari/transport.ts';
import { soxRunner } from '../media/run-sox.ts';
import type { TakenAsterisk, TakeOptions } from './asterisk.ts';

type Ari = TakenAsterisk['ari'];

const OLDEST = 22;
const ASK_MS = 5_000;
/** An Asterisk that starts together with us is up by then. */
const PATIENCE_MS = 30_000;
const ANSWER_CHARACTERS = 4 * 1024 * 1024;
const ENDPOINT = /^[A-Za-z0-9_.-]{1,80}$/;

/** Modules of calls, and what is missing without them. */
const NEEDED: readonly (readonly [modules: readonly string[], without: string])[] = [
  [['app_stasis', 'res_stasis', 'res_stasis_answer'], 'calls cannot be handed to GENVoice'],
  [['res_ari_applications', 'res_ari_asterisk', 'res_ari_bridges', 'res_ari_channels', 'res_ari_endpoints', 'res_ari_events', 'res_ari_playbacks', 'res_ari_recordings'], 'GENVoice cannot steer calls'],
  [['res_stasis_playback', 'format_wav'], 'callers hear no prompt'],
  [['res_http_media_cache', 'res_curl'], 'prompts cannot be fetched from us over HTTP, so callers hear none'],
  [['res_stasis_recording'], 'no voicemail can be recorded'],
  [['bridge_simple', 'bridge_softmix'], 'callers and phones cannot be connected'],
  [['chan_bridge_media'], 'two people who talk are not told that their call ends soon'],
  [['func_callerid', 'func_channel', 'func_dialplan', 'func_global', 'func_logic', 'func_strings', 'func_uri', 'res_pjsip_header_funcs'], 'the entry contexts cannot read who calls whom'],
  [['app_dial', 'app_playback'], 'the last known routes do not work while GENVoice is away'],
  [['res_musiconhold'], 'callers who wait hear no music'],
  [['app_minivm'], 'phones show no waiting messages'],
];

/** Contexts that a call needs, each with the one extension that proves it. */
const CONTEXTS: readonly (readonly [where: string, without: string])[] = [
  ['gv-trunk,441632960000,1', 'calls of carriers do not reach GENVoice'],
  ['gv-enter-trunk,s,1', 'calls of carriers do not reach GENVoice'],
  ['gv-phone,201,1', 'calls of phones do not reach GENVoice'],
  ['gv-enter-phone,s,1', 'calls of phones do not reach GENVoice'],
  ['gv-fallback,s,1', 'calls have no way on while GENVoice is away'],
  ['gv-congestion,s,1', 'calls have no way on while GENVoice is away'],
  ['gv-emergency,999,1', '999 and 112 do not leave while GENVoice is away'],
];

const ADD = '"npm run -s genvoice -- attach --print" prints it';

/** Its answer was an error status. */
class AnswerError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * The Asterisk of ARI_URL with what it lacks. Throws Error that says what to do when it does not answer within 30 s,
 * refuses our user, or is older than 22.
 */
export async function takeExisting(options: TakeOptions, why: string): Promise<TakenAsterisk> {
  const { settings } = options;
  if (settings.ariUrl === null) throw new Error('GENVOICE_ASTERISK=existing needs ARI_URL: the HTTP address of that Asterisk, for example http://127.0.0.1:8088');
  if (settings.ariPassword === null) throw new Error('ARI_URL is set, ARI_PASSWORD is not: set it to the password of ARI_USER in that Asterisk');
  const ari: Ari = { url: settings.ariUrl, user: settings.ariUser, password: settings.ariPassword };
  const version = versionOf(await firstAnswer(ari, options.say));
  checkVersion(version, ari.url);
  const emergencyTrunk = await globalOf(ari, 'GV_EMERGENCY_TRUNK');
  const lacks = [
    ...moduleLacks(await askAsterisk(ari, 'GET', 'asterisk/modules')),
    ...mediaLacks(settings.mediaUrl, settings.httpHost, ari.url),
    ...(emergencyTrunk === null ? [`GV_EMERGENCY_TRUNK is empty there: 999 and 112 cannot leave. Set it in [globals] to the endpoint that carries them, and start GENVoice again; ${ADD}.`] : []),
  ];
  return { kind: 'existing', why, version: `Asterisk ${version}`, ari, sip: null, soundRoot: null, own: null, emergencyTrunk, lacks, runSox: soxRunner(['sox']) };
}

/** Which of our contexts its dialplan lacks; null = it could not be looked at. Needs our application to be connected. */
export async function dialplanLacks(ari: Ari, app: string): Promise<readonly string[] | null> {
  const channel = `gv-look-${Date.now().toString(36)}`;
  try {
    // Only a channel can be asked for a dialplan function. 'leg' in the arguments: no call of ours begins with it.
    await askAsterisk(ari, 'POST', `channels/create?${new URLSearchParams({ endpoint: 'Local/s@gv-look', app, appArgs: 'leg', channelId: channel }).toString()}`);
    const missing = new Map<string, string>();
    for (const [where, without] of CONTEXTS) {
      const answer = await askAsterisk(ari, 'GET', `channels/${channel}/variable?${new URLSearchParams({ variable: `DIALPLAN_EXISTS(${where})` }).toString()}`);
      if (valueOf(answer) === '0') missing.set(where.slice(0, where.indexOf(',')), without);
    }
    return [...missing].map(([context, without]) => `The context [${context}] is not in its extensions.conf: ${without}. Add it; ${ADD}.`);
  } catch {
    return null;
  } finally {
    await askAsterisk(ari, 'DELETE', `channels/${channel}`).catch(() => {});
  }
}

/** One plain ARI request outside any call; resolves with the parsed answer, null when it is empty. Rejects with Error. */
export async function askAsterisk(ari: Ari, method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string): Promise<unknown> {
  const response = await fetch(`${ariBase(ari.url).href}/${path}`, { method, headers: { authorization: authorization(ari) }, signal: AbortSignal.timeout(ASK_MS), redirect: 'error' });
  let text = '';
  const decoder = new TextDecoder();
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (text.length > ANSWER_CHARACTERS) throw new Error(`${method} ${path.split('?')[0]} was answered with more than ${ANSWER_CHARACTERS} characters`);
  }
  if (!response.ok) throw new AnswerError(response.status, `${method} ${path.split('?')[0]} was answered with ${response.status}`);
  return text === '' ? null : (JSON.parse(text) as unknown);
}

/** Waits for one that is still starting; a wrong password or address is said at once. */
async function firstAnswer(ari: Ari, say: (line: string) => void): Promise<unknown> {
  const startedMs = performance.now();
  let hasSaid = false;
  for (;;) {
    try {
      return await askAsterisk(ari, 'GET', 'asterisk/info?only=system');
    } catch (error) {
      if (error instanceof AnswerError && error.status === 401) throw new Error(`The Asterisk at ${ari.url} refuses the user ${ari.user}: ARI_USER or ARI_PASSWORD is not what its ari.conf has. Make them the same, and start again.`, { cause: error });
      if (error instanceof AnswerError && error.status === 404) throw new Error(`There is no ARI at ${ari.url}: set enabled=yes in its ari.conf and http.conf (${ADD}), and give ARI_URL without a path.`, { cause: error });
      if (performance.now() - startedMs > PATIENCE_MS) throw new Error(`The Asterisk at ${ari.url} does not answer (${reasonOf(error)}). Is it running, is http.conf enabled there (${ADD}), and does no firewall stand between?`, { cause: error });
      if (!hasSaid) say(`The Asterisk at ${ari.url} does not answer yet (${reasonOf(error)}); waiting up to ${PATIENCE_MS / 1_000} s …`);
      hasSaid = true;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

function versionOf(info: unknown): string {
  const system: unknown = typeof info === 'object' && info !== null && 'system' in info ? info.system : null;
  const version: unknown = typeof system === 'object' && system !== null && 'version' in system ? system.version : null;
  return typeof version === 'string' ? version.replace(/[^\w.+~-]/g, '').slice(0, 60) : 'unknown';
}

/** Throws Error for a version below 22; one that cannot be read (built from git) is let in. */
export function checkVersion(version: string, url: string): void {
  const major = Number(/^(?:certified[-/])?(\d+)\./.exec(version)?.[1] ?? OLDEST);
  if (major < OLDEST) throw new Error(`The Asterisk at ${url} is version ${version}; GENVoice needs ${OLDEST} or later. Upgrade it, or leave ARI_URL unset so that GENVoice runs its own.`);
}

/** One sentence for each task that lacks modules. `answer` is that of GET asterisk/modules. */
export function moduleLacks(answer: unknown): string[] {
  const rows: readonly unknown[] = Array.isArray(answer) ? answer : [];
  const running = new Set(rows.flatMap((row) => (typeof row === 'object' && row !== null && 'name' in row && 'status' in row && row.status === 'Running' ? [String(row.name)] : [])));
  return NEEDED.flatMap(([modules, without]) => {
    const missing = modules.map((name) => `${name}.so`).filter((name) => !running.has(name));
    if (missing.length === 0) return [];
    return [`It has not loaded ${missing.join(', ')}: ${without}. Load ${missing.length === 1 ? 'it' : 'them'} there: ${missing.map((name) => `asterisk -rx "module load ${name}"`).join('; ')}, and see modules.conf.`];
  });
}

/** An Asterisk elsewhere cannot fetch prompts from an address that only this machine has. */
export function mediaLacks(mediaUrl: string | null, httpHost: string, ariUrl: string): string[] {
  if (!isLoopback(new URL(mediaUrl ?? `http://${isIP(httpHost) === 6 ? `[${httpHost}]` : httpHost}`).hostname) || isLoopback(new URL(ariUrl).hostname)) return [];
  return [`It cannot fetch prompts from ${mediaUrl ?? httpHost}, which is this machine alone. Set GENVOICE_HTTP_HOST to an address that it reaches and GENVOICE_MEDIA_URL to http://<that address>:<port>.`];
}

/** An address that only this machine has, or that is none. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '[::]' || host === '0.0.0.0' || host.startsWith('127.');
}

async function globalOf(ari: Ari, name: string): Promise<string | null> {
  const value = valueOf(await askAsterisk(ari, 'GET', `asterisk/variable?variable=${name}`).catch(() => null));
  return ENDPOINT.test(value) ? value : null;
}

function valueOf(answer: unknown): string {
  return typeof answer === 'object' && answer !== null && 'value' in answer ? String(answer.value) : '';
}

function reasonOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : null;
  if (typeof cause === 'object' && cause !== null && 'code' in cause) return String(cause.code);
  return error instanceof Error ? error.message : String(error);
}
