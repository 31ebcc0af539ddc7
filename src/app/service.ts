// The running application: opens the stores, takes an Asterisk, loads the plans, connects, serves. Each part is made
// here once and handed to those that need it; main.ts starts and drains it. Read `startService` from top to bottom.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { AriClientTransport } from '../ari/ari-client-transport.ts';
import { AriTelephony } from '../ari/ari-telephony.ts';
import { OwnTransport } from '../ari/own-transport.ts';
import { AriPhoneProvisioning } from '../ari/phone-provisioning.ts';
import { Admission } from '../calls/admission.ts';
import { Arrivals } from '../calls/arrival.ts';
import { EventHub } from '../calls/event-hub.ts';
import { LiveCalls } from '../calls/live-calls.ts';
import { Reconciler, type ReconcileDeps } from '../calls/reconcile.ts';
import { SwitchBoard } from '../calls/switch-board.ts';
import { renderFallback } from '../embedded/fallback.ts';
import { trunkEndpoint, type TrunkConfig } from '../embedded/trunks.ts';
import { startServer, type RunningServer } from '../http/server.ts';
import { createHttpsLookup } from '../lookup/https-lookup.ts';
import { fallbackEntries } from '../plans/fallback-route.ts';
import { PlanMedia } from '../plans/media.ts';
import { PlanStore } from '../plans/plan-source.ts';
import { parseTrunks, type Trunk } from '../plans/trunks.ts';
import type { SharedStatePort } from '../ports/state.ts';
import type { TelephonyEvent } from '../ports/telephony.ts';
import type { LoadedSettings, Settings } from '../settings.ts';
import { openDataFolder } from '../store/data-folder.ts';
import { PlanHistory } from '../store/plan-history.ts';
import { openSqliteRecords } from '../store/records/sqlite-records.ts';
import { openSecrets } from '../store/secrets.ts';
import { MemoryState } from '../store/state/memory-state.ts';
import { openRedisState } from '../store/state/redis-state.ts';
import { openSqliteState } from '../store/state/sqlite-state.ts';
import { openVoicemail } from '../store/voicemail/voicemail-store.ts';
import { createAlarms } from '../telemetry/alarms.ts';
import { watchClock } from '../telemetry/clock-watch.ts';
import { realClock, timeSortedIds } from '../telemetry/clock.ts';
import { openLogFile } from '../telemetry/log-file.ts';
import { createLog } from '../telemetry/log.ts';
import { watchLoop } from '../telemetry/loop-watch.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { takeAsterisk, type TakenAsterisk } from './asterisk.ts';
import { dialplanLacks } from './existing-asterisk.ts';
import { httpDeps } from './http-deps.ts';
import { liveFeed } from './observer.ts';
import { PhoneBook } from './phone-book.ts';
import { mediaFolders, openPrompts } from './prompts.ts';
import { TestCalls } from './test-calls.ts';
import { UnseenEnds } from './unseen-ends.ts';
import { messageMedia } from './voicemail-media.ts';

export interface Service {
  readonly http: RunningServer;
  readonly asterisk: TakenAsterisk;
  readonly plans: PlanStore;
  readonly live: LiveCalls;
  readonly problems: readonly string[];
  /** No new calls; live ones get `drainMs`; then everything that was started is gone. */
  stop(drainMs: number, say: (line: string) => void): Promise<void>;
}

/** As in package.json. */
const PRODUCT_VERSION = '0.1.0';
const REQUEST_LIMIT_MS = 5_000;
/** Each of Asterisk's own logs; ends of calls are found in the newest part. */
const MAX_ASTERISK_LOG_BYTES = 32 * 1024 * 1024;
const ONCE_A_SECOND_MS = 1_000;
/** Handling an event this late means that answers are late, too. */
const OVERLOAD_LAG_MS = 400;
const OVERLOAD_LOOP_MS = 250;
const WHICH: Readonly<Record<TakenAsterisk['kind'], string>> = { embedded: 'our own', docker: 'our own in the container beside us', existing: 'the one' };

