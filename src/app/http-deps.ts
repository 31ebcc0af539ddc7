// What the HTTP routes ask for, answered from the parts of the running application. No logic of its own beyond joining.
import { createHash, timingSafeEqual } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Proof } from '../compliance/returnable.ts';
import type { LiveCalls } from '../calls/live-calls.ts';
import type { SwitchBoard } from '../calls/switch-board.ts';
import type { HttpDeps, PublishResult, SetResult } from '../http/deps.ts';
import type { PlanProblem, SwitchRow } from '../http/wire.ts';
import type { Published } from '../plans/plan-entry.ts';
import type { PlanStore } from '../plans/plan-source.ts';
import type { Clock } from '../ports/clock.ts';
import type { SharedStatePort } from '../ports/state.ts';
import type { Telephony } from '../ports/telephony.ts';
import { explain } from '../routing/explain.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import type { Problem } from '../routing/problem.ts';
import { describeSettings, type LoadedSettings } from '../settings.ts';
import type { PlanHistory } from '../store/plan-history.ts';
import type { SqliteRecords } from '../store/records/sqlite-records.ts';
import type { Secrets } from '../store/secrets.ts';
import type { VoicemailStore } from '../store/voicemail/voicemail-store.ts';
import type { Alarms } from '../telemetry/alarms.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { TakenAsterisk } from './asterisk.ts';
import { clickDesk, type ClickParts } from './click-desk.ts';
import { numberDesk, type NumberFacts } from './number-desk.ts';
import { callsPinOf } from './outbound-desk.ts';
import type { LiveFeed } from './observer.ts';
import type { PhoneBook } from './phone-book.ts';
import type { TrunkHealth } from './trunk-health.ts';
import { sentence, type Proofs } from './proofs.ts';
import { addressForPhones } from './sip-address.ts';
import type { TestCalls } from './test-calls.ts';
import { COPIES } from './voicemail-media.ts';

export interface AppParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly alarms: Alarms;
  readonly feed: LiveFeed;
  readonly live: LiveCalls;
  readonly plans: PlanStore;
  readonly history: PlanHistory;
  readonly records: SqliteRecords;
  readonly voicemail: VoicemailStore;
  readonly secrets: Secrets;
  readonly switches: SwitchBoard;
  readonly state: SharedStatePort;
  readonly phones: PhoneBook;
  readonly trunkHealth: TrunkHealth;
  readonly proofs: Proofs;
  readonly testCalls: TestCalls;
  readonly numberFacts: NumberFacts;
  readonly arrivals: ClickParts['arrivals'];
  readonly ids: ClickParts['ids'];
  readonly telephony: Telephony;
  readonly asterisk: TakenAsterisk;
  readonly loaded: LoadedSettings;
  readonly mediaToken: string;
  readonly promptFolder: string;
  readonly productVersion: string;
  isDraining(): boolean;
}

const KEY_FORM = /^[0-9a-f]{64}$/;

