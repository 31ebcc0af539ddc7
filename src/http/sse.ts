// One stream of server-sent events: our own ids, a beat with the server's time every 2 s, and a reader that falls
// behind is cut off rather than queued for. Read `openStream` first.
import type { Response } from 'express';
import type { Clock } from '../ports/clock.ts';
import type { EventStream } from './route.ts';

/** INTERFACE: a page calls itself stale after 5 s without a beat; two may be lost. */
export const BEAT_MS = 2000;
/** What may wait in our memory for one reader: some 1,000 events; past it the reader is too slow to be shown the present. */
export const MAX_WAITING_BYTES = 256 * 1024;

/**
 * Sends the headers and returns the stream. Its signal aborts when the reader left, when it fell more than
 * MAX_WAITING_BYTES behind (the connection is then cut) or when `closing` aborts. `send` after that does nothing.
 */
export function openStream(response: Response, clock: Clock, closing: AbortSignal): EventStream & { end(): void } {
  const gone = new AbortController();
  let cancelBeat = () => {};
  const stop = () => {
    cancelBeat();
    gone.abort();
  };
  response.on('close', stop);
  response.on('error', stop);
  closing.addEventListener('abort', stop, { once: true });

  const write = (text: string) => {
    if (gone.signal.aborted || response.writableEnded) return;
    response.write(text);
    if (response.writableLength > MAX_WAITING_BYTES) {
      stop();
      response.destroy();
    }
  };
  const beat = () => {
    write(`event: beat\ndata: {"now":"${new Date(clock.nowMs()).toISOString()}"}\n\n`);
    if (!gone.signal.aborted) cancelBeat = clock.after(BEAT_MS, beat);
  };

  response.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();
  if (closing.aborted) stop();
  beat();
  return {
    signal: gone.signal,
    // JSON text has no raw line break, so one data line carries it whole.
    send: (event, json, id) => write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${json}\n\n`),
    end: () => {
      closing.removeEventListener('abort', stop);
      stop();
      if (!response.writableEnded) response.end();
    },
  };
}

/** Settles when the signal aborts; never rejects. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