export async function startService(loaded: LoadedSettings, settings: Settings, projectFolder: string, say: (line: string) => void): Promise<Service> {
  const at = (path: string): string => resolve(projectFolder, path);
  const clock = realClock();
  const alarms = createAlarms(() => clock.nowMs());
  const metrics = createMetrics();
  const data = openDataFolder({ folder: at(settings.dataFolder), onAlarm: (text) => alarms.raise('store', text, 'Make room on the disk of the data folder; nothing is lost meanwhile.') });
  const logFile = await openLogFile({ file: join(data.paths.folder, 'log/genvoice.log'), onFault: (fault) => (fault === null ? alarms.clear('log') : alarms.raise('log', fault, 'Make room on the disk.')) });
  const log = createLog({ level: settings.logLevel, numbers: settings.logNumbers, file: logFile, ...(settings.logStdout ? { also: process.stdout } : {}) });
  alarms.onChange((alarm, raised) => log.warn({ alarm: alarm.code, raised }, alarm.text));
  const feed = liveFeed(log, metrics, alarms, () => clock.nowMs());

  const onStore = (name: string) => (text: string) => alarms.raise(name, text, 'Look at the disk of the data folder; nothing is lost meanwhile.');
  const state = await openState(settings, data.paths, onStore('state-store'));
  const records = openSqliteRecords({ databaseFile: data.paths.databases.records, spoolFolder: data.paths.spool, onAlarm: onStore('records') });
  const secrets = await openSecrets({ adminFile: data.paths.databases.admin, apiKeyFile: data.paths.apiKey, ariPasswordFile: data.paths.ariPassword });
  await secrets.ensureLocalApiKey();
  const history = new PlanHistory(data.paths.databases.admin);

  const trunkFile = parseTrunks(await readFile(at(settings.trunksFile), 'utf8').catch(() => '{"trunks":{}}'), loaded.variable);
  if (trunkFile.trunks === null) throw new Error(`The trunk file ${settings.trunksFile} cannot be used:\n${trunkFile.problems.map((one) => `  ${one.path}  ${one.message}. ${one.hint}`).join('\n')}`);
  const trunks = trunkFile.trunks;
  const promptFolder = join(data.paths.folder, 'prompts');
  await mkdir(promptFolder, { recursive: true });
  const asterisk = await takeAsterisk({
    settings, home: at('.genvoice'), instanceFolder: join(data.paths.folder, 'asterisk'), promptFolder, dialplanFile: at('dialplan/extensions.conf'),
    trunks: trunks.map(trunkConfig), ariPassword: secrets.ensureAriPassword(), say,
  });
  say(`Asterisk: ${WHICH[asterisk.kind]}${asterisk.kind === 'existing' ? ` at ${asterisk.ari.url} (${asterisk.version})` : ''}, because ${asterisk.why}.`);

  say('Preparing prompts …');
  const customers = (await readdir(at(settings.plansFolder)).catch(() => [])).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5));
  const httpBase = settings.mediaUrl === null ? `http://${settings.httpHost}:${settings.httpPort}` : String(settings.mediaUrl);
  const mediaToken = createHash('sha256').update(`media:${secrets.ensureAriPassword()}`).digest('hex').slice(0, 40);
  const mediaBase = `${httpBase.replace(/\/$/, '')}/media/${mediaToken}`;
  const prompts = await openPrompts({
    folder: promptFolder, soundsFolder: at('sounds'), ownFolders: mediaFolders(at(settings.plansFolder), customers), soundRoot: asterisk.soundRoot, httpBase: mediaBase,
    runSox: asterisk.runSox,
  });
  const voicemail = await openVoicemail({
    adminFile: data.paths.databases.admin, folder: data.paths.voicemail, mediaUriOf: (file) => messageMedia(file, promptFolder, asterisk.soundRoot, mediaBase),
  });
  const media = new PlanMedia(at(settings.plansFolder), prompts);
  say('Checking the plans …');
  const plans = await PlanStore.open({
    folder: at(settings.plansFolder), history, media, clock, phrases: prompts.phraseIds, allowLoopbackLookups: settings.lookupPrivate,
    onReload: (result) => {
      metrics.reloadDone(result.kind !== 'refused', result.tookMs);
      log.info({ customer: result.customer, version: result.version, problems: result.problems.length }, `plan ${result.kind}`);
    },
    onFault: (fault) => (fault.text === null ? alarms.clear(fault.code) : alarms.raise(fault.code, fault.text, fault.mend)),
  });

  const address = { url: asterisk.ari.url, user: asterisk.ari.user, password: asterisk.ari.password, app: settings.ariApp, requestLimitMs: REQUEST_LIMIT_MS };
  const transport = settings.ari === 'own' ? new OwnTransport(address) : new AriClientTransport(address);
  const telephony = new AriTelephony(transport, settings.ariApp);
  const phones = new PhoneBook(plans, secrets, new AriPhoneProvisioning(transport, { codecs: settings.codecs, language: 'en', encryptSpeech: settings.srtp }), asterisk.own !== null, (text) =>
    text === null ? alarms.clear('phones') : alarms.raise('phones', text, 'It is tried again at the next connect or plan change.'));
  const switches = new SwitchBoard(state, clock);
  await switches.load();
  const hub = new EventHub();
  const live = new LiveCalls();
  const admission = new Admission({ maxCalls: settings.maxCalls, maxCallsPerSecond: settings.maxCps }, live);
  const lookup = createHttpsLookup({ hosts: settings.lookupHosts, allowPrivate: settings.lookupPrivate });
  const testCalls = new TestCalls({
    sip: asterisk.sip, plans, phones, secrets, switches: (customer) => switches.positions(customer), subscribe: feed.subscribe, onListening: feed.onListening,
    find: (sipCallId) => live.all().find((call) => call.origin.sip.sipCallId === sipCallId), recordOf: (id) => records.getRecord(id), nowMs: () => clock.nowMs(),
  });
  const unseenEnds = asterisk.own === null ? null : new UnseenEnds(asterisk.own);
  const owner = newOwner();
  const deps: ReconcileDeps = {
    telephony, hub, plans, media, state, records, voicemail, lookup, switches, clock, ids: timeSortedIds(), random: Math.random, observer: feed, owner, live, admission,
    endpointOf: (plan, extension) => phones.endpointOf(plan, extension),
    isTestPhone: (endpoint) => phones.isTestPhone(endpoint),
    emergencyTrunk: () => (asterisk.own === null ? asterisk.emergencyTrunk : emergencyTrunk(trunks)),
    phoneOwner: (endpoint) => phones.ownerOf(endpoint),
    trunkRules: (id) => ({ ddiFrom: trunks.find((trunk) => trunk.id === id)?.ddiFrom ?? 'request-uri', isTest: false }),
    isTestCall: (sipCallId) => testCalls.isOurs(sipCallId),
    endOf: async (channel) => unseenEnds?.endOf(channel) ?? null,
    mayAdopt: async (snapshot) => (settings.state === 'redis' ? (await state.deadOwners()).includes(snapshot.owner) && state.adoptCall(snapshot.id, snapshot.owner, owner) : true),
  };
  const arrivals = new Arrivals(deps);
  const reconciler = new Reconciler(deps, arrivals, (done) => void done);
  const clockWatch = watchClock(clock, alarms);
  let lastEventMs: number | null = null;
  // While what Asterisk holds is being matched with the state, events wait; none is dropped.
  let held: TelephonyEvent[] | null = [];
  const take = (event: TelephonyEvent): void => {
    if (!hub.dispatch(event) && event.type === 'entered' && event.args[0] !== 'leg') void arrivals.take(event);
  };
  telephony.onEvent((event) => {
    lastEventMs = clock.nowMs();
    clockWatch.sawStamp(event.atMs);
    if (held === null) take(event);
    else held.push(event);
  });
  telephony.onLink((event) => {
    metrics.linkUp(event.type === 'up');
    if (event.type === 'down') {
      held ??= [];
      alarms.raise('asterisk-link', `The link to Asterisk is down: ${event.reason}. New calls go to the last known route.`, 'It is tried again by itself; see whether Asterisk runs.');
      return;
    }
    alarms.clear('asterisk-link');
    lastEventMs = clock.nowMs();
    void (async () => {
      try {
        const done = await reconciler.run();
        if (done.adopted + done.endedUnseen + done.takenDown > 0) log.info(done, 'matched live calls with Asterisk');
      } catch (error) {
        log.error({ err: error }, 'live calls could not be matched with Asterisk');
      } finally {
        const waiting = held ?? [];
        held = null;
        waiting.forEach(take);
      }
      await announce(telephony, settings, asterisk.own === null ? null : (emergencyTrunk(trunks) ?? '')).catch((error: unknown) => log.error({ err: error }, 'globals could not be set'));
      await phones.pushAll();
    })();
  });
  say('Connecting to Asterisk …');
  await telephony.start();

  let fallbackWrites = Promise.resolve();
  const writeFallback = (): void => {
    const { own } = asterisk;
    if (own === null) return;
    fallbackWrites = fallbackWrites.then(async () => {
      await own.writeFallback(renderFallback(plans.customers().flatMap((customer) => {
        const plan = plans.byCustomer(customer);
        return plan === null ? [] : fallbackEntries(plan, (item) => soundPath(item.kind === 'prompt' ? media.prompt(plan, item.name) : item.kind === 'phrase' ? media.phrase(item.id) : null));
      })));
      await new AriPhoneProvisioning(transport, { codecs: [], language: 'en', encryptSpeech: false }).reload('pbx_config.so');
      alarms.clear('fallback-route');
    }).catch((error: unknown) => alarms.raise('fallback-route', `The last known routes could not be written: ${error instanceof Error ? error.message : String(error)}`, 'Look at the disk of the data folder.'));
  };
  plans.onChange((customer) => {
    void phones.push(customer);
    writeFallback();
  });
  writeFallback();
  await phones.pushAll();

  const loop = watchLoop((delay) => metrics.loopDelay(delay.p99Ms, delay.maxMs));
  let isOverloaded = false;
  const ticker = setInterval(() => {
    asterisk.own?.trimLogs?.(MAX_ASTERISK_LOG_BYTES);
    metrics.liveCalls(live.size);
    metrics.reloads(plans.states());
    metrics.alarms(alarms.list().length);
    metrics.eventLag(telephony.eventLagMs);
    metrics.logLinesDropped(logFile.dropped);
    const now = telephony.eventLagMs > OVERLOAD_LAG_MS || loop.last().p99Ms > OVERLOAD_LOOP_MS;
    admission.setOverloaded(now);
    if (now !== isOverloaded) {
      isOverloaded = now;
      // Asterisk turns calls away by itself then: they never reach us.
      void telephony.setGlobal('GV_OVERLOAD', now ? '1' : '0').catch(() => {});
      if (now) alarms.raise('overload', 'New calls are turned away with 503: events are handled late', 'Fewer calls a second, or a faster machine.');
      else alarms.clear('overload');
    }
    if (settings.state === 'redis') void state.heartbeat(owner, 5 * ONCE_A_SECOND_MS).catch(() => {});
  }, ONCE_A_SECOND_MS);
  ticker.unref();

  const http = await startServer(
    httpDeps({
      clock, log, metrics, alarms, feed, live, plans, history, records, voicemail, secrets, switches, state, phones, testCalls, telephony, asterisk, loaded, mediaToken,
      promptFolder, productVersion: PRODUCT_VERSION, isDraining: () => admission.isDraining, lastEventMs: () => lastEventMs,
    }),
    { host: settings.httpHost, port: settings.httpPort },
  );
  const serverFile = join(data.paths.folder, 'server.json');
  await writeFile(serverFile, JSON.stringify({ url: http.url, pid: process.pid }), { mode: 0o600 });

  return {
    http, asterisk, plans, live,
    problems: [...trunkFile.problems.map((one) => `${settings.trunksFile} ${one.path}: ${one.message}. ${one.hint}`), ...(await lacksOf(asterisk, phones, settings.ariApp))],
    async stop(drainMs, tell) {
      admission.drain();
      await telephony.setGlobal('GV_OVERLOAD', '1').catch(() => {});
      if (live.size > 0) tell(`Waiting up to ${Math.round(drainMs / 1_000)} s for ${live.size} live ${live.size === 1 ? 'call' : 'calls'} …`);
      if (!(await live.drained(clock, drainMs))) {
        tell(`Ending ${live.size} ${live.size === 1 ? 'call' : 'calls'} that did not end by themselves.`);
        for (const call of live.all()) call.end({ by: 'us', fault: 'none', code: 'shutdown', cause: 16 });
        await live.drained(clock, RELEASE_ALL_MS);
      }
      await rm(serverFile, { force: true });
      clearInterval(ticker);
      loop.stop();
      clockWatch.stop();
      await http.close();
      // An Asterisk that goes on without us takes calls to their last known route, not to 503.
      if (asterisk.kind !== 'embedded') await telephony.setGlobal('GV_OVERLOAD', '0').catch(() => {});
      await telephony.stop();
      await lookup.close();
      await plans.close();
      await fallbackWrites;
      await asterisk.own?.stop();
      await prompts.store.close().catch((error: unknown) => log.error({ err: error }, 'prompt index'));
      await records.close();
      await voicemail.close();
      await history.close();
      await secrets.close();
      await state.close();
      await logFile.flush();
      logFile.close();
      data.close();
    },
  };
}

