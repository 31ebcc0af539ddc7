// The running application: opens the stores, takes an Asterisk, loads the plans, connects, serves. Each part is made
// here once and handed to those that need it; main.ts starts and drains it. Read `startService` from top to bottom.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { AriTelephony } from '../ari/ari-telephony.ts';
import { OwnTransport } from '../ari/own-transport.ts';
import { AriTrunkStates } from '../ari/trunk-states.ts';
import { AriPhoneProvisioning } from '../ari/phone-provisioning.ts';
import { Admission } from '../calls/admission.ts';
import { Arrivals } from '../calls/arrival.ts';
import { EventHub } from '../calls/event-hub.ts';
import { LiveCalls } from '../calls/live-calls.ts';
import { OutboundUsage } from '../calls/usage.ts';
import { Reconciler, type ReconcileDeps } from '../calls/reconcile.ts';
import { SwitchBoard } from '../calls/switch-board.ts';
import type { RunningServer } from '../http/server.ts';
import { createHttpsLookup } from '../lookup/https-lookup.ts';
import { Compiler } from '../plans/compiler.ts';
import { PlanMedia } from '../plans/media.ts';
import { PlanStore } from '../plans/plan-source.ts';
import { brings } from '../plans/trunks.ts';
import { DEFAULT_RETENTION_DAYS } from '../routing/plan.ts';
import type { LoadedSettings, Settings } from '../settings.ts';
import { openOutbox } from '../store/outbox.ts';
import { openVoicemail } from '../store/voicemail/voicemail-store.ts';
import { watchClock } from '../telemetry/clock-watch.ts';
import { realClock, timeSortedIds } from '../telemetry/clock.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { takeAsterisk, type TakenAsterisk } from './asterisk.ts';
import { mayHaveDemoCarrier, startDemoCarrier } from './demo-carrier.ts';
import { dialplanLacks } from './existing-asterisk.ts';
import { LastKnownRoute } from './last-known-route.ts';
import { Link } from './link.ts';
import { Notices } from './notices.ts';
import { liveFeed } from './observer.ts';
import { turnAwayUntil } from './overload.ts';
import type { NumberFacts } from './number-desk.ts';
import { callsPinOf, outboundDesk } from './outbound-desk.ts';
import { PhoneBook } from './phone-book.ts';
import { RegistrationWatch } from './registration-watch.ts';
import { privateNetworkTrunks } from './private-network.ts';
import { mediaFolders, openPrompts } from './prompts.ts';
import { Proofs } from './proofs.ts';
import { openStores } from './stores.ts';
import { TestCalls } from './test-calls.ts';
import { UnseenEnds } from './unseen-ends.ts';
import { smtpSender } from './smtp.ts';
import { foreignTrunks, TRUNK_SEPARATOR, TrunkBook, trunkConfig, trunksText } from './trunk-book.ts';
import { VoicemailDesk } from './voicemail-desk.ts';
import { MissedCalls } from './missed-calls.ts';
import { MessageCopies } from './voicemail-media.ts';
import { TrunkHealth } from './trunk-health.ts';
import { startWatch } from './watch.ts';

export interface Service {
  readonly http: RunningServer;
  readonly asterisk: TakenAsterisk;
  readonly plans: PlanStore;
  readonly live: LiveCalls;
  readonly problems: readonly string[];
  /** Outside calls come to a carrier of our own that answers them. */
  readonly hasDemoCarrier: boolean;
  /** No new calls; live ones get `drainMs`; then everything that was started is gone. */
  /** `hurry` ends the waiting. */
  stop(drainMs: number, say: (line: string) => void, hurry: AbortSignal): Promise<void>;
}

/** As in package.json. */
const PRODUCT_VERSION = '0.1.0';
const REQUEST_LIMIT_MS = 5_000;
/** The second only while many plans load. */
const COMPILE_THREADS = 2;
const ONCE_A_DAY_MS = 86_400_000;
const WHICH: Readonly<Record<TakenAsterisk['kind'], string>> = { embedded: 'our own', docker: 'our own in the container beside us', existing: 'the one' };

