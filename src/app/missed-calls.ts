// One record for each call that never reached the application, from Asterisk's own log of channels (CEL). It reads on from
// a kept place, so that a restart loses none and doubles none: the id follows from the channel. Read `MissedCalls.look`.
import { existsSync, readFileSync } from 'node:fs';
import type { ArrivalDeps } from '../calls/arrival.ts';
import { parseEntry, type Entry } from '../calls/entry.ts';
import { missedRecord, type MissedCall } from '../calls/missed.ts';
import { celEnd, CelLog, type CelEvent, type CelPlace } from '../embedded/cel-log.ts';
import type { CallRecord } from '../ports/records.ts';
import { writeFileAtomic } from '../store/atomic-file.ts';
import type { Log } from '../telemetry/log.ts';

export interface MissedCallsParts {
  /** Folder of Asterisk's log. */
  readonly logFolder: string;
  /** Where the place of reading is kept. */
  readonly placeFile: string;
  readonly deps: ArrivalDeps;
  readonly log: Log;
  /** False while what Asterisk holds is not yet matched with the state: a call may still be taken over. */
  isMatched(): boolean;
}

const LOOK_EVERY_MS = 500;
/** While there is more: a piece, then the main thread belongs to calls again. */
const NEXT_PIECE_MS = 20;
/** Our own events about a channel come within this of Asterisk's log, or the call never was ours. */
const WAIT_MS = 2_000;
/** No call lasts longer; what is still open then ended with an Asterisk that did not say so. */
const LONGEST_MS = 6 * 3_600_000;
/** Between two writings of the place. */
const KEEP_EVERY_MS = 2_000;
/** Calls under way without us of which a part is known; beyond, the oldest go without their answer. */
const MAX_OPEN = 10_000;
/** Ids of calls whose record is written; older ones are looked up in the store. */
const MAX_KNOWN = 20_000;

const PLACES: Readonly<Record<string, MissedCall['place']>> = {
  'gv-overload': 'turned-away', 'gv-congestion': 'no-way', 'gv-fallback': 'no-way', 'gv-fallback-ddi': 'last-known-route', 'gv-fallback-route': 'last-known-route', 'gv-emergency': 'emergency', 'gv-emergency-call': 'emergency',
};

interface Leg {
  readonly channel: string;
  readonly endpoint: string;
  answeredAtMs: number | null;
  endedAtMs: number | null;
  cause: number;
}
interface Open {
  readonly place: CelPlace;
  readonly atMs: number;
  answeredAtMs: number | null;
  readonly legs: Map<string, Leg>;
}
interface Waiting {
  readonly missed: MissedCall;
  readonly place: CelPlace;
  readonly sinceMs: number;
}

