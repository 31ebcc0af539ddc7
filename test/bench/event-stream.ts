// Reads the application's stream of call events and remembers when what arrived. Read `EventStream.open`.
import type { Application } from './application.ts';

export interface SeenEvent {
  readonly kind: string;
  readonly callId: string;
  readonly caller: string | null;
  readonly step: string | null;
  readonly outcome: string | null;
  /** `performance.now()` ms of its arrival here. */
  readonly atMs: number;
}

export class EventStream {
  readonly events: SeenEvent[] = [];
  readonly #abort = new AbortController();
  #done: Promise<void> = Promise.resolve();

  /** Resolves when the stream has begun; events from then on are kept. */
  static async open(application: Application): Promise<EventStream> {
    const stream = new EventStream();
    const response = await fetch(`${application.httpUrl}/v1/events`, { headers: { authorization: `Bearer ${application.key()}` }, signal: stream.#abort.signal });
    if (!response.ok || response.body === null) throw new Error(`the event stream answered ${response.status}`);
    stream.#done = stream.#read(response.body);
    return stream;
  }

  /** When the `kind` event of a caller's call arrived; undefined = it did not. */
  endedAtMs(caller: string): number | undefined {
    const callId = this.events.find((event) => event.kind === 'call-started' && event.caller === caller)?.callId;
    return this.events.find((event) => event.kind === 'call-ended' && event.callId === callId)?.atMs;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const part of body) {
        text += decoder.decode(part, { stream: true });
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        const atMs = performance.now();
        for (const block of blocks) this.#take(block, atMs);
      }
    } catch {
      // Closed by us, or the application ended.
    }
  }

  #take(block: string, atMs: number): void {
    const line = block.split('\n').find((one) => one.startsWith('data: '));
    if (line === undefined || block.includes('event: beat')) return;
    const event = JSON.parse(line.slice('data: '.length)) as { kind?: string; callId?: string; caller?: unknown; line?: { step?: string | null; outcome?: string } };
    this.events.push({
      kind: event.kind ?? '', callId: event.callId ?? '', caller: callerOf(event.caller), step: event.line?.step ?? null, outcome: event.line?.outcome ?? null, atMs,
    });
  }
}

function callerOf(caller: unknown): string | null {
  if (typeof caller === 'string') return caller;
  if (typeof caller === 'object' && caller !== null && 'number' in caller && typeof caller.number === 'string') return caller.number;
  return null;
}
