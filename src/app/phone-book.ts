// The phones of all plans: their endpoints, who owns which, and keeping Asterisk's memory of them right. Each customer's
// endpoints begin with the customer's name, so that equal extensions of two customers never meet.
import type { PhoneOwner } from '../calls/arrival.ts';
import type { PlanSource } from '../ports/plan-source.ts';
import { endpointName } from '../plans/endpoint-name.ts';
import { TelephonyError, type PhoneProvisioning } from '../ports/telephony.ts';
import type { Extension, RoutingPlan } from '../routing/plan.ts';
import type { Phone, Secrets } from '../store/secrets.ts';

/** Requests to Asterisk at once while phones are pushed: calls go first. */
const AT_ONCE = 4;

export class PhoneBook {
  readonly #plans: PlanSource;
  readonly #secrets: Secrets;
  readonly #provisioning: PhoneProvisioning;
  readonly #onTrouble: (text: string | null) => void;
  /** Endpoints that Asterisk got from us -> what they were made of. */
  readonly #pushed = new Map<string, string>();
  readonly #testPhones = new Set<string>();
  readonly #isOurs: boolean;
  /** By customer: what is wrong with its phones. */
  readonly #lacks = new Map<string, readonly string[]>();
  /** Endpoints that an Asterisk of somebody else's has by itself -> whose they are here. */
  readonly #foreign = new Map<string, PhoneOwner>();
  #queue: Promise<void> = Promise.resolve();

  /** `isOurs` false: the Asterisk belongs to somebody else, and nothing is ever pushed there. */
  constructor(plans: PlanSource, secrets: Secrets, provisioning: PhoneProvisioning, isOurs: boolean, onTrouble: (text: string | null) => void) {
    this.#plans = plans;
    this.#secrets = secrets;
    this.#provisioning = provisioning;
    this.#isOurs = isOurs;
    this.#onTrouble = onTrouble;
  }