export function httpDeps(parts: AppParts): HttpDeps {
  const { clock, plans, switches, voicemail, phones, records } = parts;
  const allPlans = (): RoutingPlan[] => plans.customers().flatMap((customer) => plans.byCustomer(customer) ?? []);
  return {
    clock,
    productVersion: parts.productVersion,
    verifyKey: async (key) => parts.secrets.verifyApiKey(key) !== null,
    reportFault: (error, where) => parts.log.error({ err: error, where }, 'a request failed'),
    async health() {
      const { isUp, lastEventMs } = parts.telephony;
      return {
        isAsteriskUp: isUp,
        eventsArriveAgoMs: lastEventMs === null ? null : Math.max(0, clock.nowMs() - lastEventMs),
        isStoreOk: await parts.state.ping(),
        livePlans: plans.customers().length,
        isDraining: parts.isDraining(),
      };
    },
    metrics: () => parts.metrics.render(),
    planOf(customer) {
      const plan = plans.byCustomer(customer);
      return plan === null ? null : { version: plan.version, hash: plan.hash, timeZone: plan.organisation.timeZone };
    },
    liveCalls: async () => parts.live.all().map((call) => call.snapshot()),
    getRecord: (id) => records.getRecord(id),
    listRecords: (filter) => records.listRecords(filter),
    listDecisions: (filter) => records.listDecisions(filter),
    ...numberDesk(parts.numberFacts),
    ...clickDesk({ ...parts, onFault: (error) => parts.log.error({ err: error }, 'the key of a request to place a call could not be kept') }),
    async setCallsPin(customer, extension, pin) {
      const own = plans.byCustomer(customer)?.extensions.get(extension);
      if (own === undefined) return { kind: 'unknown' };
      await voicemail.setPin(customer, callsPinOf(extension), pin);
      return { kind: 'done', row: { customer, extension, name: own.name } };
    },
    subscribe: (listener) => parts.feed.subscribe(listener),
    numbers: async () => allPlans().flatMap((plan) => [...plan.numbers.values()].map((ddi) => ({
      ddi: ddi.ddi, customer: plan.customer, label: ddi.label, entry: ddi.entry, does: doesText(plan, ddi.ddi, clock.nowMs()), planVersion: plan.version, timeZone: plan.organisation.timeZone,
      ...proofWire(parts.proofs.proofOf(plan.customer, ddi.ddi)),
    }))),
    plans: plansDeps(parts),
    switches: async () => (await Promise.all(allPlans().map((plan) => switchRows(parts, plan)))).flat(),
    async setSwitch(customer, name, position, by): Promise<SetResult<SwitchRow>> {
      const plan = plans.byCustomer(customer);
      const spec = plan?.switches.get(name);
      if (plan === null || spec === undefined) return { kind: 'unknown' };
      if (!spec.positions.includes(position)) return { kind: 'refused', reason: `"${position}" is no position of ${spec.label}`, hint: `Positions: ${spec.positions.join(', ')}` };
      await switches.set(customer, name, position, by);
      const row = (await switchRows(parts, plan)).find((one) => one.name === name);
      return row === undefined ? { kind: 'unknown' } : { kind: 'done', row };
    },
    async phones() {
      const online = await phones.online().catch(() => new Set<string>());
      const known = new Set((await parts.secrets.listPhones()).map((phone) => `${phone.customer}/${phone.extension}`));
      return allPlans().flatMap((plan) => [...plan.extensions.values()].map((extension) => {
        const endpoint = phones.nameOf(plan, extension);
        return {
          customer: plan.customer, extension: extension.number, name: extension.name, endpoint, isOnline: online.has(endpoint),
          hasSecret: known.has(`${plan.customer}/${extension.number}`), isOurs: phones.isOurs,
        };
      }));
    },
    async createPhoneSecret(customer, extension) {
      const plan = plans.byCustomer(customer);
      if (plan?.extensions.has(extension) !== true) return { kind: 'unknown' };
      const made = await phones.renew(plan, extension);
      void parts.proofs.renew(customer);
      if (made === null) return { kind: 'refused', reason: `${extension} is a phone of an Asterisk that was there before`, hint: 'Its password is set there' };
      return { kind: 'done', row: { customer, extension, ...made, sipAddress: (parts.loaded.settings === null ? null : addressForPhones(parts.asterisk, parts.loaded.settings)) ?? 'as that Asterisk is reached' } };
    },
    async removePhone(customer, extension) {
      const plan = plans.byCustomer(customer);
      const spec = plan?.extensions.get(extension);
      if (plan === null || spec === undefined) return { kind: 'unknown' };
      // A password that nobody knows takes the old one's place.
      await phones.renew(plan, extension, false);
      void parts.proofs.renew(customer);
      return { kind: 'done', row: { customer, extension, name: spec.name, endpoint: phones.nameOf(plan, spec), isOnline: false, hasSecret: false, isOurs: phones.isOurs } };
    },
    mailboxes: async () => (await Promise.all(allPlans().map((plan) => mailboxRows(parts, plan)))).flat(),
    messages: async (customer, mailbox) => (plans.byCustomer(customer)?.mailboxes.has(mailbox) === true ? voicemail.listMessages(customer, mailbox) : null),
    async setPin(customer, mailbox, pin) {
      const plan = plans.byCustomer(customer);
      if (plan?.mailboxes.has(mailbox) !== true) return { kind: 'unknown' };
      await voicemail.setPin(customer, mailbox, pin);
      const row = (await mailboxRows(parts, plan)).find((one) => one.id === mailbox);
      return row === undefined ? { kind: 'unknown' } : { kind: 'done', row };
    },
    testCall: (request, emit, signal) => parts.testCalls.run(request, emit, signal),
    alarms: async () => parts.alarms.list().map((alarm) => ({ code: alarm.code, text: alarm.text, hint: alarm.mend, since: new Date(alarm.sinceMs).toISOString() })),
    trunks: async () => parts.trunkHealth.rows().map(({ sinceMs, ...row }) => ({ ...row, since: sinceMs === null ? null : new Date(sinceMs).toISOString() })),
    settings: () => describeSettings(parts.loaded),
    async findMedia(token, key) {
      const wanted = createHash('sha256').update(parts.mediaToken).digest();
      if (!timingSafeEqual(createHash('sha256').update(token).digest(), wanted) || !KEY_FORM.test(key)) return null;
      const found = (folder: string, isPrivate: boolean) => stat(join(folder, `${key}.wav`)).then(({ size }) => ({ file: join(folder, `${key}.wav`), bytes: size, isPrivate }), () => null);
      // A copy of a message lies beside the prompts, for as long as somebody listens.
      return (await found(parts.promptFolder, false)) ?? found(join(parts.promptFolder, COPIES), true);
    },
  };
}