export async function startService(loaded: LoadedSettings, settings: Settings, projectFolder: string, say: (line: string) => void): Promise<Service> {
  const at = (path: string): string => resolve(projectFolder, path);
  const clock = realClock();
  const compiler = new Compiler({ threads: COMPILE_THREADS });
  // Its modules take longer to load than all that happens before the first plan is read.
  compiler.warm();
  const stores = await openStores(settings, at(settings.dataFolder), clock);
  const { alarms, log, logFile, state, records, secrets, history, paths, evidence, doNotOriginate } = stores;
  const metrics = createMetrics();
  const feed = liveFeed(log, metrics, alarms, () => clock.nowMs());

  // A port that cannot be had costs the demo alone.
  const demo = mayHaveDemoCarrier(settings) ? await startDemoCarrier(settings.sipPort).catch(() => null) : null;
  const trunks = await TrunkBook.open({ file: at(settings.trunksFile), label: settings.trunksFile, variable: (name) => loaded.variable(name), clock, alarms, ...(settings.asterisk === 'docker' ? { whenMissing: privateNetworkTrunks() } : {}), ...(demo === null ? {} : { demoAddress: demo.address }) });
  const promptFolder = join(paths.folder, 'prompts');
  const instanceFolder = join(paths.folder, 'asterisk');
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
    adminFile: paths.databases.admin, folder: paths.voicemail, mediaUriOf: (file, message) => copies.mediaOf(file, message),
  });
  const media = new PlanMedia(at(settings.plansFolder), prompts);
  // Whose phones are whose is known when the link is made; until `start` nobody asks.
  const proofs = new Proofs({
    clock, phonesOf: (plan) => phones.assigned(plan),
    onLost: (text) => (text === null ? alarms.clear('proof-lost') : alarms.raise('proof-lost', text, 'Mend the route as the sentence says; publishing proves it again.')),
  });
  say('Checking the plans …');
  const plans = await PlanStore.open({
    folder: at(settings.plansFolder), history, media, clock, phrases: prompts.phraseIds, compiler, allowLoopbackLookups: settings.lookupPrivate,
    review: (plan) => proofs.review(plan),
    trunks: () => new Set(trunks.all.map(({ id }) => id)),
    onReload: (result) => {
      metrics.reloadDone(result.kind !== 'refused', result.tookMs);
      log.info({ customer: result.customer, version: result.version, problems: result.problems.length }, `plan ${result.kind}`);
    },
    onFault: (fault) => (fault.text === null ? alarms.clear(fault.code) : alarms.raise(fault.code, fault.text, fault.mend)),
  });

  const address = { url: asterisk.ari.url, user: asterisk.ari.user, password: asterisk.ari.password, app: settings.ariApp, requestLimitMs: REQUEST_LIMIT_MS };
  // Loaded only where it is wanted: it costs a quarter of a second at each start.
  const transport = settings.ari === 'own' ? new OwnTransport(address) : new (await import('../ari/ari-client-transport.ts')).AriClientTransport(address);
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
    plans, outbox: await openOutbox(paths.notices),
    tell: (url, json, timeoutMs) => lookup.tell(url, json, timeoutMs), clock, alarms, note: (text, fields) => log.info(fields, text),
    mail: settings.smtpUrl === null || settings.mailFrom === null ? null : smtpSender(String(settings.smtpUrl), settings.mailFrom),
  });
  const desk = new VoicemailDesk({ store: voicemail, copies, notices, plans, telephony, note: (text, fields) => log.info(fields, text),
    retentionDaysOf: (customer, mailbox) => history.retentionDaysOf(customer, mailbox, DEFAULT_RETENTION_DAYS), onFault: (error, what) => log.error({ err: error }, what) });
  const testCalls = new TestCalls({
    sip: asterisk.sip, plans, phones, secrets, mayLeave: () => trunks.isLoopbackOnly, isSpeechEncrypted: settings.srtp, switches: (customer) => switches.positions(customer), subscribe: (listener) => feed.subscribe(listener), onListening: (listener) => feed.onListening(listener),
    find: (sipCallId) => live.all().find((call) => call.origin.sip.sipCallId === sipCallId), recordOf: (id) => records.getRecord(id), nowMs: () => clock.nowMs(),
  });
  const trunkHealth = new TrunkHealth({
    trunks: () => trunks.outbound, states: new AriTrunkStates(transport), clock, random: Math.random, alarms,
    onChange: (rows) => metrics.trunks(rows.map(({ id, state, calls }) => ({ id, isUsable: state !== 'down' && state !== 'open', calls }))),
  });
  const usage = new OutboundUsage(state, clock, (text) => alarms.raise('usage', text, 'Look at the disk of the data folder; limits count live calls alone meanwhile.'));
  const numberFacts: NumberFacts = {
    plans, evidence, doNotOriginate, clock, proof: (customer, number) => proofs.returnProofOf(customer, number),
    // Where every trunk leads to this machine itself, a drama number can disturb nobody.
    get isTestMode() {
      return settings.testNumbers || trunks.isLoopbackOnly;
    },
  };
  const outbound = outboundDesk({
    health: trunkHealth, facts: numberFacts, trunks: () => trunks.outbound, foreignEmergencyTrunks: () => (asterisk.own === null ? foreignTrunks(asterisk.emergencyTrunk) : null),
    checkPin: (customer, extension, pin) => voicemail.checkPin(customer, callsPinOf(extension), pin),
  });
  const unseenEnds = asterisk.own === null ? null : new UnseenEnds(asterisk.own);
  const instance = instanceName(paths.folder);
  const owner = `${instance}${Date.now().toString(36)}x`;
  let missed: MissedCalls | null = null;
  const deps: ReconcileDeps = {
    records: {
      putRecord(record) {
        missed?.sawRecord(record.id);
        records.putRecord(record);
      },
      flush: () => records.flush(), getRecord: (id) => records.getRecord(id), listRecords: (filter) => records.listRecords(filter), countRecords: () => records.countRecords(), close: () => records.close(),
    },
    telephony, hub, plans, media, state, voicemail: desk, decisions: records, usage, desk: outbound, lookup, switches, clock, ids: timeSortedIds(Date.now, instance), random: Math.random, observer: feed, owner, live, admission,
    endpointOf: (plan, extension) => phones.endpointOf(plan, extension),
    isTestPhone: (endpoint) => phones.isTestPhone(endpoint),
    phoneOwner: (endpoint) => phones.ownerOf(endpoint),
    trunkRules(id) {
      const trunk = trunks.byId(id);
      // A trunk of somebody else's Asterisk has no rules here.
      return { ddiFrom: trunk?.ddiFrom ?? 'request-uri', isTest: false, brings: (ddi) => trunk === undefined || brings(trunk, ddi) };
    },
    isTestCall: (sipCallId) => testCalls.isOurs(sipCallId),
    endOf: async (channel) => unseenEnds?.endOf(channel) ?? null,
    // The data folder's lock says that no other process of this instance lives; of others only the heartbeat can.
    mayAdopt: async (snapshot) => {
      if (settings.state !== 'redis') return true;
      const isDead = (snapshot.owner !== owner && snapshot.owner.startsWith(instance)) || (await state.deadOwners()).includes(snapshot.owner);
      return isDead && state.adoptCall(snapshot.id, snapshot.owner, owner);
    },
  };
  const arrivals = new Arrivals(deps);
  const reconciler = new Reconciler(deps, arrivals, (done) => void done);
  const clockWatch = watchClock(clock, alarms);
  const link = new Link({
    telephony, hub, arrivals, reconciler, alarms, log, metrics,
    sawStamp(stampMs) {
      clockWatch.sawStamp(stampMs);
      watch.sawStamp(stampMs);
    },
    async onMatched() {
      await announce(telephony, { app: settings.ariApp, isTurningAway: watch.isOverloaded || admission.isDraining, emergency: asterisk.own === null ? null : trunks.emergencyEndpoints().join(TRUNK_SEPARATOR) });
      await phones.pushAll();
      await desk.lightAll();
    },
    onReplaced() {
      // Whoever took our name serves the calls now; every request of ours would disturb them.
      say('Another process serves under the same ARI application name: this one ends, and touches no call.');
      logFile.close();
      process.exit(1);
    },
  });
  if (asterisk.own !== null) missed = new MissedCalls({ logFolder: asterisk.own.logFolder, placeFile: join(paths.folder, 'missed-calls.json'), deps, log, isMatched: () => link.isMatched });
  const shared = settings.state === 'redis' ? { state, owner, match: () => link.match() } : null;
  const watch = startWatch({ clock, alarms, metrics, logFile, live, plans, telephony, admission, asterisk, shared });
  say('Connecting to Asterisk …');
  await telephony.start();
  await link.settled();
  missed?.start();

  const { own } = asterisk;
  // Somebody else's Asterisk has the routes that its owner put there.
  const lastKnownRoute = own === null ? null : new LastKnownRoute(plans, media, alarms, (plan, extension) => phones.nameOf(plan, extension), own.fallback);
  plans.onChange((customer) => {
    void phones.push(customer);
    void desk.lightCustomer(customer);
    lastKnownRoute?.renew([customer]);
  });
  lastKnownRoute?.renew(plans.customers());
  // Most went there when the link came up; a thousand customers' phones are not sent twice.
  await phones.pushMissing();
  proofs.start(plans);
  const trunksInAsterisk = await readFile(join(instanceFolder, 'etc/pjsip_trunks.conf'), 'utf8').catch(() => '');
  trunks.watch(async (all) => {
    if (own?.writeTrunks === undefined) return;
    await own.writeTrunks(trunksText(all, settings.codecs));
    await provisioning.reload('res_pjsip.so');
    await telephony.setGlobal('GV_EMERGENCY_TRUNK', trunks.emergencyEndpoints().join(TRUNK_SEPARATOR));
    log.info({ trunks: all.length }, 'trunks handed to Asterisk');
  }, own?.writeTrunks !== undefined && trunksInAsterisk !== trunksText(trunks.all, settings.codecs));
  // The Asterisk in a container has no command line that we reach.
  const registrations = own?.cli === undefined ? null : new RegistrationWatch({ cli: own.cli, trunks: () => trunks.all, clock, alarms });
  registrations?.start();
  trunkHealth.watch();
  void notices.resume();
  const purge = (): void => void desk.purgeOld().then((removed) => removed > 0 && log.info({ removed }, 'messages past their days were removed'));
  purge();
  const purger = setInterval(purge, ONCE_A_DAY_MS);
  purger.unref();

  // Calls come first: what serves people at desks is loaded when every call has its process again.
  const [{ startServer }, { httpDeps }] = await Promise.all([import('../http/server.ts'), import('./http-deps.ts'), lookup.load()]);
  const http = await startServer(
    httpDeps({
      clock, log, metrics, alarms, feed, live, plans, history, records, voicemail, secrets, switches, state, phones, proofs, trunkHealth, testCalls, numberFacts, arrivals, ids: deps.ids, telephony, asterisk, loaded, mediaToken,
      promptFolder, productVersion: PRODUCT_VERSION, isDraining: () => admission.isDraining,
    }),
    { host: settings.httpHost, port: settings.httpPort },
  );
  const serverFile = join(paths.folder, 'server.json');
  await writeFile(serverFile, JSON.stringify({ url: http.url, pid: process.pid }), { mode: 0o600 });

  return {
    http, asterisk, plans, live, hasDemoCarrier: trunks.isDemo,
    problems: [...trunks.warnings, ...(await lacksOf(asterisk, phones, settings.ariApp))],
    async stop(drainMs, tell, hurry) {
      admission.drain();
      await telephony.setGlobal('GV_OVERLOAD', turnAwayUntil(clock.nowMs(), drainMs + RELEASE_ALL_MS)).catch(() => {});
      if (live.size > 0) tell(`Waiting up to ${Math.round(drainMs / 1_000)} s for ${live.size} live ${live.size === 1 ? 'call' : 'calls'} …`);
      if (!(await live.drained(clock, drainMs, hurry))) {
        tell(`Ending ${live.size} ${live.size === 1 ? 'call' : 'calls'} that did not end by themselves.`);
        for (const call of live.all()) call.end({ by: 'us', fault: 'none', code: 'shutdown', cause: 16 });
        await live.drained(clock, RELEASE_ALL_MS);
      }
      await rm(serverFile, { force: true });
      watch.stop();
      clearInterval(purger);
      proofs.stop();
      trunks.close();
      trunkHealth.close();
      registrations?.close();
      notices.close();
      clockWatch.stop();
      await http.close();
      // An Asterisk that goes on without us takes calls to their last known route, not to 503.
      if (asterisk.kind !== 'embedded') await telephony.setGlobal('GV_OVERLOAD', '0').catch(() => {});
      await telephony.stop();
      await demo?.close();
      await lookup.close();
      await plans.close();
      await lastKnownRoute?.idle();
      await asterisk.own?.stop();
      await missed?.stop();
      await prompts.store.close().catch((error: unknown) => log.error({ err: error }, 'prompt index'));
      await copies.close();
      await voicemail.close();
      await stores.close();
    },
  };
}

