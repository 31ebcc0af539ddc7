// The last way of a plan before it serves calls: recordings, numbers, history, file, swap, in an order that loses
// nothing wherever it breaks off; and the way back, withdrawing. Read `accept` first.
import type { RoutingPlan } from '../routing/plan.ts';
import { DdiIndex } from './ddi-index.ts';
import { Locks } from './locks.ts';
import { isReady, joinProblems, messageOf } from './plan-entry.ts';
import { unknownTrunks } from './outbound-trunks.ts';
import type { Accepted, CompilePast, Entry, PlanStoreOptions, Publisher, Ready } from './plan-entry.ts';
import { WITHDRAWN_HASH } from './plan-history.ts';
import type { PublishResult } from './plan-history.ts';
import { writePending } from './write-back.ts';
import type { Pending } from './write-back.ts';

/** Plans of the past kept compiled, for calls that another process began. */
const KEPT_PAST_PLANS = 64;
const NUMBERS = 'numbers';

export class Acceptance {
  readonly index = new DdiIndex();
  readonly #options: PlanStoreOptions;
  /** Numbers are given out to one customer at a time. */
  readonly #locks = new Locks();
  /** Refused for numbers of others only; tried again when numbers become free. */
  readonly #blocked = new Set<string>();
  readonly #past = new Map<string, Promise<RoutingPlan | null>>();
  readonly #retry: (customers: readonly string[]) => void;

  /** `retry` is told of customers that were refused for numbers which may be free now. */
  constructor(options: PlanStoreOptions, retry: (customers: readonly string[]) => void) {
    this.#options = options;
    this.#retry = retry;
  }

