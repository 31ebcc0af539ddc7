// A few calls of our own user agent, watched packet by packet at the caller's sockets, while SIPp makes the load: when the
// key's end left, when the next prompt's first packet came, when the BYE left. Read `probeCall`.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:dgram';
import { parseEvent, parseRtp } from '../../src/sipua/rtp-packet.ts';
import { createUserAgent, type UserAgent } from '../../src/sipua/user-agent.ts';
import { promptOf } from './sounds.ts';

const SPEECH_PAYLOAD = 8;
const EVENT_PAYLOAD = 101;
/** A caller who waits longer than this for anything has been failed. */
const PATIENCE_MS = 4_000;

/** What one call saw; times are `performance.now()` ms. */
export interface ProbeResult {
  readonly caller: string;
  /** First end packet of the key's event leaving -> first packet of the next prompt; null = never came. */
  readonly keyToPromptMs: number | null;
  /** When the BYE left. */
  readonly byeAtMs: number;
}

interface Seen {
  menuAtMs: number | null;
  releasedAtMs: number | null;
  nextAtMs: number | null;
  onChange: () => void;
}

export class Probes {
  readonly #agent: UserAgent;
  readonly #seen = new Map<number, Seen>();
  readonly #onSocket = (message: unknown): void => this.#watch((message as { socket: Socket }).socket);

  private constructor(agent: UserAgent) {
    this.#agent = agent;
    subscribe('udp.socket', this.#onSocket);
  }

  static async open(target: string): Promise<Probes> {
    const [host = '', port = ''] = target.split(':');
    return new Probes(await createUserAgent({ bindHost: '127.0.0.1', remote: { host, port: Number(port) } }));
  }

  /** Dials, presses 1 some time into the menu, hears the next prompt, and hangs up in the middle of it. */
  async call(dialled: string, caller: string, keyAfterMs: number, leaveAfterMs: number): Promise<ProbeResult | null> {
    const call = await this.#agent.call({ to: dialled, from: { user: caller }, keepAudioMs: 0 });
    const seen = this.#seen.get(call.rtp?.port ?? 0);
    const answer = await Promise.race([call.answered, after(PATIENCE_MS)]);
    if (answer === null || !answer.isAnswered || seen === undefined) {
      await call.hangup();
      return null;
    }
    await until(seen, () => seen.menuAtMs !== null);
    await after(keyAfterMs);
    void call.sendDigits('1', { durationMs: 60, gapMs: 20 });
    await until(seen, () => seen.nextAtMs !== null);
    await after(leaveAfterMs);
    const byeAtMs = performance.now();
    const isOurs = call.state === 'answered';
    // Waited for: a user agent that closes takes back a BYE that has not left yet.
    await call.hangup();
    this.#seen.delete(call.rtp?.port ?? 0);
    if (!isOurs && seen.nextAtMs === null) return null;
    return { caller, keyToPromptMs: seen.nextAtMs === null || seen.releasedAtMs === null ? null : seen.nextAtMs - seen.releasedAtMs, byeAtMs: isOurs ? byeAtMs : Number.NaN };
  }

  async close(): Promise<void> {
    unsubscribe('udp.socket', this.#onSocket);
    await this.#agent.close();
  }

  /** Every UDP socket made while probes are open: those that carry speech show it by their packets. */
  #watch(socket: Socket): void {
    const seen: Seen = { menuAtMs: null, releasedAtMs: null, nextAtMs: null, onChange: () => {} };
    socket.once('listening', () => this.#seen.set(socket.address().port, seen));
    socket.on('message', (bytes: Uint8Array) => {
      if (seen.nextAtMs !== null) return;
      const packet = parseRtp(bytes);
      if (packet?.payloadType !== SPEECH_PAYLOAD) return;
      const prompt = promptOf(packet.payload);
      if (prompt === 'menu') seen.menuAtMs ??= performance.now();
      if (prompt === 'next') seen.nextAtMs = performance.now();
      if (prompt !== null) seen.onChange();
    });
    const send = socket.send.bind(socket) as (...args: unknown[]) => void;
    // The key is released with the first packet that says so, at the moment it leaves.
    socket.send = (...args: unknown[]): void => {
      const [bytes] = args;
      if (seen.releasedAtMs === null && bytes instanceof Uint8Array) {
        const packet = parseRtp(bytes);
        if (packet?.payloadType === EVENT_PAYLOAD && parseEvent(packet.payload)?.isEnd === true) seen.releasedAtMs = performance.now();
      }
      send(...args);
    };
  }
}

function after(ms: number): Promise<null> {
  return new Promise((resolve) => setTimeout(resolve, ms, null));
}

function until(seen: Seen, isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(resolve, PATIENCE_MS);
    const look = (): void => {
      if (!isSo()) return;
      clearTimeout(limit);
      resolve();
    };
    seen.onChange = look;
    look();
  });
}
