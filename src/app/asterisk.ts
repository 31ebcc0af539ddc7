// Which Asterisk serves, and why: one that exists (ARI_URL), our own in a private root folder, or our own in the
// container beside us. Says so in one line. Read `chooseAsterisk`, then `takeAsterisk`.
import { join } from 'node:path';
import process from 'node:process';
import { adoptEmbedded, startEmbedded, type EmbeddedAsterisk } from '../embedded/asterisk.ts';
import { ensureRootFolder, type RootFolder } from '../embedded/root-folder.ts';
import type { TrunkConfig } from '../embedded/trunks.ts';
import { soxRunner, type RunSox } from '../media/run-sox.ts';
import type { Settings } from '../settings.ts';
import { takeDocker } from './docker-asterisk.ts';
import { takeExisting } from './existing-asterisk.ts';

/** Files of an Asterisk that is ours to configure. */
export type OwnAsterisk = Pick<EmbeddedAsterisk, 'fallback' | 'readCel' | 'logFolder' | 'stop'> & Partial<Pick<EmbeddedAsterisk, 'trimLogs' | 'writeTrunks' | 'cli'>>;

export interface TakenAsterisk {
  readonly kind: 'embedded' | 'docker' | 'existing';
  readonly why: string;
  readonly ari: { readonly url: string; readonly user: string; readonly password: string };
  /**
   * Where phones and carriers reach it; null = only whoever runs it knows. `from` is our own address towards it, for
   * calls that we place ourselves.
   */
  readonly sip: { readonly host: string; readonly port: number; readonly from: string } | null;
  /** Prefix of `sound:` paths of our prompts; null = it fetches them over HTTP. */
  readonly soundRoot: string | null;
  /** null = it belongs to somebody else: no phone is pushed there and no file written. */
  readonly own: OwnAsterisk | null;
  /** Endpoint of 999 and 112 on somebody else's Asterisk, as its GV_EMERGENCY_TRUNK says. */
  readonly emergencyTrunk: string | null;
  /** What it lacks for our work, one sentence each with the mend. */
  readonly lacks: readonly string[];
  readonly runSox: RunSox;
  readonly version: string;
}

export interface TakeOptions {
  readonly settings: Settings;
  /** Folder of what is ours on this machine: root folder, instance. */
  readonly home: string;
  readonly instanceFolder: string;
  readonly promptFolder: string;
  readonly dialplanFile: string;
  readonly trunks: readonly TrunkConfig[];
  readonly ariPassword: string;
  readonly say: (line: string) => void;
}

/** What the choice depends on besides the settings. */
export interface Machine {
  readonly platform: string;
  readonly isRoot: boolean;
}
export type Choice = { readonly kind: TakenAsterisk['kind']; readonly why: string };

/** Which Asterisk is taken and why; throws Error that says what to do when none can be. PURE. */
export function chooseAsterisk(settings: Pick<Settings, 'asterisk' | 'ariUrl'>, machine: Machine): Choice {
  if (settings.ariUrl !== null) return { kind: 'existing', why: 'ARI_URL is set' };
  if (settings.asterisk === 'existing') throw new Error('GENVOICE_ASTERISK=existing needs ARI_URL: the HTTP address of that Asterisk, for example http://127.0.0.1:8088');
  if (settings.asterisk === 'docker') return { kind: 'docker', why: 'GENVOICE_ASTERISK asks for the one in Docker' };
  if (machine.platform === 'linux' && machine.isRoot) {
    return { kind: 'embedded', why: settings.asterisk === 'embedded' ? 'GENVOICE_ASTERISK asks for it' : 'ARI_URL is not set and this machine allows it (root on Linux)' };
  }
  const missing = machine.platform === 'linux' ? 'root (for a mount namespace and a user of its own)' : 'Linux';
  throw new Error(
    [
      `There is no Asterisk to use: ARI_URL is not set, and our own needs ${missing}. One of these mends it:`,
      ...(machine.platform === 'linux' ? ['  start as root: sudo npm start'] : []),
      '  use Docker: docker compose -f docker/compose.yaml up --build',
      '  use an Asterisk 22 that you have: set ARI_URL and ARI_PASSWORD; "npm run -s genvoice -- attach --print" shows what to add there',
    ].join('\n'),
  );
}

/** Starts, finds or checks the chosen Asterisk. Throws Error whose message says what to do. */
export async function takeAsterisk(options: TakeOptions): Promise<TakenAsterisk> {
  const choice = chooseAsterisk(options.settings, { platform: process.platform, isRoot: process.getuid?.() === 0 });
  switch (choice.kind) {
    case 'existing': return takeExisting(options, choice.why);
    case 'docker': return takeDocker(options, choice.why);
    case 'embedded': return takeEmbedded(options, choice.why);
  }
}

async function takeEmbedded(options: TakeOptions, why: string): Promise<TakenAsterisk> {
  const { settings, say } = options;
  const root = await ensureRootFolder({ folder: join(options.home, 'root'), onProgress: say });
  const running = await adoptEmbedded(options.instanceFolder);
  const own = running ?? (await start(options, root));
  return {
    kind: 'embedded', why: running === undefined ? why : 'it was still running, its calls go on', version: root.asteriskVersion,
    ari: { url: own.ariUrl, user: own.ariUser, password: own.ariPassword },
    sip: { host: nearAddress(settings.sipHost), port: Number(own.sipAddress.slice(own.sipAddress.lastIndexOf(':') + 1)), from: settings.sipHost.includes(':') ? '::1' : '127.0.0.1' },
    soundRoot: own.soundsMount, own, emergencyTrunk: null, lacks: [],
    runSox: soxRunner(['chroot', `--userspec=${root.userId}:${root.groupId}`, root.folder, 'sox']),
  };
}

async function start(options: TakeOptions, root: RootFolder): Promise<EmbeddedAsterisk> {
  const { settings } = options;
  options.say(`Starting ${root.asteriskVersion} …`);
  return startEmbedded({
    root, instanceFolder: options.instanceFolder, mediaFolder: options.promptFolder, dialplanFile: options.dialplanFile, appName: settings.ariApp,
    sip: { host: settings.sipHost, port: settings.sipPort, ...(settings.ipv6 && !settings.sipHost.includes(':') ? { host6: isLoopback(settings.sipHost) ? '::1' : '::' } : {}) },
    ...(settings.rtpPorts === null ? {} : { rtp: settings.rtpPorts }), tones: settings.tones,
    ari: { ...(settings.ariPort === 0 ? {} : { port: settings.ariPort }), password: options.ariPassword },
    ...(settings.externalAddress === null ? {} : { externalAddress: settings.externalAddress }),
    localNets: settings.localNets, codecs: settings.codecs, trunks: options.trunks,
    transports: {
      tcp: true,
      ...(settings.sipTlsCert === null || settings.sipTlsKey === null ? {} : { tls: { port: settings.sipTlsPort, certFile: settings.sipTlsCert, keyFile: settings.sipTlsKey } }),
    },
  });
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** Where our own user agent finds what listens on `address`: a wildcard is no address to call. */
function nearAddress(address: string): string {
  return address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
}