const RELEASE_ALL_MS = 12_000;

async function openState(settings: Settings, paths: { databases: { state: string; switches: string } }, onAlarm: (text: string) => void): Promise<SharedStatePort> {
  switch (settings.state) {
    case 'memory': return new MemoryState();
    case 'redis': {
      if (settings.redisUrl === null) throw new Error('GENVOICE_STATE=redis needs REDIS_URL, for example redis://127.0.0.1:6379');
      return openRedisState({ url: String(settings.redisUrl), onAlarm });
    }
    case 'sqlite': return openSqliteState({ stateFile: paths.databases.state, switchesFile: paths.databases.switches, onAlarm });
  }
}

/** What the dialplan must know while we are away. */
async function announce(telephony: AriTelephony, settings: Settings, emergency: string | null): Promise<void> {
  await telephony.setGlobal('GV_APP', settings.ariApp);
  // On somebody else's Asterisk its own setting stands: 999 depends on it while we are away.
  if (emergency !== null) await telephony.setGlobal('GV_EMERGENCY_TRUNK', emergency);
  await telephony.setGlobal('GV_OVERLOAD', '0');
}

function emergencyTrunk(trunks: readonly Trunk[]): string | null {
  const marked = trunks.find((trunk) => trunk.emergency && trunk.address !== undefined);
  return marked === undefined ? null : trunkEndpoint(marked.id);
}

