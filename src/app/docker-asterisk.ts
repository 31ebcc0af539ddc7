// Our own Asterisk in the container beside us: its whole configuration is written into a folder that both see (docker/
// asterisk/start.sh waits for it), then it is talked to over the private network. Read `takeDocker`.
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { cryptAriPassword } from '../embedded/ari-password.ts';
import { readCel } from '../embedded/asterisk.ts';
import { INSTANCE_MOUNT, MEDIA_MOUNT, renderConfig, type AsteriskConfig } from '../embedded/config.ts';
import { FallbackFiles } from '../embedded/fallback-files.ts';
import { soxRunner } from '../media/run-sox.ts';
import type { OwnAsterisk, TakenAsterisk, TakeOptions } from './asterisk.ts';
import { askAsterisk } from './existing-asterisk.ts';

/** Name of its service in docker/compose.yaml. */
const SERVICE = 'asterisk';
const ARI_PORT = 8088;
/** Link that docker/asterisk/Dockerfile makes: the folder's name differs by processor. */
const MODULES_FOLDER = '/genvoice/modules';
/** Compose asks for at most this many; Asterisk's own figure must not be higher. */
const MAX_OPEN_FILES = 20_000;
/** As docker/compose.yaml publishes them. */
const RTP_PORTS = { start: 20_000, end: 29_999 };
const FOUND_MS = 10_000;
const READY_MS = 60_000;
/** Files that a running Asterisk takes over by a reload; a change of any other starts it again. */
const RELOADED: ReadonlyMap<string, string> = new Map([['pjsip_trunks.conf', 'res_pjsip.so'], ['dialplan.conf', 'pbx_config.so']]);

/** Throws Error with what to do when there is no such container, or when its Asterisk does not come up. */
export async function takeDocker(options: TakeOptions, why: string): Promise<TakenAsterisk> {
  const { settings, instanceFolder: folder, say } = options;
  const address = await addressOfService();
  const ari = { url: `http://${SERVICE}:${settings.ariPort === 0 ? ARI_PORT : settings.ariPort}`, user: settings.ariUser, password: options.ariPassword };
  const changed = writeConfiguration(options);
  say('Waiting for the Asterisk in the container beside us …');
  const version = await ready(ari);
  for (const module of new Set(changed.flatMap((name) => RELOADED.get(name) ?? []))) await askAsterisk(ari, 'PUT', `asterisk/modules/${module}`);
  const own: OwnAsterisk = {
    fallback: new FallbackFiles(folder, null),
    writeTrunks: async (text) => writeConfig(folder, 'pjsip_trunks.conf', text),
    logFolder: join(folder, 'log'),
    readCel: (offset) => readCel(join(folder, 'log/cel.jsonl'), offset),
    // Its container goes on: calls that are up stay up when the application is started again.
    stop: async () => {},
  };
  return {
    kind: 'docker', why, version, ari, sip: { host: address, port: settings.sipPort, from: await ownAddress(address, settings.sipPort) },
    soundRoot: MEDIA_MOUNT, own, emergencyTrunk: null, lacks: [], runSox: soxRunner(['sox']),
  };
}

async function addressOfService(): Promise<string> {
  const deadline = performance.now() + FOUND_MS;
  for (;;) {
    try {
      return (await lookup(SERVICE, { family: 4 })).address;
    } catch (error) {
      if (performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 250));
      else throw new Error(`GENVOICE_ASTERISK=docker, but there is no container called ${SERVICE} beside this process. Start both with "docker compose -f docker/compose.yaml up --build"; outside Docker, leave GENVOICE_ASTERISK unset.`, { cause: error });
    }
  }
}

/** Writes what differs; names the files that changed. `generation` goes last: the container's start script acts on it. */
function writeConfiguration(options: TakeOptions): string[] {
  const { settings, instanceFolder: folder } = options;
  mkdirSync(join(folder, 'etc/tls'), { recursive: true });
  const hasTls = settings.sipTlsCert !== null && settings.sipTlsKey !== null;
  const files = new Map<string, string>(renderConfig(configOf(options)));
  if (settings.sipTlsCert !== null && settings.sipTlsKey !== null) {
    files.set('tls/cert.pem', readFileSync(settings.sipTlsCert, 'utf8'));
    files.set('tls/key.pem', readFileSync(settings.sipTlsKey, 'utf8'));
  }
  files.set('dialplan.conf', readFileSync(options.dialplanFile, 'utf8'));
  const changed = [...files].filter(([name, text]) => read(join(folder, 'etc', name)) !== text);
  for (const [name, text] of changed) writeConfig(folder, name, text);
  const generation = createHash('sha256').update(hasTls ? 'tls' : '');
  for (const [name, text] of files) if (!RELOADED.has(name)) generation.update(`${name}\n${text}\n`);
  writeConfig(folder, 'generation', `${generation.digest('hex')}\n`);
  return changed.map(([name]) => name);
}

function configOf({ settings, trunks, ariPassword }: TakeOptions): AsteriskConfig {
  // A salt that depends on the password alone: another one at each start would look like a changed configuration.
  const salt = createHash('sha256').update(`ari:${ariPassword}`).digest('hex').slice(0, 12);
  return {
    sipBind: { host: settings.ipv6 ? '::' : '0.0.0.0', port: settings.sipPort },
    transports: { tcp: true, ...(settings.sipTlsCert === null ? {} : { tls: { port: settings.sipTlsPort, certFile: `${INSTANCE_MOUNT}/etc/tls/cert.pem`, keyFile: `${INSTANCE_MOUNT}/etc/tls/key.pem` } }) },
    ...(settings.externalAddress === null ? {} : { externalAddress: settings.externalAddress }),
    localNets: settings.localNets,
    rtp: settings.rtpPorts ?? RTP_PORTS,
    ari: { host: '0.0.0.0', port: settings.ariPort === 0 ? ARI_PORT : settings.ariPort, user: settings.ariUser, password: cryptAriPassword(ariPassword, salt) },
    appName: settings.ariApp,
    entityId: '02:00:00:00:13:c4',
    codecs: settings.codecs,
    countryTones: settings.tones,
    language: 'en-GB',
    trunks,
    maxRtpSilenceMs: 60_000,
    maxRtpHoldMs: 3_600_000,
    maxOpenFiles: MAX_OPEN_FILES,
    modulesFolder: MODULES_FOLDER,
    musicFolder: '/usr/share/asterisk/moh',
  };
}

/** Both containers run as one user, so that the group's rights do. */
function writeConfig(folder: string, name: string, text: string): void {
  const path = join(folder, 'etc', name);
  writeFileSync(`${path}.part`, text, { mode: 0o640, flush: true });
  renameSync(`${path}.part`, path);
}

function read(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** Its version, once its ARI answers. */
async function ready(ari: TakenAsterisk['ari']): Promise<string> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    try {
      const info = await askAsterisk(ari, 'GET', 'asterisk/info?only=system');
      const { version } = (info as { system?: { version?: unknown } }).system ?? {};
      return `Asterisk ${String(version)}`;
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`The Asterisk in the container ${SERVICE} did not come up within ${READY_MS / 1_000} s: ${error instanceof Error ? error.message : String(error)}. Look at "docker compose logs asterisk".`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/** Our address towards another one: no packet is sent. */
async function ownAddress(address: string, port: number): Promise<string> {
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(port, address, resolve);
    });
    return socket.address().address;
  } catch (error) {
    throw new Error(`${hostname()} has no way to ${address}, the address of the container ${SERVICE}.`, { cause: error });
  } finally {
    socket.close();
  }
}
