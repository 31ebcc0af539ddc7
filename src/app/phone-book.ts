// The phones of all plans: their endpoints, who owns which, and keeping Asterisk's memory of them right. Each customer's
// endpoints begin with the customer's name, so that equal extensions of two customers never meet.
import type { PhoneOwner } from '../calls/arrival.ts';
import type { PlanSource } from '../ports/plan-source.ts';
import type { PhoneProvisioning } from '../ports/telephony.ts';
import type { Extension, RoutingPlan } from '../routing/plan.ts';
import type { Secrets } from '../store/secrets.ts';

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
  /** Endpoints that an Asterisk of somebody else's has by itself -> whose they are here. */
  readonly #foreign = new Map<string, PhoneOwner>();
  #queue: Promise<void> = Promise.resolve();

  constructor(plans: PlanSource, secrets: Secrets, provisioning: PhoneProvisioning, onTrouble: (text: string | null) => void) {
    this.#plans = plans;
    this.#secrets = secrets;
    this.#provisioning = provisioning;
    this.#onTrouble = onTrouble;
  }

  /** `acme-201`, or the endpoint that the plan names. */
  nameOf(plan: RoutingPlan, extension: Extension): string {
    return extension.endpoint === null ? `${plan.customer}-${extension.number}` : extension.endpoint.replace(/^PJSIP\//, '');
  }

  /** Dial string of an extension. */
  endpointOf(plan: RoutingPlan, number: string): string {
    const extension = plan.extensions.get(number);
    return `PJSIP/${extension === undefined ? `${plan.customer}-${number}` : this.nameOf(plan, extension)}`;
  }

  ownerOf(endpoint: string): PhoneOwner | null {
    const foreign = this.#foreign.get(endpoint);
    if (foreign !== undefined) return foreign;
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

  /** After a connect: Asterisk may have forgotten everything. */
  pushAll(): Promise<void> {
    this.#pushed.clear();
    return this.#inTurn(async () => {
      for (const customer of this.#plans.customers()) await this.#pushCustomer(customer);
    });
  }

  /** After a plan changed. */
  push(customer: string): Promise<void> {
    return this.#inTurn(() => this.#pushCustomer(customer));
  }

  /** A new password for a phone; shown once, pushed at once. */
  async renew(plan: RoutingPlan, number: string): Promise<{ username: string; password: string } | null> {
    const extension = plan.extensions.get(number);
    if (extension === undefined || extension.endpoint !== null) return null;
    const secret = await this.#secrets.createPhoneSecret(plan.customer, number);
    await this.push(plan.customer);
    return { username: secret.sipUser, password: secret.password };
  }

  async #pushCustomer(customer: string): Promise<void> {
    const plan = this.#plans.byCustomer(customer);
    const wanted = new Set<string>();
    const open = [...(plan?.extensions.values() ?? [])].values();
    const work = async (): Promise<void> => {
      for (const extension of open) {
        if (plan === null) return;
        const endpoint = this.nameOf(plan, extension);
        if (extension.endpoint !== null) {
          this.#foreign.set(endpoint, { customer, extension: extension.number });
          continue;
        }
        wanted.add(endpoint);
        await this.#pushOne(plan, extension, endpoint);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    for (const endpoint of [...this.#pushed.keys()]) {
      if (endpoint.slice(0, endpoint.lastIndexOf('-')) !== customer || wanted.has(endpoint)) continue;
      await this.#provisioning.removePhone(endpoint);
      this.#pushed.delete(endpoint);
    }
  }

  async #pushOne(plan: RoutingPlan, extension: Extension, endpoint: string): Promise<void> {
    // A phone without a password yet gets one that nobody knows: it exists, and nobody can register as it.
    const secret = (await this.#secrets.getPhone(plan.customer, extension.number)) ?? (await this.#secrets.createPhoneSecret(plan.customer, extension.number));
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
      () => this.#onTrouble(null),
      (error: unknown) => this.#onTrouble(`Phones could not be made known to Asterisk: ${error instanceof Error ? error.message : String(error)}`),
    );
    return this.#queue;
  }
}
