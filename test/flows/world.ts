// The world of the flow tests: two customers with the same extensions, a fake switch, virtual time, memory for stores.
import { Admission } from '../../src/calls/admission.ts';
import { Arrivals } from '../../src/calls/arrival.ts';
import { Reconciler, type ReconcileDeps } from '../../src/calls/reconcile.ts';
import { EventHub } from '../../src/calls/event-hub.ts';
import { LiveCalls } from '../../src/calls/live-calls.ts';
import { SwitchBoard } from '../../src/calls/switch-board.ts';
import { OutboundUsage } from '../../src/calls/usage.ts';
import type { Evidence, ReturnProof } from '../../src/compliance/attempt.ts';
import type { DecisionRecord, DecisionsPort } from '../../src/ports/decisions.ts';
import type { AfterFailure } from '../../src/trunks/failover.ts';
import type { OutboundTrunk } from '../../src/trunks/trunk.ts';
import type { CallRecord, RecordsPort, TraceLine, VoicemailMessage, VoicemailPort } from '../../src/ports/records.ts';
import type { LookupPort, LookupResult } from '../../src/ports/lookup.ts';
import type { TelephonyEvent } from '../../src/ports/telephony.ts';
import type { E164 } from '../../src/numbering/e164.ts';
import { endpointName } from '../../src/plans/endpoint-name.ts';
import { compile } from '../../src/routing/compile.ts';
import type { RoutingPlan } from '../../src/routing/plan.ts';
import { MemoryState } from '../../src/store/state/memory-state.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeTelephony } from '../fakes/fake-telephony.ts';

/** Tue 24 Nov 2026 10:00 in London. */
export const TUESDAY_TEN_MS = Date.UTC(2026, 10, 24, 10, 0, 0);
export const DDI = '+441632960018';

/** As the store does. */
const LOCKED_AFTER = 5;

export class World {
  readonly clock: FakeClock;
  readonly telephony: FakeTelephony;
  hub = new EventHub();
  live = new LiveCalls();
  readonly state = new MemoryState();
  readonly records: CallRecord[] = [];
  readonly messages: VoicemailMessage[] = [];
  readonly alarms = new Map<string, string>();
  readonly notes: string[] = [];
  readonly traced: TraceLine[] = [];
  readonly plans = new Map<string, RoutingPlan>();
  readonly pins = new Map<string, string>();
  readonly wrongPins = new Map<string, number>();
  admission!: Admission;
  arrivals!: Arrivals;
  deps!: ReconcileDeps;
  lookup: (url: string) => { result: LookupResult; afterMs: number } = () => ({ result: { kind: 'not-found' }, afterMs: 10 });
  emergencyTrunks: readonly string[] = ['trunk-sim'];
  /** Numbers that the carrier may bring. */
  brings: (ddi: string) => boolean = () => true;
  /** Takes of channels that have not settled. */
  taking = 0;
  /** Times that the process was started again. */
  restarts = 0;
  readonly decisions: DecisionRecord[] = [];
  /** Trunks that calls may leave on, best first. */
  route: readonly OutboundTrunk[] = [carrier('sim'), carrier('spare')];
  /** What attempts showed about trunks. */
  readonly signs: { trunk: string; sign: AfterFailure['sign'] }[] = [];
  /** What is otherwise about a trunk of `emergencyTrunks`. */
  emergencyMore: (endpoint: string) => Partial<OutboundTrunk> = () => ({});
  /** Channels in use by trunk. */
  readonly channelsInUse = new Map<string, number>();
  evidenceOf: (number: E164) => readonly Evidence[] = (number) => [
    { customer: 'acme', number, type: 'allocation', reference: 'order 1', checkedBy: 'test', checkedOnMs: TUESDAY_TEN_MS - 1, expiresOn: null },
  ];
  proofOf: (plan: RoutingPlan) => ReturnProof | null = (plan) => ({ planHash: plan.hash, isReturnable: true, text: 'reaches people' });
  pencePerMinute: number | null = 2;
  readonly #given: Partial<ReconcileDeps> = {};
  #isAlive = true;
  #held: TelephonyEvent[] | null = null;
  #serial = 0;

