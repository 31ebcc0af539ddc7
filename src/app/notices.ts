// Notices of new voicemail messages: by webhook and e-mail where a mailbox names them, outside the call path, three times
// before it is given up and said. They are kept in memory alone: a restart drops what has not been delivered.
import type { HttpsLookup } from '../lookup/https-lookup.ts';
import { formatNumber } from '../numbering/e164.ts';
import type { Caller } from '../numbering/caller.ts';
import type { Clock } from '../ports/clock.ts';
import type { VoicemailMessage } from '../ports/records.ts';
import type { Mailbox, RoutingPlan } from '../routing/plan.ts';
import type { Alarms } from '../telemetry/alarms.ts';
import type { SendMail } from './smtp.ts';

export interface NoticesOptions {
  readonly tell: HttpsLookup['tell'];
  /** null = GENVOICE_SMTP_URL is not set. */
  readonly mail: SendMail | null;
  readonly clock: Clock;
  readonly alarms: Pick<Alarms, 'raise' | 'clear'>;
  readonly note: (text: string, fields: Readonly<Record<string, string>>) => void;
}
type Way = 'webhook' | 'email';
interface Notice {
  readonly way: Way;
  readonly customer: string;
  readonly mailbox: string;
  readonly send: () => Promise<string | null>;
}

/** Wait before the second and the third try. */
const AGAIN_AFTER_MS = [10_000, 120_000] as const;
const WEBHOOK_LIMIT_MS = 10_000;
/** A mailbox takes one message at a time from each caller: more than this waiting is an outage of the other side. */
const MAX_WAITING = 500;
const MENDS: Readonly<Record<Way, string>> = {
  webhook: 'See "notify" of that mailbox in the plan, GENVOICE_LOOKUP_HOSTS and whether the other side works; the messages themselves are in their mailboxes.',
  email: 'See "notify" of that mailbox in the plan, GENVOICE_SMTP_URL and GENVOICE_MAIL_FROM; the messages themselves are in their mailboxes.',
};

export class Notices {
  readonly #options: NoticesOptions;
  /** Mailboxes whose newest notice could not be delivered, by way. */
  readonly #failing: Readonly<Record<Way, Set<string>>> = { webhook: new Set(), email: new Set() };
  readonly #cancels = new Set<() => void>();
  #open = 0;
  #isClosed = false;

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  /** Returns at once and never throws; nothing is sent for a mailbox that names neither way. */
  send(plan: RoutingPlan, message: VoicemailMessage): void {
    const box = plan.mailboxes.get(message.mailbox);
    if (box === undefined) return;
    const { webhook, email } = box.notify;
    const at = { customer: plan.customer, mailbox: box.id };
    if (webhook !== null) this.#start({ ...at, way: 'webhook', send: () => this.#options.tell(webhook, webhookText(plan, box, message), WEBHOOK_LIMIT_MS) });
    const { mail } = this.#options;
    if (email !== null) this.#start({ ...at, way: 'email', send: async () => (mail === null ? 'GENVOICE_SMTP_URL is not set' : mail(email, subjectOf(box, message), mailText(plan, box, message))) });
  }

  /** What waits for another try is dropped. */
  close(): void {
    this.#isClosed = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  #start(notice: Notice): void {
    if (this.#isClosed) return;
    if (this.#open >= MAX_WAITING) {
      this.#failed(notice, `${MAX_WAITING} notices are waiting already`);
      return;
    }
    this.#open += 1;
    void this.#attempt(notice, 0);
  }

  async #attempt(notice: Notice, tries: number): Promise<void> {
    const reason = await notice.send().catch((error: unknown) => (error instanceof Error ? error.message : 'unknown'));
    if (reason === null) {
      this.#open -= 1;
      this.#delivered(notice);
      return;
    }
    const waitMs = AGAIN_AFTER_MS[tries];
    if (waitMs === undefined || this.#isClosed) {
      this.#open -= 1;
      this.#failed(notice, reason);
      return;
    }
    const cancel = this.#options.clock.after(waitMs, () => {
      this.#cancels.delete(cancel);
      void this.#attempt(notice, tries + 1);
    });
    this.#cancels.add(cancel);
  }

  #delivered({ way, customer, mailbox }: Notice): void {
    this.#options.note('notice of a message delivered', { way, customer, mailbox });
    if (this.#failing[way].delete(`${customer}/${mailbox}`) && this.#failing[way].size === 0) this.#options.alarms.clear(`notice-${way}`);
  }

  #failed({ way, customer, mailbox }: Notice, reason: string): void {
    this.#options.note(`notice of a message given up: ${reason}`, { way, customer, mailbox });
    if (this.#isClosed) return;
    this.#failing[way].add(`${customer}/${mailbox}`);
    const what = way === 'webhook' ? 'by webhook' : 'by e-mail';
    this.#options.alarms.raise(`notice-${way}`, `A new message in ${mailbox} of ${customer} could not be announced ${what}: ${reason}`, MENDS[way]);
  }
}

/** Keys are only ever added. No network number is in it: the caller may have withheld it. */
function webhookText(plan: RoutingPlan, box: Mailbox, message: VoicemailMessage): string {
  const { number, displayName } = message.caller;
  return JSON.stringify({
    kind: 'voicemail-message', id: message.id, customer: plan.customer, mailbox: box.id, mailboxName: box.name, callId: message.callId,
    receivedAt: new Date(message.receivedAtMs).toISOString(), durationMs: message.durationMs,
    caller: { kind: number.kind, number: number.kind === 'e164' ? number.e164 : number.kind === 'extension' ? number.number : null, name: number.kind === 'withheld' ? null : displayName ?? null },
  });
}

function subjectOf(box: Mailbox, message: VoicemailMessage): string {
  return `New message for ${box.name} from ${callerText(message.caller)}, ${secondsText(message.durationMs)}`;
}

function mailText(plan: RoutingPlan, box: Mailbox, message: VoicemailMessage): string {
  const phone = [...plan.extensions.values()].find((extension) => extension.mailbox === box.id);
  return [
    `${callerText(message.caller)} left a message of ${secondsText(message.durationMs)} for ${box.name} (${plan.organisation.name}).`, '',
    `Received: ${timeText(message.receivedAtMs, plan.organisation.timeZone)}`, `Call: ${message.callId}`, '',
    phone === undefined ? 'To hear it, dial *98 from any phone.' : `To hear it, dial *97 from ${phone.name}'s phone, or *98 from any other.`, '',
  ].join('\n');
}

function callerText({ number }: Caller): string {
  switch (number.kind) {
    case 'e164': return formatNumber(number.e164);
    case 'extension': return `extension ${number.number}`;
    case 'withheld': return 'a withheld number';
    case 'none': return 'a caller who sent no number';
    case 'other': return number.text;
  }
}

/** Tue 24 Nov 2026, 10:00. */
function timeText(atMs: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone });
  // en-GB puts a comma behind the weekday and writes Sept.
  return format.format(atMs).replace(',', '').replace('Sept', 'Sep');
}

function secondsText(ms: number): string {
  const s = Math.round(ms / 1_000);
  return s < 60 ? `${s} s` : `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s`;
}
