// The plans that calls are routed by: loaded from the folder and the version history, checked, swapped whole, kept when
// a new one is no good. Saving a file is publishing; publishing otherwise writes the file. Read `PlanStore` first.
import { rm } from 'node:fs/promises';
import type { E164 } from '../numbering/e164.ts';
import type { PlanSource } from '../ports/plan-source.ts';
import { isCustomerId } from '../routing/compile.ts';
import type { RoutingPlan } from '../routing/plan.ts';
import type { Problem } from '../routing/problem.ts';
import { Acceptance, reportWrite } from './acceptance.ts';
import { Compiler } from './compiler.ts';
import type { CompileAnswer, PlanInput, ScanAnswer } from './compile-protocol.ts';
import { Locks } from './locks.ts';
import { fault, isReady, messageOf, newEntry } from './plan-entry.ts';
import { unknownTrunks } from './outbound-trunks.ts';
import type { Entry, PlanStoreOptions, PlanTiming, Published, Publisher, Ready, ReloadResult } from './plan-entry.ts';
import { PlanFolder } from './plan-folder.ts';
import { WITHDRAWN_HASH } from './plan-history.ts';
import type { PlanHead } from './plan-history.ts';
import { finishPending, planFile, writePending } from './write-back.ts';

const NO_CUSTOMER_ID = fault('wrong-customer-id', 'is for no customer id', 'Use small letters, digits and hyphens, a letter first, at most 40 characters.');
/** Questions to the history at once. */
const HEADS_AT_ONCE = 50;
const TIMING: PlanTiming = { debounceMs: 50, rescanMs: 3_000, settleMs: 1_000, withdrawAfterMs: 5_000 };

/**
 * Deleting a customer's file while this runs withdraws the plan after `withdrawAfterMs` (its numbers are nobody's then);
 * the history keeps it. A file that is missing at start is written back from the history instead, and so is nothing
 * withdrawn when the folder or most of its files vanish at once: that is a disk, not a decision.
 */
export class PlanStore implements PlanSource {
  readonly #options: PlanStoreOptions;
  readonly #timing: PlanTiming;
  readonly #compiler: Compiler;
  readonly #folder: PlanFolder;
  readonly #acceptance: Acceptance;
  /** By customer. */
  readonly #locks = new Locks();
  readonly #entries = new Map<string, Entry>();
  readonly #listeners: ((customer: string) => void)[] = [];
  #isClosed = false;

