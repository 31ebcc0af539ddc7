// Ends of calls that nobody was listening to, from Asterisk's own event log (CEL): read as it grows, by channel.
import type { SeenEnd } from '../calls/reconcile.ts';
import type { CelEvent } from '../embedded/cel-log.ts';

interface CelSource {
  readCel(offset: number): { readonly events: readonly CelEvent[]; readonly offset: number };
}

/** Asterisk writes an end up to this long after it (ASTERISK 22.10: 11 ms, 82 at most). */
const LAG_MS = 150;
/** Ends kept in memory; the oldest go first. */
const MAX_KEPT = 50_000;

export class UnseenEnds {
  readonly #source: CelSource;
  readonly #ends = new Map<string, SeenEnd>();
  #offset = 0;

  constructor(source: CelSource) {
    this.#source = source;
  }

  /** null = the log knows nothing of it. */
  async endOf(channel: string): Promise<SeenEnd | null> {
    this.#read();
    const known = this.#ends.get(channel);
    if (known !== undefined) return known;
    await new Promise((resolve) => setTimeout(resolve, LAG_MS));
    this.#read();
    return this.#ends.get(channel) ?? null;
  }

  #read(): void {
    for (;;) {
      const read = this.#source.readCel(this.#offset);
      for (const event of read.events) {
        if (event['eventtype'] !== 'HANGUP') continue;
        this.#ends.set(String(event['uniqueid']), { cause: causeOf(event['eventextra']), atMs: Math.round(Number(event['eventtime'] ?? 0) * 1_000) });
      }
      const isAtEnd = read.offset === this.#offset;
      this.#offset = read.offset;
      if (isAtEnd) break;
    }
    for (const channel of this.#ends.keys()) {
      if (this.#ends.size <= MAX_KEPT) break;
      this.#ends.delete(channel);
    }
  }
}

/** The far end's BYE shows as 0 (Asterisk 22.10): an ordinary end. */
function causeOf(extra: string | number | undefined): number {
  const cause = Number(/"hangupcause":\s*(\d+)/.exec(String(extra ?? ''))?.[1] ?? 0);
  return cause === 0 ? 16 : cause;
}
