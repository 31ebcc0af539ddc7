// Which Asterisk serves, and why: one that exists (ARI_URL), our own in a private root folder, or one in Docker. Says so
// in one line. Everything that differs between them ends here. Read `takeAsterisk`.
import { join } from 'node:path';
import process from 'node:process';
import { adoptEmbedded, startEmbedded, type EmbeddedAsterisk } from '../embedded/asterisk.ts';
import { ensureRootFolder, type RootFolder } from '../embedded/root-folder.ts';
import type { TrunkConfig } from '../embedded/trunks.ts';
import { soxRunner, type RunSox } from '../media/run-sox.ts';
import type { Settings } from '../settings.ts';

export interface TakenAsterisk {
  readonly kind: 'embedded' | 'existing';
  readonly why: string;
  readonly ari: { readonly url: string; readonly user: string; readonly password: string };
  /** Where phones and carriers reach it; null = only whoever runs it knows. */
  readonly sip: { readonly host: string; readonly port: number } | null;
  /** Prefix of `sound:` paths of our prompts; null = it fetches them over HTTP. */
  readonly soundRoot: string | null;
  readonly embedded: EmbeddedAsterisk | null;
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

/** Throws Error whose message says what to do. */
export async function takeAsterisk(options: TakeOptions): Promise<TakenAsterisk> {
  const { settings, say } = options;
  if (settings.ariUrl !== null || settings.asterisk === 'existing') return existing(options);
  if (settings.asterisk === 'docker') throw new Error('GENVOICE_ASTERISK=docker: start with "docker compose up" in the folder docker; there the application finds its Asterisk by itself.');
  const why = settings.asterisk === 'embedded' ? 'GENVOICE_ASTERISK asks for it' : 'ARI_URL is not set and this machine allows it (root on Linux)';
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error('No Asterisk to use: our own needs Linux and root (for its mount namespace). Start as root, or set ARI_URL to an Asterisk 22 that you have ("npm run -s genvoice -- attach --print" tells what it needs), or use "docker compose up" in the folder docker.');
  }
  const root = await ensureRootFolder({ folder: join(options.home, 'root'), onProgress: say });
  const running = await adoptEmbedded(options.instanceFolder);
  const embedded = running ?? (await start(options, root));
  // Trunks of a running one are those of its last start: what the file says now holds.
  return {
    kind: 'embedded', why: running === undefined ? why : 'it was still running, its calls go on', version: root.asteriskVersion,
    ari: { url: embedded.ariUrl, user: embedded.ariUser, password: embedded.ariPassword },
    sip: { host: settings.sipHost, port: Number(embedded.sipAddress.slice(embedded.sipAddress.lastIndexOf(':') + 1)) },
    soundRoot: embedded.soundsMount, embedded,
    runSox: soxRunner(['chroot', `--userspec=${root.userId}:${root.groupId}`, root.folder, 'sox']),
  };
}

async function start(options: TakeOptions, root: RootFolder): Promise<EmbeddedAsterisk> {
  const { settings } = options;
  options.say(`Starting ${root.asteriskVersion} …`);
  return startEmbedded({
    root, instanceFolder: options.instanceFolder, mediaFolder: options.promptFolder, dialplanFile: options.dialplanFile, appName: settings.ariApp,
    sip: { host: settings.sipHost, port: settings.sipPort },
    ari: { ...(settings.ariPort === 0 ? {} : { port: settings.ariPort }), password: options.ariPassword },
    ...(settings.externalAddress === null ? {} : { externalAddress: settings.externalAddress }),
    localNets: settings.localNets, codecs: settings.codecs, trunks: options.trunks,
    ...(settings.sipTlsCert === null || settings.sipTlsKey === null ? {} : { transports: { tls: { port: settings.sipTlsPort, certFile: settings.sipTlsCert, keyFile: settings.sipTlsKey } } }),
  });
}

function existing(options: TakeOptions): TakenAsterisk {
  const { settings } = options;
  if (settings.ariUrl === null) throw new Error('GENVOICE_ASTERISK=existing needs ARI_URL: the HTTP address of that Asterisk, for example http://127.0.0.1:8088');
  if (settings.ariPassword === null) throw new Error('ARI_URL is set, ARI_PASSWORD is not: set it to the password of ARI_USER in that Asterisk');
  return {
    kind: 'existing', why: 'ARI_URL is set', version: 'unknown', ari: { url: String(settings.ariUrl), user: settings.ariUser, password: settings.ariPassword },
    sip: null, soundRoot: null, embedded: null, runSox: soxRunner(['sox']),
  };
}
