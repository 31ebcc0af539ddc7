// Notices of new voicemail messages: by webhook and e-mail where a mailbox names them, outside the call path. Each is kept
// on disk until it is delivered or a day old, so that a restart loses none; one that was on its way when the process ended
// may come twice. Read `Notices.send`.
import type { HttpsLookup } from '../lookup/https-lookup.ts';
import { formatNumber } from '../numbering/e164.ts';
import type { Caller } from '../numbering/caller.ts';
import type { Clock } from '../ports/clock.ts';
import type { PlanSource } from '../ports/plan-source.ts';
import type { VoicemailMessage } from '../ports/records.ts';
import type { Mailbox, RoutingPlan } from '../routing/plan.ts';
import type { Outbox } from '../store/outbox.ts';
import type { Alarms } from '../telemetry/alarms.ts';
import type { SendMail } from './smtp.ts';

export interface NoticesOptions {
  readonly tell: HttpsLookup['tell'];
  /** null = GENVOICE_SMTP_URL is not set. */
  readonly mail: SendMail | null;
  /** Where to is read from the live plan at each try: a mended address counts at once. */
  readonly plans: Pick<PlanSource, 'byCustomer'>;
  readonly outbox: Pick<Outbox, 'put' | 'remove' | 'all'>;
  readonly clock: Clock;
  readonly alarms: Pick<Alarms, 'raise' | 'clear'>;
  readonly note: (text: string, fields: Readonly<Record<string, string>>) => void;
}
type Way = 'webhook' | 'email';
interface Notice {
  readonly way: Way;
  readonly message: VoicemailMessage;
}

/** Waits before the second and the third try; the alarm comes after that one. */
const SOON_MS = [10_000, 120_000] as const;
const LATER_MS = 15 * 60_000;
/** A message older than this was found in the mailbox or does not matter any more. */
const GIVE_UP_MS = 24 * 3_600_000;
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

  /** Takes up what an earlier process could not deliver. Never rejects: notices are no reason not to start. */
  async resume(): Promise<void> {
    try {
      for (const { id, value } of await this.#options.outbox.all(MAX_WAITING)) {
        if (isNotice(value) && idOf(value) === id) this.#start(value);
        else await this.#options.outbox.remove(id);
      }
    } catch (error) {
      this.#options.note(`notices of an earlier run could not be read: ${textOf(error)}`, {});
    }
  }

  /** Returns at once and never throws; nothing is sent for a mailbox that names neither way. */
  send(plan: RoutingPlan, message: VoicemailMessage): void {
    const notify = plan.mailboxes.get(message.mailbox)?.notify;
    if (notify === undefined || this.#isClosed) return;
    if (notify.webhook !== null) void this.#keep({ way: 'webhook', message });
    if (notify.email !== null) void this.#keep({ way: 'email', message });
  }

  /** What waits stays on disk for the next process. */
  close(): void {
    this.#isClosed = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  async #keep(notice: Notice): Promise<void> {
    if (this.#open >= MAX_WAITING) {
      this.#failed(notice, `${MAX_WAITING} notices are waiting already`);
      return;
    }
    this.#open += 1;
    // A disk that takes nothing is no reason to tell nobody.
    await this.#options.outbox.put(idOf(notice), notice).catch((error: unknown) => this.#options.note(`a notice is kept in memory alone: ${textOf(error)}`, fieldsOf(notice)));
    await this.#attempt(notice, 0);
  }

  #start(notice: Notice): void {
    this.#open += 1;
    void this.#attempt(notice, 0);
  }

  async #attempt(notice: Notice, tries: number): Promise<void> {
    if (this.#isClosed) return;
    const plan = this.#options.plans.byCustomer(notice.message.customer);
    const box = plan?.mailboxes.get(notice.message.mailbox);
    const to = box?.notify[notice.way] ?? null;
    if (plan === null || box === undefined || to === null) {
      this.#options.note('a notice is dropped: its mailbox names nobody any more', fieldsOf(notice));
      await this.#done(notice);
      return;
    }
    const reason = await this.#deliver(notice, plan, box, to).catch(textOf);
    if (reason === null) {
      this.#delivered(notice);
      await this.#done(notice);
      return;
    }
    if (this.#isClosed) return;
    const soonMs = SOON_MS[tries];
    if (soonMs === undefined) this.#failed(notice, reason);
    if (this.#options.clock.nowMs() - notice.message.receivedAtMs >= GIVE_UP_MS) {
      this.#options.note(`a notice is given up after a day: ${reason}`, fieldsOf(notice));
      await this.#done(notice);
      return;
    }
    const cancel = this.#options.clock.after(soonMs ?? LATER_MS, () => {
      this.#cancels.delete(cancel);
      void this.#attempt(notice, tries + 1);
    });
    this.#cancels.add(cancel);
  }

  async #deliver({ way, message }: Notice, plan: RoutingPlan, box: Mailbox, to: string): Promise<string | null> {
    const { mail, tell } = this.#options;
    if (way === 'webhook') return tell(to, webhookText(plan, box, message), WEBHOOK_LIMIT_MS);
    return mail === null ? 'GENVOICE_SMTP_URL is not set' : mail(to, subjectOf(box, message), mailText(plan, box, message));
  }

  /** A file that cannot be removed is sent once more by the next process. */
  async #done(notice: Notice): Promise<void> {
    this.#open -= 1;
    await this.#options.outbox.remove(idOf(notice)).catch((error: unknown) => this.#options.note(`a notice could not be removed: ${textOf(error)}`, fieldsOf(notice)));
  }

  #delivered(notice: Notice): void {
    const { way, message: { customer, mailbox } } = notice;
    this.#options.note('notice of a message delivered', fieldsOf(notice));
    if (this.#failing[way].delete(`${customer}/${mailbox}`) && this.#failing[way].size === 0) this.#options.alarms.clear(`notice-${way}`);
  }

  #failed(notice: Notice, reason: string): void {
    const { way, message: { customer, mailbox } } = notice;
    this.#options.note(`notice of a message not delivered: ${reason}`, fieldsOf(notice));
    this.#failing[way].add(`${customer}/${mailbox}`);
    const what = way === 'webhook' ? 'by webhook' : 'by e-mail';
    this.#options.alarms.raise(`notice-${way}`, `A new message in ${mailbox} of ${customer} could not be announced ${what}: ${reason}`, MENDS[way]);
  }
}

function idOf({ way, message }: Notice): string {
  return `${message.id}-${way}`;
}

function fieldsOf({ way, message: { customer, mailbox } }: Notice): Readonly<Record<string, string>> {
  return { way, customer, mailbox };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}

/** A file of the outbox may be of an older release, or damaged. */
function isNotice(value: unknown): value is Notice {
  if (!isObject(value) || (value['way'] !== 'webhook' && value['way'] !== 'email') || !isObject(value['message'])) return false;
  const { id, customer, mailbox, callId, receivedAtMs, durationMs, caller } = value['message'];
  return [id, customer, mailbox, callId].every((one) => typeof one === 'string') && typeof receivedAtMs === 'number' && typeof durationMs === 'number' && isObject(caller) && isObject(caller['number']);
}
function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
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