  private constructor(options: PlanStoreOptions) {
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
    this.#compiler = options.compiler ?? new Compiler({ threads: options.threads ?? 2 });
    this.#compiler.usePhrases(options.phrases);
    this.#folder = new PlanFolder(options.folder, options.clock, this.#timing, () => this.#look());
    this.#acceptance = new Acceptance(options, (customers) => {
      for (const customer of customers) this.#entryOf(customer).stamp = '';
      this.#folder.lookIn(0);
    });
  }

  /** Loads everything and begins to watch. Rejects when the history cannot be read; a bad plan never makes it reject. */
  static async open(options: PlanStoreOptions): Promise<PlanStore> {
    const store = new PlanStore(options);
    try {
      await store.#load();
    } catch (error) {
      await store.close();
      throw error;
    }
    store.#compiler.stepBack();
    store.#folder.start();
    return store;
  }

  byDdi(ddi: E164): RoutingPlan | null {
    return this.#acceptance.index.byDdi(ddi);
  }

  byCustomer(customer: string): RoutingPlan | null {
    return this.#acceptance.index.byCustomer(customer);
  }

  customers(): readonly string[] {
    return this.#acceptance.index.customers();
  }

  onChange(listener: (customer: string) => void): void {
    this.#listeners.push(listener);
  }

  async byHash(customer: string, hash: string): Promise<RoutingPlan | null> {
    const live = this.#acceptance.index.byCustomer(customer);
    if (live?.hash === hash) return live;
    return this.#acceptance.past(customer, hash, (kept) => this.#compile({ ...newEntry(customer), current: kept }, { kind: 'text', text: kept.text }, kept.version));
  }

  /** What is wrong with the customer's file or publishing now, warnings included; empty = nothing. */
  problems(customer: string): readonly Problem[] {
    return this.#entries.get(customer)?.problems ?? [];
  }

  /** How many customers are in which state; a `refused` one may still have its older plan live. */
  states(): { readonly live: number; readonly refused: number; readonly withdrawn: number } {
    const count = { live: 0, refused: 0, withdrawn: 0 };
    for (const { customer, isRefused } of this.#entries.values()) {
      count[isRefused ? 'refused' : this.#acceptance.index.byCustomer(customer) === null ? 'withdrawn' : 'live'] += 1;
    }
    return count;
  }

  /** What publishing `text` would say, and what it would bring; nothing is changed. `customer` null = for nobody yet. */
  async check(text: string, customer: string | null): Promise<{ readonly ok: boolean; readonly problems: readonly Problem[]; readonly steps: number; readonly numbers: number }> {
    const entry = customer !== null && isCustomerId(customer) ? this.#entryOf(customer) : newEntry('checked-only');
    const answer = await this.#compile(entry, { kind: 'text', text }, null);
    const { review, trunks } = this.#options;
    const warnings = answer.plan === null ? [] : [...(trunks === undefined ? [] : unknownTrunks(answer.plan, trunks())), ...((await review?.(answer.plan)) ?? [])];
    return { ok: isReady(answer), problems: [...answer.problems, ...warnings], steps: answer.plan?.steps.size ?? 0, numbers: answer.plan?.numbers.size ?? 0 };
  }

  /** Makes `text` the customer's next version, after the same checks as saving the file. Rejects when history or disk fail. */
  async publish(customer: string, text: string, publisher: Publisher): Promise<Published> {
    if (!isCustomerId(customer)) return { kind: 'refused', problems: [NO_CUSTOMER_ID] };
    return this.#locks.run(customer, async () => {
      const startedMs = this.#options.clock.monotonicMs();
      const entry = this.#entryOf(customer);
      const head = this.#headHash(entry);
      const answer = await this.#compile(entry, { kind: 'text', text }, null);
      if (publisher.basedOn !== head) return { kind: 'conflict', with: 'version', current: await this.#head(customer) };
      if (!isReady(answer)) return { kind: 'refused', problems: answer.problems };
      const file = await this.#compiler.run({ kind: 'hash', path: this.#file(customer) });
      // A file that is gone holds no edit; one that is as published before, or as this text, neither.
      if (file.hash !== null && file.hash !== entry.fileHash && file.hash !== answer.hash) return { kind: 'conflict', with: 'file' };
      if (answer.hash === entry.current?.hash) return { kind: 'unchanged', version: entry.current.version };
      const accepted = await this.#acceptance.accept(entry, answer, { ...publisher, text, writesFile: true });
      if (accepted.kind === 'published') this.#settle(entry, 'live', accepted.problems, startedMs);
      return accepted;
    });
  }

  /** Takes the customer's plan out of service and its file away; the history keeps it. Same conflicts as `publish`. */
  async withdraw(customer: string, publisher: Publisher): Promise<Published | { readonly kind: 'withdrawn' }> {
    if (!isCustomerId(customer)) return { kind: 'refused', problems: [NO_CUSTOMER_ID] };
    return this.#locks.run(customer, async () => {
      const entry = this.#entryOf(customer);
      if (publisher.basedOn !== this.#headHash(entry)) return { kind: 'conflict', with: 'version', current: await this.#head(customer) };
      const file = await this.#compiler.run({ kind: 'hash', path: this.#file(customer) });
      if (file.hash !== null && file.hash !== entry.fileHash) return { kind: 'conflict', with: 'file' };
      const startedMs = this.#options.clock.monotonicMs();
      // The file first: one that could not be taken away would be published again by the next look.
      await rm(this.#file(customer), { force: true });
      const result = await this.#acceptance.withdraw(entry, publisher.by, publisher.reason);
      if (result === 'conflict') return { kind: 'conflict', with: 'version', current: await this.#head(customer) };
      this.#settle(entry, 'withdrawn', [], startedMs);
      return { kind: 'withdrawn' };
    });
  }

  /** Looks through the folder now; resolves when everything found was dealt with. */
  async rescan(): Promise<void> {
    await this.#look();
    await this.#locks.idle();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#folder.stop();
    await this.#compiler.close();
    await this.#locks.idle();
  }

  async #load(): Promise<void> {
    const { folder, history, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const heads = new Map<string, PlanHead>();
    const scanning = this.#compiler.run({ kind: 'scan', folder });
    scanning.catch(() => undefined);
    const known = await history.customers();
    // Some at once: one after another would wait for a thousand answers, and all answers together hold the main thread.
    for (let at = 0; at < known.length; at += HEADS_AT_ONCE) {
      for (const [head] of await Promise.all(known.slice(at, at + HEADS_AT_ONCE).map((customer) => history.list(customer, 1)))) {
        if (head === undefined) continue;
        heads.set(head.customer, head);
        this.#entryOf(head.customer).current = head;
      }
    }
    let scan = await scanning;
    const unfinished = new Set<string>();
    if (scan.pending.length > 0) {
      for (const customer of await finishPending(folder, scan.pending, (owner) => heads.get(owner)?.hash)) unfinished.add(customer);
      scan = await this.#compiler.run({ kind: 'scan', folder });
    }
    this.#reportFolder(scan);
    const answers = await this.#compileFiles(scan);
    await this.#loadServing(heads, answers, scan.files !== null, startedMs);
    for (const [customer, answer] of [...answers].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const entry = this.#entryOf(customer);
      const isLive = answer.hash !== null && this.#acceptance.index.byCustomer(customer)?.hash === answer.hash;
      // A file that could not be written back yet is older than the live version, and no edit.
      if (isLive || unfinished.has(customer)) entry.fileHash = answer.hash;
      else await this.#takeFile(entry, answer, startedMs);
    }
  }

  async #compileFiles(scan: ScanAnswer): Promise<Map<string, CompileAnswer>> {
    const answers = new Map<string, CompileAnswer>();
    await Promise.all(
      (scan.files ?? []).map(async ({ customer, stamp }) => {
        const entry = this.#entryOf(customer);
        entry.stamp = stamp;
        entry.mediaStamp = scan.media.get(customer) ?? '';
        answers.set(customer, await this.#compile(entry, { kind: 'file', path: this.#file(customer) }, null));
      }),
    );
    return answers;
  }

  /** First the versions that served calls before, oldest first: a newcomer does not take their numbers. */
  async #loadServing(heads: ReadonlyMap<string, PlanHead>, answers: ReadonlyMap<string, CompileAnswer>, isFolderThere: boolean, startedMs: number): Promise<void> {
    const serving = [...heads.values()].filter(({ hash }) => hash !== WITHDRAWN_HASH).sort((a, b) => a.publishedAtMs - b.publishedAtMs || (a.customer < b.customer ? -1 : 1));
    for (const { customer, hash, version } of serving) {
      const entry = this.#entryOf(customer);
      const ofFile = answers.get(customer);
      if (ofFile?.hash === hash && isReady(ofFile)) {
        await this.#serveAgain(entry, ofFile, startedMs);
        continue;
      }
      const kept = await this.#options.history.get(customer, version);
      if (kept === null) continue;
      const answer = await this.#compile(entry, { kind: 'text', text: kept.text }, version);
      if (isReady(answer)) await this.#serveAgain(entry, answer, startedMs);
      else this.#settle(entry, 'refused', answer.problems, startedMs);
      if (ofFile === undefined && isFolderThere) await this.#restoreFile(entry, hash, kept.text);
    }
  }

  async #serveAgain(entry: Entry, answer: Ready, startedMs: number): Promise<void> {
    const accepted = await this.#acceptance.accept(entry, answer, { by: '', reason: '', basedOn: null, text: '', writesFile: true });
    if (accepted.kind === 'conflict') return;
    this.#settle(entry, accepted.kind === 'published' ? 'live' : 'refused', accepted.problems, startedMs);
  }

  async #restoreFile(entry: Entry, hash: string, text: string): Promise<void> {
    try {
      await (await writePending(this.#options.folder, entry.customer, hash, text)).finish();
      entry.fileHash = hash;
    } catch (error) {
      reportWrite(this.#options, entry.customer, error);
    }
  }

  async #look(): Promise<void> {
    if (this.#isClosed) return;
    const scan = await this.#compiler.run({ kind: 'scan', folder: this.#options.folder }).catch(() => null);
    if (scan === null || this.#isClosed) return;
    this.#reportFolder(scan);
    if (scan.files === null) return this.#folder.folderLost();
    const found = new Set<string>();
    const startedMs = this.#options.clock.monotonicMs();
    for (const { customer, stamp } of scan.files) {
      found.add(customer);
      const entry = this.#entryOf(customer);
      entry.missingSinceMs = null;
      const mediaStamp = scan.media.get(customer) ?? '';
      const isMediaNew = entry.mediaStamp !== mediaStamp;
      if (entry.stamp === stamp && !isMediaNew) continue;
      entry.stamp = stamp;
      entry.mediaStamp = mediaStamp;
      void this.#locks.run(customer, () => this.#reload(entry, isMediaNew, startedMs));
    }
    this.#noticeMissing(found, startedMs);
  }

  /** Never rejects. */
  async #reload(entry: Entry, isMediaNew: boolean, startedMs: number): Promise<void> {
    if (this.#isClosed) return;
    const live = this.#acceptance.index.byCustomer(entry.customer);
    const answer = await this.#compile(entry, { kind: 'file', path: this.#file(entry.customer) }, null, isMediaNew ? null : (live?.hash ?? null));
    if (!this.#isClosed) await this.#takeFile(entry, answer, startedMs);
  }

  async #takeFile(entry: Entry, answer: CompileAnswer, startedMs: number): Promise<void> {
    if (answer.outcome === 'missing') return;
    if (answer.outcome === 'unreadable-json' && this.#mayStillBeWritten(entry)) return;
    entry.unreadable = null;
    if (answer.outcome === 'same' && answer.hash !== null) {
      entry.fileHash = answer.hash;
      this.#acceptance.unblock(entry.customer);
      // An edit that was refused has been taken back: its problems go with it.
      return this.#settle(entry, 'unchanged', entry.isRefused ? [] : entry.problems, startedMs);
    }
    if (!isReady(answer)) return this.#settle(entry, 'refused', answer.problems, startedMs);
    // Not edited since a version was published whose file could not be written.
    if (answer.hash === entry.fileHash && answer.hash !== entry.current?.hash) return;
    try {
      const text = answer.text === null ? '' : new TextDecoder().decode(answer.text);
      const accepted = await this.#acceptance.accept(entry, answer, { by: 'file', reason: 'saved', basedOn: null, text, writesFile: false });
      if (accepted.kind === 'published') this.#settle(entry, 'live', accepted.problems, startedMs);
      else if (accepted.kind === 'refused') this.#settle(entry, 'refused', accepted.problems, startedMs);
      else this.#afterForeignVersion(entry, startedMs);
    } catch (error) {
      entry.stamp = '';
      this.#settle(entry, 'refused', [fault('history-failed', `could not be published: ${messageOf(error)}`, 'It is tried again every few seconds; look at the disk of the data folder.')], startedMs);
    }
  }

  /** Another process that shares the history published: its version is the base now, and the file is looked at again. */
  #afterForeignVersion(entry: Entry, startedMs: number): void {
    entry.stamp = '';
    this.#settle(entry, 'refused', [fault('published-meanwhile', 'was changed while another version was published', 'It is tried again at once.')], startedMs);
    this.#folder.lookIn(0);
  }

  #noticeMissing(found: ReadonlySet<string>, nowMs: number): void {
    const known = [...this.#entries.values()].filter(({ customer, isRefused }) => this.#acceptance.index.byCustomer(customer) !== null || isRefused);
    const missing = known.filter(({ customer }) => !found.has(customer));
    const vanished = missing.length > 1 && missing.length > known.length / 2;
    this.#options.onFault?.({
      code: 'plan-files-vanished',
      text: vanished ? `${missing.length} of ${known.length} plan files vanished at once; their plans stay live` : null,
      mend: 'Put the files back, or withdraw the customers one by one.',
    });
    if (vanished) return;
    for (const entry of missing) {
      entry.missingSinceMs ??= nowMs;
      const leftMs = this.#timing.withdrawAfterMs - (nowMs - entry.missingSinceMs);
      if (leftMs > 0) this.#folder.lookIn(leftMs);
      else void this.#locks.run(entry.customer, () => this.#withdrawMissing(entry));
    }
  }

  /** Never rejects. */
  async #withdrawMissing(entry: Entry): Promise<void> {
    if (this.#isClosed || entry.missingSinceMs === null) return;
    entry.missingSinceMs = null;
    const file = await this.#compiler.run({ kind: 'hash', path: this.#file(entry.customer) }).catch(() => null);
    if (file === null || file.hash !== null) return;
    const startedMs = this.#options.clock.monotonicMs();
    try {
      if ((await this.#acceptance.withdraw(entry, 'file', 'file deleted')) === 'withdrawn') this.#settle(entry, 'withdrawn', [], startedMs);
      if (entry.current === null) this.#entries.delete(entry.customer);
    } catch (error) {
      this.#settle(entry, 'refused', [fault('history-failed', `could not be withdrawn: ${messageOf(error)}`, 'It is tried again; look at the disk of the data folder.')], startedMs);
    }
  }

  #mayStillBeWritten(entry: Entry): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    if (entry.unreadable?.stamp !== entry.stamp) entry.unreadable = { stamp: entry.stamp, sinceMs: nowMs };
    const leftMs = this.#timing.settleMs - (nowMs - entry.unreadable.sinceMs);
    if (leftMs <= 0) return false;
    // The stamp stays in `unreadable`; an empty one makes the next look read the file again.
    entry.stamp = '';
    this.#folder.lookIn(leftMs);
    return true;
  }

  /** Never rejects: a compile thread that dies on a plan is a problem of that plan. */
  async #compile(entry: Entry, input: PlanInput, version: number | null, skipHash: string | null = null): Promise<CompileAnswer> {
    const { allowLoopbackLookups, media } = this.#options;
    const { customer, current } = entry;
    // The look that found the file looked for recordings as well; a thousand folders that are not there need no second look.
    const mediaFolder = input.kind === 'file' && entry.mediaStamp === '' ? null : media.folderOf(customer);
    try {
      return await this.#compiler.run({ kind: 'compile', customer, input, mediaFolder, current: current && { hash: current.hash, version: current.version }, skipHash, version, allowLoopbackLookups });
    } catch (error) {
      const problems = [fault('compile-failed', `could not be compiled: ${messageOf(error)}`, 'Make the plan smaller, or divide it between customers.')];
      return { kind: 'compiled', outcome: 'refused', hash: null, text: null, plan: null, problems };
    }
  }

  #settle(entry: Entry, kind: ReloadResult['kind'], problems: readonly Problem[], startedMs: number): void {
    entry.problems = problems;
    entry.isRefused = kind === 'refused';
    const { clock, onReload } = this.#options;
    const version = this.#acceptance.index.byCustomer(entry.customer)?.version ?? null;
    if (kind === 'live' || kind === 'withdrawn') for (const listener of this.#listeners) listener(entry.customer);
    onReload?.({ customer: entry.customer, kind, version, problems, tookMs: clock.monotonicMs() - startedMs });
  }

  #reportFolder(scan: ScanAnswer): void {
    const { folder, onFault } = this.#options;
    onFault?.({ code: 'plan-folder-unreadable', text: scan.files === null ? `The plan folder ${folder} cannot be read; plans stay as they are` : null, mend: 'Make it readable, or mend GENVOICE_PLANS.' });
    const names = scan.strange.slice(0, 5).map((name) => JSON.stringify(name)).join(', ');
    onFault?.({ code: 'plan-file-names', text: names === '' ? null : `Not read, because the name is no customer id: ${names}`, mend: 'Name plan files in small letters, digits and hyphens, a letter first, like acme.json.' });
  }

  #entryOf(customer: string): Entry {
    const entry = this.#entries.get(customer) ?? newEntry(customer);
    this.#entries.set(customer, entry);
    return entry;
  }

  #file(customer: string): string {
    return planFile(this.#options.folder, customer);
  }

  /** What a publisher has in front of them: a withdrawn plan is no plan. */
  #headHash(entry: Entry): string | null {
    return entry.current === null || entry.current.hash === WITHDRAWN_HASH ? null : entry.current.hash;
  }

  async #head(customer: string): Promise<PlanHead | null> {
    return (await this.#options.history.list(customer, 1))[0] ?? null;
  }
}