  constructor(plans: Readonly<Record<string, unknown>>, startMs = TUESDAY_TEN_MS) {
    this.clock = new FakeClock(startMs);
    this.telephony = new FakeTelephony(this.clock);
    for (const [customer, json] of Object.entries(plans)) {
      const { plan, problems } = compile(json, { customer, version: 1, hash: `hash-${customer}` });
      if (plan === null) throw new Error(`the test plan ${customer} does not compile: ${JSON.stringify(problems, null, 1)}`);
      this.plans.set(customer, plan);
      for (const extension of plan.extensions.values()) this.telephony.phones.set(`PJSIP/${customer}-${extension.number}`, { kind: 'rings-on' });
    }
    const used = new Set([...this.plans.values()].flatMap((plan) => plan.outbound.trunks));
    for (const trunk of used) this.telephony.trunks.set(`trunk-${trunk}`, { kind: 'rings-on' });
    this.telephony.mediaMs = (media) => (media.startsWith('sound:system/') ? 500 : 2_000);
    this.#boot();
  }

  /** kill -9: nothing of the process acts any more, and the switch's events are lost. */
  kill(): void {
    this.#isAlive = false;
    this.clock.killProcess();
    this.telephony.onEvent(() => {});
    this.taking = 0;
  }

  /** A new process on the same state and the same switch; resolves when it has taken over. */
  async restart(): Promise<void> {
    this.restarts += 1;
    this.channelsInUse.clear();
    this.#isAlive = true;
    this.#held = [];
    this.hub = new EventHub();
    this.live = new LiveCalls();
    this.#boot();
    await this.deps.switches.load();
    await this.#reconcile();
  }