function trunkConfig(trunk: Trunk): TrunkConfig {
  return {
    id: trunk.id, match: trunk.match, transport: trunk.transport, dtmf: trunk.dtmf, ddiFrom: trunk.ddiFrom,
    ...(trunk.address === undefined ? {} : { address: trunk.address }),
    ...(trunk.codecs === undefined ? {} : { codecs: trunk.codecs }),
    ...(trunk.registration === undefined ? {} : {
      registration: {
        serverUri: `sip:${trunk.registration.server}`, clientUri: `sip:${trunk.registration.user}@${trunk.registration.server}`,
        user: trunk.registration.user, password: trunk.registration.password,
      },
    }),
  };
}

/** Path that Asterisk itself plays, without the application. */
function soundPath(found: { readonly media: string } | null): string | null {
  return found?.media.startsWith('sound:/') === true ? found.media.slice('sound:'.length) : null;
}

/** What somebody else's Asterisk lacks for our work. */
async function lacksOf(asterisk: TakenAsterisk, phones: PhoneBook, app: string): Promise<readonly string[]> {
  if (asterisk.own !== null) return [];
  const dialplan = await dialplanLacks(asterisk.ari, app);
  const unseen = 'Its dialplan could not be looked at. Try it there: asterisk -rx "dialplan show gv-enter-trunk" must show the context.';
  return [...asterisk.lacks, ...(dialplan ?? [unseen]), ...phones.lacks()];
}

/** Short, and in no id of an earlier process. */
function newOwner(): string {
  return `${Date.now().toString(36)}x`;
}