  /**
   * `acme-201`, or on somebody else's Asterisk the endpoint that the plan names. On ours a named endpoint counts for
   * nothing: it could be another customer's phone. The same on theirs when another extension has it already.
   */
  nameOf(plan: RoutingPlan, extension: Pick<Extension, 'number' | 'endpoint'>): string {
    const name = endpointName(plan.customer, extension, this.#isOurs);
    const owner = this.#foreign.get(name);
    return owner === undefined || (owner.customer === plan.customer && owner.extension === extension.number) ? name : endpointName(plan.customer, extension, true);
  }

  /** Whether the phones are those that we make; a phone of somebody else's Asterisk gets its password there. */
  get isOurs(): boolean {
    return this.#isOurs;
  }

  /** Dial string of an extension. */
  endpointOf(plan: RoutingPlan, number: string): string {
    const extension = plan.extensions.get(number);
    return `PJSIP/${extension === undefined ? `${plan.customer}-${number}` : this.nameOf(plan, extension)}`;
  }

  ownerOf(endpoint: string): PhoneOwner | null {
    const foreign = this.#foreign.get(endpoint);
    if (foreign !== undefined || !this.#isOurs) return foreign ?? null;
    const at = endpoint.lastIndexOf('-');
    const owner = { customer: endpoint.slice(0, at), extension: endpoint.slice(at + 1) };
    return this.#plans.byCustomer(owner.customer)?.extensions.has(owner.extension) === true ? owner : null;
  }

  isTestPhone(endpoint: string): boolean {
    return this.#testPhones.has(endpoint.replace(/^PJSIP\//, ''));
  }
  setTestPhone(endpoint: string, isTest: boolean): void {
    if (isTest) this.#testPhones.add(endpoint);
    else this.#testPhones.delete(endpoint);
  }

  online(): Promise<ReadonlySet<string>> {
    return this.#provisioning.onlinePhones();
  }

  /** Phones that do not work as the plans say, one sentence each, as of the last push. */
  lacks(): readonly string[] {
    return [...this.#lacks.values()].flat();
  }

  /** After a connect: Asterisk may have forgotten everything. */
  pushAll(): Promise<void> {
    this.#pushed.clear();
    return this.pushMissing();
  }

  /** What Asterisk has not got from us yet. */
  pushMissing(): Promise<void> {
    return this.#inTurn(async () => {
      for (const customer of this.#plans.customers()) await this.#pushCustomer(customer);
    });
  }

  /** After a plan changed. */
  push(customer: string): Promise<void> {
    return this.#inTurn(() => this.#pushCustomer(customer));
  }

  /** Extensions that somebody has the phone of: its password was handed out, or it is a phone of somebody else's Asterisk. */
  async assigned(plan: RoutingPlan): Promise<ReadonlySet<string>> {
    if (!this.#isOurs) return new Set([...plan.extensions.values()].flatMap(({ number, endpoint }) => (endpoint === null ? [] : [number])));
    return new Set((await this.#secrets.listPhones(plan.customer)).flatMap(({ extension, isHandedOut }) => (isHandedOut ? [extension] : [])));
  }

  /** A new password for a phone; shown once, pushed at once. */
  async renew(plan: RoutingPlan, number: string, isHandedOut = true): Promise<{ username: string; password: string } | null> {
    const extension = plan.extensions.get(number);
    if (extension === undefined || !this.#isOurs) return null;
    const secret = await this.#secrets.createPhoneSecret(plan.customer, number, isHandedOut);
    await this.push(plan.customer);
    return { username: secret.sipUser, password: secret.password };
  }

  async #pushCustomer(customer: string): Promise<void> {
    const plan = this.#plans.byCustomer(customer);
    if (!this.#isOurs) return this.#nameForeign(customer, plan);
    const named = [...(plan?.extensions.values() ?? [])].filter(({ endpoint }) => endpoint !== null);
    this.#lacks.set(customer, named.map(({ number, name, endpoint }) => `${customer}.json, extension ${number} (${name}) names ${endpoint}, which counts only with ARI_URL: here the phone is ${customer}-${number}. Remove "endpoint".`));
    const wanted = new Set<string>();
    const open = [...(plan?.extensions.values() ?? [])].values();
    const secrets = plan === null || plan.extensions.size === 0 ? new Map<string, Phone>() : await this.#secrets.phonesOf(customer, [...plan.extensions.keys()]);
    const work = async (): Promise<void> => {
      for (const extension of open) {
        if (plan === null) return;
        const endpoint = this.nameOf(plan, extension);
        wanted.add(endpoint);
        const secret = secrets.get(extension.number);
        if (secret !== undefined) await this.#pushOne(plan, extension, endpoint, secret);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    for (const endpoint of this.#pushed.keys()) {
      if (endpoint.slice(0, endpoint.lastIndexOf('-')) !== customer || wanted.has(endpoint)) continue;
      await this.#provisioning.removePhone(endpoint);
      this.#pushed.delete(endpoint);
    }
  }

  /** Somebody else's phones: only their names are kept, and what is wrong with them is said. */
  async #nameForeign(customer: string, plan: RoutingPlan | null): Promise<void> {
    for (const [endpoint, owner] of this.#foreign) if (owner.customer === customer) this.#foreign.delete(endpoint);
    const there: readonly string[] | null = await this.#provisioning.endpoints().catch((error: unknown) => (error instanceof TelephonyError && error.fault === 'gone' ? [] : null));
    const lacks: string[] = [];
    for (const { number, name, endpoint: named } of plan?.extensions.values() ?? []) {
      const where = `${customer}.json, extension ${number} (${name})`;
      if (named === null) {
        lacks.push(`${where} names no endpoint, and nothing is pushed to an Asterisk that was there before: nobody can ring it. Add "endpoint": "PJSIP/${number}", with the phone's name in that Asterisk's pjsip.conf.`);
        continue;
      }
      const endpoint = endpointName(customer, { number, endpoint: named }, false);
      const other = this.#foreign.get(endpoint);
      // The first one keeps it: a phone of two customers would carry calls across.
      if (other === undefined) this.#foreign.set(endpoint, { customer, extension: number });
      else lacks.push(`${where} names ${named}, which extension ${other.extension} of ${other.customer} has already. Name another endpoint.`);
      if (there?.includes(endpoint) === false) lacks.push(`${where} names ${named}, which that Asterisk does not have. Mend the name, or add the endpoint there.`);
    }
    this.#lacks.set(customer, lacks);
  }

  async #pushOne(plan: RoutingPlan, extension: Extension, endpoint: string, secret: Phone): Promise<void> {
    const mailbox = extension.mailbox === null ? null : `${plan.customer}-${extension.mailbox}`;
    const phone = {
      endpoint, realm: secret.realm, ha1Md5: secret.ha1Md5, displayName: extension.name, extension: extension.number, mailbox,
    };
    const made = JSON.stringify(phone);
    if (this.#pushed.get(endpoint) === made) return;
    await this.#provisioning.putPhone(phone);
    this.#pushed.set(endpoint, made);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(work).then(
      () => this.#onTrouble(this.lacks().length === 0 ? null : this.lacks().join(' ')),
      (error: unknown) => this.#onTrouble(`Phones could not be made known to Asterisk: ${error instanceof Error ? error.message : String(error)}`),
    );
    return this.#queue;
  }
}