  /** Other parts than the world's own, for this process and those after it. */
  give(parts: Partial<ReconcileDeps>): void {
    Object.assign(this.#given, parts);
    Object.assign(this.deps, parts);
  }

  /** The link goes and comes back `gapMs` later; what happened meanwhile is found out as after a restart. */
  cutLink(gapMs: number): void {
    this.telephony.setLink(false);
    this.#held = [];
    this.clock.worldAfter(gapMs, () => {
      this.telephony.setLink(true);
      void this.#reconcile();
    });
  }

  async #reconcile(): Promise<void> {
    await new Reconciler(this.deps, this.arrivals, (done) => this.#watch(done)).run();
    const held = this.#held ?? [];
    this.#held = null;
    for (const event of held) this.#take(event);
  }

  #boot(): void {
    this.deps = this.#deps();
    this.admission = this.deps.admission;
    this.arrivals = new Arrivals(this.deps);
    this.telephony.onEvent((event) => {
      if (this.#held === null) this.#take(event);
      else this.#held.push(event);
    });
  }

  /** A call from outside; returns its channel. */
  callIn(options: { to?: string; from?: string; privacy?: string; channel?: string } = {}): string {
    const channel = options.channel ?? `in-${this.telephony.channels.size + this.records.length + 1}`;
    const from = options.from ?? '<sip:+447700900123@carrier.invalid>';
    this.telephony.arrive(channel, ['trunk', options.to ?? DDI, from, '', options.privacy ?? '', '', '', `sip-${channel}`, '127.0.0.1:5090', 'UDP', 'sim'].map(asArgument));
    return channel;
  }

  /** A call from a phone. */
  callFrom(endpoint: string, to: string): string {
    const channel = `ph-${this.telephony.channels.size + this.records.length + 1}`;
    this.telephony.arrive(channel, ['phone', to, `<sip:${endpoint}@127.0.0.1>`, '', '', '', '', `sip-${channel}`, '127.0.0.1:5070', 'UDP', endpoint].map(asArgument));
    return channel;
  }

  /** A call that the API places for an extension; returns the channel of its phone. */
  click(customer: string, extension: string, to: string): string {
    const plan = this.plans.get(customer);
    const own = plan?.extensions.get(extension);
    if (plan === undefined || own === undefined) throw new Error(`the test plans have no ${extension} of ${customer}`);
    const { call, ended } = this.arrivals.place({ id: this.deps.ids.callId('click-to-dial'), plan, extension: own, to, explicitCli: null, purpose: null, isAutoAnswer: true, sourceAddress: '127.0.0.1' });
    this.#watch(ended);
    return call.party.channel;
  }

  /** A number behind the first trunk. */
  outside(number: string, behaviour: Parameters<FakeTelephony['phones']['set']>[1]): void {
    this.telephony.phones.set(`PJSIP/${number}@trunk-sim`, behaviour);
  }

  /** Keys on every leg to `number` there is then. */
  pressOutside(number: string, key: string, afterMs: number): void {
    this.clock.worldAfter(afterMs, () => {
      for (const [leg, channel] of this.telephony.channels) if (channel.endpoint?.startsWith(`PJSIP/${number}@`) === true) this.telephony.press(leg, key);
    });
  }

  phone(customer: string, extension: string, behaviour: Parameters<FakeTelephony['phones']['set']>[1]): void {
    this.telephony.phones.set(`PJSIP/${customer}-${extension}`, behaviour);
  }

  /** Keys pressed one after the other, 120 ms apart. */
  press(channel: string, keys: string, afterMs = 0): void {
    keys.split('').forEach((key, index) => void this.clock.worldAfter(afterMs + index * 120, () => this.telephony.press(channel, key)));
  }

  /** Runs until `count` calls have ended and everything is cleaned up. */
  async ended(count = 1): Promise<void> {
    await this.clock.run(() => this.records.length >= count && this.taking === 0 && this.live.size === 0);
  }

  /** Everything that must be empty when no call is live, one line each. */
  async leftovers(): Promise<readonly string[]> {
    // Late events of channels that are going are part of the end.
    await this.clock.pass(1_000).catch(() => {});
    const left = [...this.telephony.leftovers()];
    for (const [trunk, count] of this.channelsInUse) if (count !== 0) left.push(`${count} channels of trunk ${trunk} still counted`);
    if (this.hub.size > 0) left.push(`${this.hub.size} objects still listened to`);
    if (this.clock.pending > 0) left.push(`${this.clock.pending} timers still running`);
    if (this.live.size > 0) left.push(`${this.live.size} calls still registered`);
    for (const call of await this.state.listCalls()) left.push(`state of call ${call.id}`);
    return left;
  }

  #take(event: TelephonyEvent): void {
    if (this.hub.dispatch(event) || event.type !== 'entered') return;
    if (event.args[0] !== 'leg') this.#watch(this.arrivals.take(event));
  }