export class MissedCalls {
  readonly #parts: MissedCallsParts;
  readonly #cel: CelLog;
  readonly #open = new Map<string, Open>();
  readonly #known = new Set<string>();
  #waiting: Waiting[] = [];
  #kept = '';
  #keptAtMs = -Infinity;
  /** Nothing that ended later can have a record of an earlier process. */
  readonly #startedAtMs: number;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: MissedCallsParts) {
    this.#parts = parts;
    this.#startedAtMs = parts.deps.clock.nowMs();
    this.#cel = new CelLog(parts.logFolder, startPlace(parts));
  }

  start(): void {
    this.#again(0);
  }

  /** The record of this call is written, or about to be: whoever asks later must not write another one. */
  sawRecord(id: string): void {
    this.#known.add(id);
    if (this.#known.size > MAX_KNOWN) for (const oldest of this.#known) {
      this.#known.delete(oldest);
      break;
    }
  }

  /** Reads what is left and writes every record that is due; Asterisk writes no more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#looking;
    while (await this.look(0));
  }

  /** One piece of the log; true when there is more. Never rejects. */
  async look(waitMs = WAIT_MS): Promise<boolean> {
    // Calls that may yet be taken over are nobody's business here.
    if (waitMs > 0 && !this.#parts.isMatched()) return false;
    try {
      const { lines, hasMore } = this.#cel.read();
      for (const { event, place } of lines) this.#take(event, place);
      await this.#settle(waitMs);
      if (waitMs === 0 || performance.now() - this.#keptAtMs >= KEEP_EVERY_MS) await this.#keepPlace();
      return hasMore && lines.length > 0;
    } catch (error) {
      this.#parts.log.error({ err: error }, "Asterisk's log of calls could not be read: calls that never reached the application have no record yet");
      return false;
    }
  }

  #again(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.look().then((hasMore) => {
        if (!this.#isStopped) this.#again(hasMore ? NEXT_PIECE_MS : LOOK_EVERY_MS);
      });
    }, delayMs);
    this.#timer.unref();
  }

  #take(event: CelEvent, place: CelPlace): void {
    const channel = textOf(event, 'uniqueid');
    const name = /^PJSIP\/(.+)-[0-9a-f]{8}$/.exec(textOf(event, 'channame'))?.[1];
    // Legs that we placed carry ids of ours; other kinds of channels are no calls.
    if (name === undefined || channel.startsWith('leg-')) return;
    const context = textOf(event, 'context');
    const atMs = Math.round(Number(event['eventtime'] ?? 0) * 1_000);
    const of = textOf(event, 'linkedid');
    const isParty = of === channel;
    const isEnd = event['eventtype'] === 'HANGUP';
    // Only what Dial() rang; channels of ours that talk to each other are no legs of this kind.
    if (!isParty && textOf(event, 'appname') !== 'AppDial') return;
    if (!isParty) return this.#takeLeg(of, { channel, endpoint: name, atMs, isEnd, cause: causeOf(event) }, place);
    if (!isEnd) {
      // What the application answered is its own; of the rest the answer is known only from here.
      if (PLACES[context] !== undefined) this.#openOf(channel, place, atMs).answeredAtMs ??= atMs;
      return;
    }
    const open = this.#open.get(channel);
    this.#open.delete(channel);
    if (!/^gv-(?!mwi)/.test(context)) return;
    this.#waiting.push({ missed: this.#missedOf(event, { channel, name, context, atMs }, open), place: open?.place ?? place, sinceMs: performance.now() });
  }

  #takeLeg(of: string, seen: { channel: string; endpoint: string; atMs: number; isEnd: boolean; cause: number }, place: CelPlace): void {
    const { legs } = this.#openOf(of, place, seen.atMs);
    const leg = legs.get(seen.channel) ?? { channel: seen.channel, endpoint: seen.endpoint, answeredAtMs: null, endedAtMs: null, cause: 0 };
    if (seen.isEnd) Object.assign(leg, { endedAtMs: seen.atMs, cause: seen.cause });
    else leg.answeredAtMs ??= seen.atMs;
    legs.set(seen.channel, leg);
  }

  #openOf(channel: string, place: CelPlace, atMs: number): Open {
    const found = this.#open.get(channel) ?? { place, atMs, answeredAtMs: null, legs: new Map<string, Leg>() };
    this.#open.set(channel, found);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= MAX_OPEN) break;
      this.#open.delete(oldest);
    }
    return found;
  }

  #missedOf(event: CelEvent, at: { channel: string; name: string; context: string; atMs: number }, open: Open | undefined): MissedCall {
    const told = textOf(event, 'userfield').split(',');
    const second = Number(/(\d{9,11})\.\d+$/.exec(at.channel)?.[1] ?? 0) * 1_000;
    const notedMs = Number(told[11] ?? 0);
    // Asterisk's name of a channel has whole seconds.
    const startedAtMs = notedMs > 0 ? notedMs : Math.max(second, Math.min(at.atMs, second + 999));
    return {
      id: this.#parts.deps.ids.callId(at.channel), entry: parseEntry(told) ?? entryOf(event, at.name), place: PLACES[at.context] ?? 'gate', startedAtMs,
      answeredAtMs: open?.answeredAtMs ?? null, endedAtMs: Math.max(startedAtMs, at.atMs), cause: causeOf(event),
      isEndedByCaller: sourceOf(event) === textOf(event, 'channame'),
      legs: [...(open?.legs.values() ?? [])].map((leg) => ({ ...leg, endedAtMs: leg.endedAtMs ?? at.atMs })),
    };
  }

  /** Everything that has waited long enough, in the order of the log. */
  async #settle(waitMs: number): Promise<void> {
    const { deps } = this.#parts;
    const nowMs = performance.now();
    const [due, still]: [Waiting[], Waiting[]] = [[], []];
    for (const waiting of this.#waiting) {
      const { missed, sinceMs } = waiting;
      // Events that are handled late may yet bring us the call.
      const isDue = missed.place !== 'gate' || nowMs - sinceMs >= waitMs + (waitMs > 0 ? deps.telephony.eventLagMs : 0);
      if (!isDue || deps.live.get(missed.id) !== undefined) still.push(waiting);
      else if (!this.#known.has(missed.id)) due.push(waiting);
    }
    const isThere = await Promise.all(due.map(async ({ missed }) => missed.endedAtMs < this.#startedAtMs && (await deps.records.getRecord(missed.id)) !== null));
    for (const [index, { missed }] of due.entries()) if (isThere[index] === false && !this.#known.has(missed.id)) this.#write(missedRecord(deps, missed));
    this.#waiting = waitMs > 0 ? still : [];
  }

  #write(record: CallRecord): void {
    const { records, observer } = this.#parts.deps;
    this.sawRecord(record.id);
    records.putRecord(record);
    observer.ended(record);
    if (record.end.code === 'emergency-without-application') observer.alarm('emergency-call', `${record.caller.number.kind === 'extension' ? record.caller.number.number : 'A phone'} of ${record.customer ?? 'an unknown customer'} called ${record.dialled} while the application was away`);
  }

  /** Where a new process reads on: nothing behind it is still needed. */
  async #keepPlace(): Promise<void> {
    const nowMs = this.#parts.deps.clock.nowMs();
    for (const [channel, { atMs }] of this.#open) if (nowMs - atMs > LONGEST_MS) this.#open.delete(channel);
    const [open] = this.#open.values();
    this.#keptAtMs = performance.now();
    const places = [this.#cel.place, ...(open === undefined ? [] : [open.place]), ...this.#waiting.slice(0, 1).map(({ place }) => place)];
    const text = JSON.stringify(places.reduce((least, one) => (isBefore(one, least, this.#cel.place) ? one : least)));
    if (text === this.#kept) return;
    await writeFileAtomic(this.#parts.placeFile, Buffer.from(text));
    this.#kept = text;
  }
}

/** Of two files the one that is read now is the newer. */
function isBefore(one: CelPlace, other: CelPlace, now: CelPlace): boolean {
  return one.inode === other.inode ? one.offset < other.offset : one.inode !== now.inode;
}

/** Without a kept place everything from now on counts: what is older was written by a version that had other ids. */
function startPlace({ placeFile, logFolder, log }: MissedCallsParts): CelPlace {
  if (!existsSync(placeFile)) return celEnd(logFolder);
  try {
    const { inode, offset } = JSON.parse(readFileSync(placeFile, 'utf8')) as Partial<CelPlace>;
    if (Number.isSafeInteger(inode) && Number.isSafeInteger(offset)) return { inode: inode ?? 0, offset: offset ?? 0 };
  } catch {
    // Said below.
  }
  log.warn({ placeFile }, "the place in Asterisk's log of calls is damaged: read on from its end");
  return celEnd(logFolder);
}

/** A call that never came to the dialplan's note: what Asterisk itself knows. */
function entryOf(event: CelEvent, name: string): Entry {
  const plain = (key: string): string => textOf(event, key).replace(/["\\<>]/g, '');
  const trunk = /^trunk-(.+)$/.exec(name)?.[1];
  return {
    from: trunk === undefined ? 'phone' : 'trunk', dialled: textOf(event, 'dnid'), fromHeader: `"${plain('name')}" <sip:${plain('num')}@asterisk.invalid>`,
    assertedIdentity: '', privacy: '', toHeader: `<sip:${plain('dnid')}@asterisk.invalid>`, diversion: '', sipCallId: '', remoteAddress: '', transport: '', name: trunk ?? name,
  };
}

function textOf(event: CelEvent, key: string): string {
  return String(event[key] ?? '');
}

/** The far end's BYE shows as 0 (Asterisk 22.10): an ordinary end; so does a CANCEL as 127. */
function causeOf(event: CelEvent): number {
  const cause = Number(/"hangupcause":\s*(\d+)/.exec(textOf(event, 'eventextra'))?.[1] ?? 0);
  return cause === 0 || cause === 127 ? 16 : cause;
}

function sourceOf(event: CelEvent): string {
  return /"hangupsource":\s*"([^"]*)"/.exec(textOf(event, 'eventextra'))?.[1] ?? '';
}