function plansDeps(parts: AppParts): HttpDeps['plans'] {
  const { plans, history } = parts;
  const rows = async () => Promise.all(plans.customers().map(async (customer) => {
    const plan = plans.byCustomer(customer);
    const head = await history.current(customer);
    return plan === null ? [] : [{
      customer, name: plan.organisation.name, version: plan.version, hash: plan.hash, publishedAt: new Date(head?.publishedAtMs ?? 0).toISOString(),
      publishedBy: head?.by ?? 'file', numbers: plan.numbers.size, steps: plan.steps.size, timeZone: plan.organisation.timeZone,
      problems: plans.problems(customer).filter((one) => one.severity === 'problem').map(problemWire),
    }];
  }));
  const published = async (customer: string, result: Published): Promise<PublishResult> => {
    switch (result.kind) {
      case 'published':
      case 'unchanged': {
        const plan = plans.byCustomer(customer);
        return { kind: 'published', published: { customer, version: result.version, hash: plan?.hash ?? '', numbers: plan?.numbers.size ?? 0, warnings: plans.problems(customer).map(problemWire) } };
      }
      case 'refused': return { kind: 'problems', problems: result.problems.map(problemWire) };
      case 'conflict': return result.with === 'file'
        ? { kind: 'unpublished-edit', file: `${customer}.json` }
        : { kind: 'conflict', liveVersion: result.current?.version ?? 0, liveHash: result.current?.hash ?? '', publishedBy: result.current?.by ?? 'somebody' };
    }
  };
  const publish: HttpDeps['plans']['publish'] = async ({ customer, source, expectedHash, by, message }) =>
    published(customer, await plans.publish(customer, source, { by, reason: message, basedOn: expectedHash }));
  return {
    list: async () => (await rows()).flat(),
    async get(customer, version) {
      const found = version === null ? await history.current(customer) : await history.get(customer, version);
      return found === null ? null : { version: found.version, hash: found.hash, source: found.text };
    },
    check: async (source, customer) => {
      const startedMs = parts.clock.monotonicMs();
      const checked = await plans.check(source, customer);
      return { ok: checked.ok, problems: checked.problems.map(problemWire), steps: checked.steps, numbers: checked.numbers, tookMs: Math.round(parts.clock.monotonicMs() - startedMs) };
    },
    publish,
    async versions(customer) {
      const heads = await history.list(customer);
      const live = plans.byCustomer(customer)?.version ?? null;
      if (heads.length === 0) return null;
      return heads.map((head) => ({ version: head.version, hash: head.hash, publishedAt: new Date(head.publishedAtMs).toISOString(), publishedBy: head.by, message: head.reason, isLive: head.version === live, restoredFrom: null }));
    },
    async restore({ customer, version, expectedHash, by }) {
      const old = await history.get(customer, version);
      if (old === null) return { kind: 'unknown' };
      return publish({ customer, source: old.text, expectedHash: expectedHash ?? plans.byCustomer(customer)?.hash ?? null, by, message: `version ${version} restored` });
    },
  };
}

async function switchRows(parts: AppParts, plan: RoutingPlan): Promise<SwitchRow[]> {
  const kept = await parts.state.listSwitches();
  return [...plan.switches.values()].map((spec) => {
    const set = kept.find((one) => one.customer === plan.customer && one.name === spec.name);
    return {
      customer: plan.customer, name: spec.name, label: spec.label, position: parts.switches.positions(plan.customer).get(spec.name) ?? spec.positions[0] ?? '',
      positions: [...spec.positions], featureCode: spec.featureCode, setAt: set === undefined ? null : new Date(set.setAtMs).toISOString(), setBy: set?.setBy ?? null,
    };
  });
}

async function mailboxRows(parts: AppParts, plan: RoutingPlan) {
  return Promise.all([...plan.mailboxes.values()].map(async (box) => {
    const messages = await parts.voicemail.listMessages(plan.customer, box.id);
    const fresh = messages.filter((message) => message.isNew).length;
    return {
      customer: plan.customer, id: box.id, name: box.name, newMessages: fresh, oldMessages: messages.length - fresh,
      hasPin: await parts.voicemail.hasPin(plan.customer, box.id), timeZone: plan.organisation.timeZone,
    };
  }));
}

function proofWire(proof: Proof | null): { isProven: boolean | null; proof: string | null } {
  return { isProven: proof?.isProven ?? null, proof: proof === null ? null : sentence(proof) };
}

/** What a caller meets now who presses nothing, in a few words. */
export function doesText(plan: RoutingPlan, ddi: string, nowMs: number): string {
  const { path } = explain(plan, { to: ddi, atMs: nowMs });
  const heard = path.filter((step) => step.kind !== 'goto').slice(0, 3).map((step) => (step.kind === 'hours' || step.kind === 'switch' ? `${step.label} (${step.outcomeText} now)` : step.label));
  return `${heard.join(', then ')}${path.length > 3 ? ' …' : ''}`;
}

function problemWire(problem: Problem): PlanProblem {
  return { path: problem.path, code: problem.code, message: problem.message, hint: problem.hint, severity: problem.severity };
}