  #watch(taken: Promise<void>): void {
    this.taking += 1;
    const process = this.restarts;
    void taken.finally(() => {
      if (process === this.restarts) this.taking -= 1;
    });
  }

  /** What a process sees of the world: nothing settles for it after its death. */
  #mortal<T extends object>(target: T): T {
    const process = this.restarts;
    const isAlive = (): boolean => this.#isAlive && this.restarts === process;
    return new Proxy(target, {
      get: (of, name) => {
        const value: unknown = Reflect.get(of, name, of);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          if (!isAlive()) return new Promise(() => {});
          const result: unknown = Reflect.apply(value, of, args);
          if (!(result instanceof Promise)) return result;
          return new Promise((resolve, reject) => {
            result.then((settled) => isAlive() && resolve(settled), (error: unknown) => isAlive() && reject(error as Error));
          });
        };
      },
    });
  }

  #deps(): ReconcileDeps {
    const started = this.restarts;
    const clock = this.clock.process(() => this.#isAlive && this.restarts === started);
    const live = this.live;
    const byDdi = new Map<string, RoutingPlan>();
    for (const plan of this.plans.values()) for (const ddi of plan.numbers.keys()) byDdi.set(ddi, plan);
    return {
      telephony: this.#mortal(this.telephony), clock, hub: this.hub, live, state: this.#mortal(this.state),
      admission: new Admission({ maxCalls: 1_000, maxCallsPerSecond: 1_000 }, live),
      endOf: async () => null,
      mayAdopt: async () => true,
      plans: {
        byDdi: (ddi: E164) => byDdi.get(ddi) ?? null,
        byCustomer: (customer) => this.plans.get(customer) ?? null,
        byHash: async (customer, hash) => [...this.plans.values()].find((plan) => plan.customer === customer && plan.hash === hash) ?? null,
        customers: () => [...this.plans.keys()],
        onChange: () => {},
      },
      media: {
        prompt: (plan, name) => (plan.prompts.has(name) ? { media: `sound:${plan.customer}/${name}`, durationMs: 2_000 } : null),
        phrase: (id) => ({ media: `sound:system/${id}`, durationMs: 500 }),
      },
      records: this.#mortal<RecordsPort>({
        putRecord: (record) => void this.records.push(record),
        flush: async () => {},
        getRecord: async () => null,
        listRecords: async () => this.records,
        countRecords: async () => this.records.length,
        close: async () => {},
      }),
      voicemail: this.#mortal<VoicemailPort>({
        addMessage: async (message) => {
          const kept = { ...message, file: `${message.id}.wav` };
          this.messages.push(kept);
          return kept;
        },
        listMessages: async (customer, mailbox) => this.messages.filter((one) => one.customer === customer && one.mailbox === mailbox),
        markHeard: async (id) => {
          const at = this.messages.findIndex((one) => one.id === id);
          const found = this.messages[at];
          if (found !== undefined) this.messages[at] = { ...found, isNew: false };
        },
        deleteMessage: async (id) => void this.messages.splice(this.messages.findIndex((one) => one.id === id), 1),
        mediaOf: async (message) => `sound:voicemail/${message.id}`,
        purge: async () => 0,
        checkPin: async (customer, mailbox, pin) => {
          const box = `${customer}/${mailbox}`;
          const [set, wrong] = [this.pins.get(box), this.wrongPins.get(box) ?? 0];
          if (set === undefined) return 'not-set';
          if (wrong >= LOCKED_AFTER) return 'locked';
          if (set === pin) return 'right';
          this.wrongPins.set(box, wrong + 1);
          return wrong + 1 >= LOCKED_AFTER ? 'locked' : 'wrong';
        },
        setPin: async (customer, mailbox, pin) => void this.pins.set(`${customer}/${mailbox}`, pin),
      }),
      decisions: this.#mortal<DecisionsPort>({ putDecision: (decision) => void this.decisions.push(decision), listDecisions: async () => this.decisions }),
      usage: new OutboundUsage(this.#mortal(this.state), clock, (text) => void this.alarms.set('usage', text)),
      desk: {
        cliFacts: (plan) => ({
          isTestMode: true, registered: (number) => plan.registry.get(number) ?? null, evidence: (number) => this.evidenceOf(number), proof: () => this.proofOf(plan), isOnDoNotOriginate: () => false,
        }),
        route: () => this.route,
        emergencyRoute: () => this.emergencyTrunks.map((endpoint) => carrier(endpoint.replace('trunk-', ''), { name: endpoint, emergency: true, ...this.emergencyMore(endpoint) })),
        takeChannel: (trunk) => {
          let isBack = false;
          const epoch = this.restarts;
          this.channelsInUse.set(trunk, (this.channelsInUse.get(trunk) ?? 0) + 1);
          return () => {
            if (!isBack && epoch === this.restarts) this.channelsInUse.set(trunk, (this.channelsInUse.get(trunk) ?? 0) - 1);
            isBack = true;
          };
        },
        report: (trunk, { sign }) => void this.signs.push({ trunk, sign }),
        pencePerMinute: () => this.pencePerMinute,
checkPin: async (customer, extension, pin) => (!this.pins.has(`${customer}/${extension}`) ? 'not-set' : this.pins.get(`${customer}/${extension}`) === pin ? 'right' : 'wrong'),
      },
      lookup: this.#mortal<LookupPort>({
        ask: (request, signal) => {
          const { result, afterMs } = this.lookup(request.url);
          return new Promise((resolve, reject) => {
            const cancel = this.clock.worldAfter(afterMs, () => resolve(result));
            signal.addEventListener('abort', () => {
              cancel();
              reject(signal.reason as Error);
            });
          });
        },
      }),
      switches: new SwitchBoard(this.state, clock),
      ids: { callId: () => `call${(this.#serial += 1)}` },
      random: () => 0.4,
      observer: {
        started: () => {},
        traced: (_, line) => void this.traced.push(line),
        listening: () => {},
        ended: () => {},
        timed: () => {},
        alarm: (name, text) => void this.alarms.set(name, text),
        clearAlarm: (name) => void this.alarms.delete(name),
        note: (text) => void this.notes.push(text),
      },
      owner: `t${this.restarts}x`,
      endpointOf: (plan, number) => `PJSIP/${endpointName(plan.customer, plan.extensions.get(number) ?? { number, endpoint: null }, true)}`,
      isTestPhone: () => false,
      phoneOwner: (endpoint) => {
        const match = /^(.+)-(\d+)$/.exec(endpoint);
        const [, customer = '', extension = ''] = match ?? [];
        return this.plans.get(customer)?.extensions.has(extension) === true ? { customer, extension } : null;
      },
      trunkRules: () => ({ ddiFrom: 'request-uri', isTest: false, brings: (ddi) => this.brings(ddi) }),
      isTestCall: () => false,
      ...this.#given,
    };
  }
}

