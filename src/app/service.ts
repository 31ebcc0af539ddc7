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
import { startServer, type RunningServer } from '../http/server.ts';
import { createHttpsLookup } from '../lookup/https-lookup.ts';
import { fallbackEntries } from '../plans/fallback-route.ts';
import { PlanMedia } from '../plans/media.ts';
import { PlanStore } from '../plans/plan-source.ts';
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
import { Notices } from './notices.ts';
import { liveFeed } from './observer.ts';
import { Overload } from './overload.ts';
import { PhoneBook } from './phone-book.ts';
import { mediaFolders, openPrompts } from './prompts.ts';
import { TestCalls } from './test-calls.ts';
import { UnseenEnds } from './unseen-ends.ts';
import { smtpSender } from './smtp.ts';
import { TrunkBook, trunkConfig, trunksText } from './trunk-book.ts';
import { VoicemailDesk } from './voicemail-desk.ts';
import { MessageCopies } from './voicemail-media.ts';

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
const ONCE_A_DAY_MS = 86_400_000;
/** Asterisk's events no longer arrive although the link stands: two proofs of ours have not come back. */
const EVENTS_SILENT_MS = 12_000;
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

  const trunks = await TrunkBook.open({ file: at(settings.trunksFile), label: settings.trunksFile, variable: loaded.variable, clock, alarms });
  const promptFolder = join(data.paths.folder, 'prompts');
  const instanceFolder = join(data.paths.folder, 'asterisk');
  await mkdir(promptFolder, { recursive: true });
  const asterisk = await takeAsterisk({
    settings, home: at('.genvoice'), instanceFolder, promptFolder, dialplanFile: at('dialplan/extensions.conf'),
    trunks: trunks.all.map(trunkConfig), ariPassword: secrets.ensureAriPassword(), say,
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
  const copies = await MessageCopies.open({ promptFolder, soundRoot: asterisk.soundRoot, httpBase: mediaBase, clock });
  const voicemail = await openVoicemail({
    adminFile: data.paths.databases.admin, folder: data.paths.voicemail, mediaUriOf: (file, message) => copies.mediaOf(file, message),
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
  const provisioning = new AriPhoneProvisioning(transport, { codecs: settings.codecs, language: settings.language, encryptSpeech: settings.srtp });
  const phones = new PhoneBook(plans, secrets, provisioning, asterisk.own !== null, (text) =>
    text === null ? alarms.clear('phones') : alarms.raise('phones', text, 'It is tried again at the next connect or plan change.'));
  const switches = new SwitchBoard(state, clock);
  await switches.load();
  const hub = new EventHub();
  const live = new LiveCalls();
  const admission = new Admission({ maxCalls: settings.maxCalls, maxCallsPerSecond: settings.maxCps }, live);
  const lookup = createHttpsLookup({ hosts: settings.lookupHosts, allowPrivate: settings.lookupPrivate });
  const notices = new Notices({
    tell: (url, json, timeoutMs) => lookup.tell(url, json, timeoutMs), clock, alarms, note: (text, fields) => log.info(fields, text),
    mail: settings.smtpUrl === null || settings.mailFrom === null ? null : smtpSender(String(settings.smtpUrl), settings.mailFrom),
  });
  const desk = new VoicemailDesk({ store: voicemail, copies, notices, plans, telephony, onFault: (error, what) => log.error({ err: error }, what) });
  const testCalls = new TestCalls({
    sip: asterisk.sip, plans, phones, secrets, switches: (customer) => switches.positions(customer), subscribe: feed.subscribe, onListening: feed.onListening,
    find: (sipCallId) => live.all().find((call) => call.origin.sip.sipCallId === sipCallId), recordOf: (id) => records.getRecord(id), nowMs: () => clock.nowMs(),
  });
  const unseenEnds = asterisk.own === null ? null : new UnseenEnds(asterisk.own);
  const owner = newOwner();
  const deps: ReconcileDeps = {
    telephony, hub, plans, media, state, records, voicemail: desk, lookup, switches, clock, ids: timeSortedIds(), random: Math.random, observer: feed, owner, live, admission,
    endpointOf: (plan, extension) => phones.endpointOf(plan, extension),
    isTestPhone: (endpoint) => phones.isTestPhone(endpoint),
    emergencyTrunk: () => (asterisk.own === null ? asterisk.emergencyTrunk : trunks.emergencyEndpoint()),
    phoneOwner: (endpoint) => phones.ownerOf(endpoint),
    trunkRules: (id) => ({ ddiFrom: trunks.byId(id)?.ddiFrom ?? 'request-uri', isTest: false }),
    isTestCall: (sipCallId) => testCalls.isOurs(sipCallId),
    endOf: async (channel) => unseenEnds?.endOf(channel) ?? null,
    mayAdopt: async (snapshot) => (settings.state === 'redis' ? (await state.deadOwners()).includes(snapshot.owner) && state.adoptCall(snapshot.id, snapshot.owner, owner) : true),
  };
  const arrivals = new Arrivals(deps);
  const reconciler = new Reconciler(deps, arrivals, (done) => void done);
  const clockWatch = watchClock(clock, alarms);
  let isOverloaded = false;
  // While what Asterisk holds is being matched with the state, events wait; none is dropped.
  let held: TelephonyEvent[] | null = [];
  const take = (event: TelephonyEvent): void => {
    if (!hub.dispatch(event) && event.type === 'entered' && event.args[0] !== 'leg') void arrivals.take(event);
  };
  telephony.onEvent((event) => {
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
      await announce(telephony, { app: settings.ariApp, isTurningAway: isOverloaded || admission.isDraining, emergency: asterisk.own === null ? null : (trunks.emergencyEndpoint() ?? '') }).catch((error: unknown) => log.error({ err: error }, 'globals could not be set'));
      await phones.pushAll();
      await desk.lightAll();
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
      await provisioning.reload('pbx_config.so');
      alarms.clear('fallback-route');
    }).catch((error: unknown) => alarms.raise('fallback-route', `The last known routes could not be written: ${error instanceof Error ? error.message : String(error)}`, 'Look at the disk of the data folder.'));
  };
  plans.onChange((customer) => {
    void phones.push(customer);
    void desk.lightCustomer(customer);
    writeFallback();
  });
  writeFallback();
  await phones.pushAll();
  const { own } = asterisk;
  const trunksInAsterisk = await readFile(join(instanceFolder, 'etc/pjsip_trunks.conf'), 'utf8').catch(() => '');
  trunks.watch(async (all) => {
    if (own?.writeTrunks === undefined) return;
    await own.writeTrunks(trunksText(all, settings.codecs));
    await provisioning.reload('res_pjsip.so');
    await telephony.setGlobal('GV_EMERGENCY_TRUNK', trunks.emergencyEndpoint() ?? '');
    log.info({ trunks: all.length }, 'trunks handed to Asterisk');
  }, own?.writeTrunks !== undefined && trunksInAsterisk !== trunksText(trunks.all, settings.codecs));
  const purge = (): void => void desk.purgeOld().then((removed) => removed > 0 && log.info({ removed }, 'messages past their days were removed'));
  purge();
  const purger = setInterval(purge, ONCE_A_DAY_MS);
  purger.unref();

  const loop = watchLoop((delay) => metrics.loopDelay(delay.p99Ms, delay.maxMs));
  const overload = new Overload();
  const ticker = setInterval(() => {
    asterisk.own?.trimLogs?.(MAX_ASTERISK_LOG_BYTES);
    metrics.liveCalls(live.size);
    metrics.reloads(plans.states());
    metrics.alarms(alarms.list().length);
    metrics.eventLag(telephony.eventLagMs);
    metrics.logLinesDropped(logFile.dropped);
    const nowMs = clock.nowMs();
    const { lastEventMs } = telephony;
    if (telephony.isUp && lastEventMs !== null && nowMs - lastEventMs > EVENTS_SILENT_MS) alarms.raise('asterisk-events', 'Asterisk answers, but its events have stopped: calls are not served.', 'See whether another program uses the same ARI application (ARI_APP); restart Asterisk when that is not it.');
    else alarms.clear('asterisk-events');
    const now = overload.isNow({ eventLagMs: telephony.eventLagMs, lastEventMs, loopP99Ms: loop.last().p99Ms, nowMs });
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
      promptFolder, productVersion: PRODUCT_VERSION, isDraining: () => admission.isDraining,
    }),
    { host: settings.httpHost, port: settings.httpPort },
  );
  const serverFile = join(data.paths.folder, 'server.json');
  await writeFile(serverFile, JSON.stringify({ url: http.url, pid: process.pid }), { mode: 0o600 });

  return {
    http, asterisk, plans, live,
    problems: [...trunks.warnings, ...(await lacksOf(asterisk, phones, settings.ariApp))],
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
      clearInterval(purger);
      trunks.close();
      notices.close();
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
      await copies.close();
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

/** What the dialplan must know while we are away. `emergency` null = its own setting stands: it is somebody else's Asterisk. */
async function announce(telephony: AriTelephony, what: { readonly app: string; readonly isTurningAway: boolean; readonly emergency: string | null }): Promise<void> {
  await telephony.setGlobal('GV_APP', what.app);
  if (what.emergency !== null) await telephony.setGlobal('GV_EMERGENCY_TRUNK', what.emergency);
  await telephony.setGlobal('GV_OVERLOAD', what.isTurningAway ? '1' : '0');
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
