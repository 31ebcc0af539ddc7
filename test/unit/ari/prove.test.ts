// A link that stands but brings no events must not count as one: the adapter causes an event of its own when it is quiet.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AriTelephony } from '../../../src/ari/ari-telephony.ts';
import type { AriRequest, AriTransport } from '../../../src/ari/transport.ts';

/** Sends user events back at once, as Asterisk does, while `echoes`. */
class EchoTransport implements AriTransport {
  echoes = true;
  readonly probes: AriRequest[] = [];
  #onEvent: (event: unknown) => void = () => {};
  #onSocket: (state: 'open' | 'closed', reason: string) => void = () => {};

  async request(request: AriRequest): Promise<unknown> {
    if (request.operation !== 'userEvent') return null;
    this.probes.push(request);
    const { variables } = request.body as { variables: { id: string } };
    if (this.echoes) this.#onEvent({ type: 'ChannelUserevent', eventname: request.params['eventName'], userevent: variables });
    return null;
  }
  download = (): Promise<Uint8Array> => Promise.reject(new Error('not used'));
  onEvent(listener: (event: unknown) => void): void {
    this.#onEvent = listener;
  }
  onSocket(listener: (state: 'open' | 'closed', reason: string) => void): void {
    this.#onSocket = listener;
  }
  start(): void {
    this.#onSocket('open', '');
  }
  stop = async (): Promise<void> => {};
  emit(event: unknown): void {
    this.#onEvent(event);
  }
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

async function connected(): Promise<{ transport: EchoTransport; telephony: AriTelephony }> {
  const transport = new EchoTransport();
  const telephony = new AriTelephony(transport, 'genvoice');
  await telephony.start();
  return { transport, telephony };
}
const ageMs = (telephony: AriTelephony): number => Date.now() - (telephony.lastEventMs ?? 0);

test('a quiet link is asked for an event every 5 s, and its age stays below the limit of readiness', async () => {
  const { transport, telephony } = await connected();
  const before = transport.probes.length;
  let oldest = 0;
  for (let second = 0; second < 30; second += 1) {
    await vi.advanceTimersByTimeAsync(1_000);
    oldest = Math.max(oldest, ageMs(telephony));
  }
  expect(transport.probes.length - before).toBe(6);
  expect(oldest).toBeLessThanOrEqual(5_000);
  await telephony.stop();
});

test('a busy link is not asked', async () => {
  const { transport, telephony } = await connected();
  const before = transport.probes.length;
  for (let second = 0; second < 20; second += 1) {
    transport.emit({ type: 'SomethingElse' });
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(transport.probes.length).toBe(before);
  await telephony.stop();
});

test('events that no longer arrive show by their age, and again when they are back', async () => {
  const { transport, telephony } = await connected();
  transport.echoes = false;
  await vi.advanceTimersByTimeAsync(15_000);
  expect(telephony.isUp).toBe(true);
  expect(ageMs(telephony)).toBe(15_000);
  transport.echoes = true;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(ageMs(telephony)).toBeLessThanOrEqual(5_000);
  await telephony.stop();
});

test('after the stop nothing is asked any more', async () => {
  const { transport, telephony } = await connected();
  await telephony.stop();
  const before = transport.probes.length;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(transport.probes.length).toBe(before);
});
