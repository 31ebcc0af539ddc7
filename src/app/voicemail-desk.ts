// Voicemail as the flows use it, with what else a message brings about: a notice, the light on the phones, copies for
// listening, and its end when it is old. Read `VoicemailDesk`.
import type { PlanSource } from '../ports/plan-source.ts';
import type { PinVerdict, VoicemailMessage, VoicemailPort } from '../ports/records.ts';
import type { Telephony } from '../ports/telephony.ts';
import { DEFAULT_RETENTION_DAYS, type RoutingPlan } from '../routing/plan.ts';
import type { VoicemailStore } from '../store/voicemail/voicemail-store.ts';
import type { MessageCopies } from './voicemail-media.ts';
import type { Notices } from './notices.ts';

export interface VoicemailDeskOptions {
  readonly store: Pick<VoicemailStore, keyof VoicemailPort | 'usage' | 'mailboxes'>;
  /** Days that a mailbox of an earlier version of a plan kept its messages; null = none ever had it. */
  readonly retentionDaysOf: (customer: string, mailbox: string) => Promise<number | null>;
  readonly copies: Pick<MessageCopies, 'drop'>;
  readonly notices: Pick<Notices, 'send'>;
  readonly plans: Pick<PlanSource, 'byCustomer' | 'customers'>;
  readonly telephony: Pick<Telephony, 'setMailbox'>;
  readonly note: (text: string, fields: Readonly<Record<string, string | number>>) => void;
  readonly onFault: (error: unknown, what: string) => void;
}

const DAY_MS = 86_400_000;

export class VoicemailDesk implements VoicemailPort {
  readonly #options: VoicemailDeskOptions;
  /** Lights that Asterisk was told to be on. */
  readonly #lit = new Set<string>();
  #queue: Promise<void> = Promise.resolve();

  constructor(options: VoicemailDeskOptions) {
    this.#options = options;
  }

  async addMessage(message: Omit<VoicemailMessage, 'file'>, audio: Uint8Array): Promise<VoicemailMessage> {
    const kept = await this.#options.store.addMessage(message, audio);
    const plan = this.#options.plans.byCustomer(kept.customer);
    if (plan !== null) this.#options.notices.send(plan, kept);
    return kept;
  }
  async deleteMessage(id: string): Promise<void> {
    await this.#options.store.deleteMessage(id);
    await this.#options.copies.drop(id);
  }
  listMessages(customer: string, mailbox: string): Promise<readonly VoicemailMessage[]> {
    return this.#options.store.listMessages(customer, mailbox);
  }
  markHeard(id: string): Promise<void> {
    return this.#options.store.markHeard(id);
  }
  mediaOf(message: VoicemailMessage): Promise<string> {
    return this.#options.store.mediaOf(message);
  }
  purge(customer: string, mailbox: string, olderThanMs: number): Promise<number> {
    return this.#options.store.purge(customer, mailbox, olderThanMs);
  }
  checkPin(customer: string, mailbox: string, pin: string): Promise<PinVerdict> {
    return this.#options.store.checkPin(customer, mailbox, pin);
  }
  setPin(customer: string, mailbox: string, pin: string): Promise<void> {
    return this.#options.store.setPin(customer, mailbox, pin);
  }

  /**
   * Removes what is past its mailbox's days, for every live plan and for mailboxes that were taken out of one; returns how
   * many messages. One fault stops nothing else.
   */
  async purgeOld(): Promise<number> {
    let removed = await this.#purgeForgotten();
    for (const plan of this.#livePlans()) {
      for (const box of plan.mailboxes.values()) {
        try {
          const gone = await this.#options.store.purge(plan.customer, box.id, box.retentionDays * DAY_MS);
          removed += gone;
          if (gone > 0) await this.#light(plan, box.id, true);
        } catch (error) {
          this.#options.onFault(error, `old messages of ${box.id} of ${plan.customer} could not be removed`);
        }
      }
    }
    return removed;
  }

  /** Nobody can hear these any more, but they are somebody's words: they go when they would have gone. */
  async #purgeForgotten(): Promise<number> {
    let removed = 0;
    const { store, plans, retentionDaysOf, note, onFault } = this.#options;
    const held = await store.mailboxes().catch((error: unknown) => {
      onFault(error, 'the mailboxes that hold messages could not be listed');
      return [];
    });
    for (const { customer, mailbox } of held) {
      if (plans.byCustomer(customer)?.mailboxes.has(mailbox) === true) continue;
      try {
        const days = (await retentionDaysOf(customer, mailbox)) ?? DEFAULT_RETENTION_DAYS;
        const gone = await store.purge(customer, mailbox, days * DAY_MS);
        removed += gone;
        if (gone > 0) note(`messages of a mailbox that the plan has no more were removed after their ${days} days`, { customer, mailbox, removed: gone });
      } catch (error) {
        onFault(error, `old messages of ${mailbox} of ${customer}, which no plan has, could not be removed`);
      }
    }
    return removed;
  }

  /** Asterisk may have forgotten every light: those of all mailboxes with messages are set again. One run at a time. */
  lightAll(): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      for (const plan of this.#livePlans()) await this.#lightPlan(plan);
    });
    return this.#queue;
  }

  /** After a plan changed. */
  lightCustomer(customer: string): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      const plan = this.#options.plans.byCustomer(customer);
      if (plan !== null) await this.#lightPlan(plan);
    });
    return this.#queue;
  }

  async #lightPlan(plan: RoutingPlan): Promise<void> {
    for (const box of plan.mailboxes.values()) {
      try {
        await this.#light(plan, box.id, this.#lit.has(`${plan.customer}-${box.id}`));
      } catch (error) {
        this.#options.onFault(error, `the message light of ${box.id} of ${plan.customer} could not be set`);
      }
    }
  }

  /** An empty mailbox is left alone unless `isLit`: dark is how Asterisk begins. */
  async #light(plan: RoutingPlan, box: string, isLit: boolean): Promise<void> {
    const name = `${plan.customer}-${box}`;
    const { messages, newMessages } = await this.#options.store.usage(plan.customer, box);
    if (messages === 0 && !isLit) return;
    await this.#options.telephony.setMailbox(name, newMessages, messages - newMessages);
    if (messages === 0) this.#lit.delete(name);
    else this.#lit.add(name);
  }

  #livePlans(): readonly RoutingPlan[] {
    return this.#options.plans.customers().flatMap((customer) => this.#options.plans.byCustomer(customer) ?? []);
  }
}