const RELEASE_ALL_MS = 12_000;

/** What the dialplan must know while we are away. `emergency` null = its own setting stands: it is somebody else's Asterisk. */
async function announce(telephony: AriTelephony, what: { readonly app: string; readonly isTurningAway: boolean; readonly emergency: string | null }): Promise<void> {
  await telephony.setGlobal('GV_APP', what.app);
  if (what.emergency !== null) await telephony.setGlobal('GV_EMERGENCY_TRUNK', what.emergency);
  await telephony.setGlobal('GV_OVERLOAD', what.isTurningAway ? turnAwayUntil(Date.now(), RELEASE_ALL_MS) : '0');
}

/** What somebody else's Asterisk lacks for our work. */
async function lacksOf(asterisk: TakenAsterisk, phones: PhoneBook, app: string): Promise<readonly string[]> {
  if (asterisk.own !== null) return phones.lacks();
  const dialplan = await dialplanLacks(asterisk.ari, app);
  const unseen = 'Its dialplan could not be looked at. Try it there: asterisk -rx "dialplan show gv-enter-trunk" must show the context.';
  return [...asterisk.lacks, ...(dialplan ?? [unseen]), ...phones.lacks()];
}

/** The same for every process of this data folder on this machine, four characters. */
function instanceName(folder: string): string {
  return Number.parseInt(createHash('sha256').update(`${hostname()}:${folder}`).digest('hex').slice(0, 8), 16).toString(36).padStart(4, '0').slice(0, 4);
}