  /**
   * Makes a compiled plan the one that serves, publishing it first when it is new. `pendingText` is written to the
   * customer's file; null = it comes from there. Rejects when the history, or the folder for the file, fails: nothing is
   * changed then.
   */
  async accept(entry: Entry, answer: Ready, meta: Publisher & { readonly text: string; readonly writesFile: boolean }): Promise<Accepted> {
    const isNew = answer.hash !== entry.current?.hash;
    const { media, trunks, review } = this.#options;
    const found = [...(await media.prepare(answer.plan)), ...(trunks === undefined ? [] : unknownTrunks(answer.plan, trunks()))];
    const problems = [...joinProblems(answer.problems, found), ...(isNew ? ((await review?.(answer.plan)) ?? []) : [])];
    if (isNew && problems.some(({ severity }) => severity === 'problem')) return { kind: 'refused', problems };
    return this.#locks.run(NUMBERS, async (): Promise<Accepted> => {
      const conflicts = await this.index.conflicts(answer.plan);
      if (conflicts.length > 0) {
        this.#blocked.add(entry.customer);
        return { kind: 'refused', problems: [...conflicts, ...problems] };
      }
      let { plan } = answer;
      if (isNew) {
        const result = await this.#publish(entry, answer, meta);
        if (result.kind === 'conflict' && result.current?.hash !== answer.hash) {
          entry.current = result.current;
          return { kind: 'conflict', with: 'version', current: result.current };
        }
        // A process beside us that shares folder and history may have published the same file a moment ago.
        const version = result.kind === 'conflict' ? (result.current?.version ?? plan.version) : result.version;
        entry.current = { hash: answer.hash, version };
        if (version !== plan.version) {
          plan = Object.freeze({ ...plan, version });
          await this.#options.media.prepare(plan);
        }
      }
      if (!meta.writesFile) entry.fileHash = answer.hash;
      await this.#swap(plan);
      return { kind: 'published', version: plan.version, hash: answer.hash, problems };
    });
  }

  /** Leaves the customer without a plan, durably. Rejects when the history fails; `conflict` when somebody published. */
  async withdraw(entry: Entry, by: string, reason: string): Promise<'withdrawn' | 'conflict'> {
    return this.#locks.run(NUMBERS, async () => {
      if (entry.current !== null && entry.current.hash !== WITHDRAWN_HASH) {
        const result = await this.#options.history.publish(entry.customer, { text: '', hash: WITHDRAWN_HASH, by, reason, basedOn: entry.current.hash });
        if (result.kind === 'conflict') {
          entry.current = result.current;
          return 'conflict';
        }
        entry.current = { hash: WITHDRAWN_HASH, version: result.version };
      }
      this.#keep(this.index.byCustomer(entry.customer));
      entry.fileHash = null;
      entry.stamp = '';
      this.#blocked.delete(entry.customer);
      if (await this.index.remove(entry.customer)) this.#retryBlocked();
      return 'withdrawn';
    });
  }

  /** The file is as the live plan again: nothing of it waits for numbers. */
  unblock(customer: string): void {
    this.#blocked.delete(customer);
  }

  /** A version that is or was live; compiled again from the history where it is not kept. */
  async past(customer: string, hash: string, compile: CompilePast): Promise<RoutingPlan | null> {
    const key = `${customer} ${hash}`;
    const plan = this.#past.get(key) ?? this.#compilePast(customer, hash, compile);
    this.#remember(key, plan);
    // A fault of the store must not stay for ever, nor a version that is not there yet.
    plan.then((found) => found ?? this.#past.delete(key)).catch(() => this.#past.delete(key));
    return plan;
  }

  async #publish(entry: Entry, answer: Ready, meta: Publisher & { readonly text: string; readonly writesFile: boolean }): Promise<PublishResult> {
    const { history, folder } = this.#options;
    const pending = meta.writesFile ? await writePending(folder, entry.customer, answer.hash, meta.text) : null;
    const draft = { text: meta.text, hash: answer.hash, by: meta.by, reason: meta.reason, basedOn: entry.current?.hash ?? null };
    const result = await history.publish(entry.customer, draft).catch(async (error: unknown) => {
      await pending?.drop();
      throw error;
    });
    if (result.kind === 'conflict') await pending?.drop();
    else await this.#finish(entry, answer.hash, pending);
    return result;
  }

  /** The version is in the history: a file that cannot be renamed now is an alarm, and no reason to keep callers from it. */
  async #finish(entry: Entry, hash: string, pending: Pending | null): Promise<void> {
    if (pending === null) return;
    try {
      await pending.finish();
      entry.fileHash = hash;
      this.#options.onFault?.({ code: 'plan-file-not-written', text: null, mend: '' });
    } catch (error) {
      reportWrite(this.#options, entry.customer, error);
    }
  }

  async #swap(plan: RoutingPlan): Promise<void> {
    const old = this.index.byCustomer(plan.customer);
    if (old?.hash !== plan.hash) this.#keep(old);
    this.#blocked.delete(plan.customer);
    if (await this.index.swap(plan)) this.#retryBlocked();
  }

  #keep(old: RoutingPlan | null): void {
    if (old !== null) this.#remember(`${old.customer} ${old.hash}`, Promise.resolve(old));
  }

  #retryBlocked(): void {
    if (this.#blocked.size > 0) this.#retry([...this.#blocked]);
  }

  async #compilePast(customer: string, hash: string, compile: CompilePast): Promise<RoutingPlan | null> {
    const kept = hash === WITHDRAWN_HASH ? null : await this.#options.history.get(customer, hash);
    if (kept === null) return null;
    const answer = await compile(kept);
    if (!isReady(answer)) return null;
    await this.#options.media.prepare(answer.plan);
    return answer.plan;
  }

  #remember(key: string, plan: Promise<RoutingPlan | null>): void {
    this.#past.delete(key);
    this.#past.set(key, plan);
    for (const oldest of this.#past.keys()) {
      if (this.#past.size <= KEPT_PAST_PLANS) return;
      this.#past.delete(oldest);
    }
  }
}

/** Tells that a plan is live while its file is not what it should be. */
export function reportWrite(options: PlanStoreOptions, customer: string, error: unknown): void {
  options.onFault?.({ code: 'plan-file-not-written', text: `The plan of ${customer} is live, but its file could not be written: ${messageOf(error)}`, mend: 'Make the plan folder writable, and publish again.' });
}