/** A carrier as the operator's file describes it. */
export function carrier(id: string, more: Partial<OutboundTrunk> = {}): OutboundTrunk {
  return {
    id, name: `Carrier ${id}`, carrier: id, endpoint: `trunk-${id}`, domain: `${id}.invalid`, transport: 'udp', priority: 1, weight: 1, cost: { default: 1 }, maxChannels: null, maxCallsPerSecond: null,
    emergency: false, recipe: { format: '+E164', defaultNetworkNumber: null, sendsNetworkNumber: true, allowsThirdPartyNumbers: false }, ...more,
  };
}

/** As the dialplan passes it: what strangers wrote is encoded, address, transport and name are not. */
function asArgument(text: string, index: number): string {
  return index <= 7 ? encodeURIComponent(text) : text;
}

/** A plan with one entry step and the usual people; `steps` are added to the standard ones. */
export function planOf(entry: string, steps: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}): unknown {
  return {
    schema: 1,
    organisation: { name: 'Acme Ltd', contact: '01632 960018', timeZone: 'Europe/London', nation: 'england', emergencyNumber: '+441632960018' },
    numbers: { [DDI]: { label: 'Main line', entry } },
    prompts: { welcome: { file: 'welcome.wav', text: 'Welcome to Acme.' }, menu: { file: 'menu.wav', text: 'Press 1.' }, greeting: { file: 'greeting.wav', text: 'Acme, 01632 960018. Leave a message.' } },
    extensions: { '201': { name: 'Priya Shah', mailbox: 'office' }, '202': { name: 'Tom Evans' }, '203': { name: 'Aisha Khan' } },
    groups: { sales: { name: 'Sales', members: ['201', '202', '203'] } },
    mailboxes: { office: { name: 'Office', greeting: ['greeting'] } },
    steps: { ...steps, sorry: { kind: 'end', how: 'hang-up', say: [{ phrase: 'technical-fault' }] } },
    failsafe: 'sorry',
    ...more,
  };
}
