// A phone in the hand of a test: registered, and every call to it is a value that the test rings, answers or refuses.
// Read `Handset.next`.
import { createSocket } from 'node:dgram';
import type { IncomingCall } from '../../src/sipua/incoming-call.ts';
import type { OutgoingCall, OutgoingCallOptions } from '../../src/sipua/outgoing-call.ts';
import type { UserAgent } from '../../src/sipua/user-agent.ts';
import type { App } from './app.ts';
import { until } from './until.ts';

export interface Handset {
  readonly agent: UserAgent;
  readonly user: string;
  /** Calls so far, oldest first. */
  readonly calls: readonly IncomingCall[];
  /** The n-th call to this phone (from 0); rejects when it does not come. */
  next(index?: number, limitMs?: number): Promise<IncomingCall>;
  dial(to: string, options?: Partial<OutgoingCallOptions>): Promise<OutgoingCall>;
}

/** Resolves when the phone is registered. `remote` = another way to the application, such as a tap. */
export async function handset(app: App, customer: string, extension: string, agent?: UserAgent): Promise<Handset> {
  const credentials = await app.credentials(customer, extension);
  const own = agent ?? (await app.agent());
  const calls: IncomingCall[] = [];
  own.onIncoming((incoming) => void calls.push(incoming));
  await own.register({ ...credentials, expiresS: 120 });
  return {
    agent: own, user: credentials.username, calls,
    next: (index = 0, limitMs = 5_000) => until(`call ${index + 1} reaches extension ${extension} of ${customer}`, limitMs, () => calls[index]),
    dial: (to, options = {}) => own.call({ to, from: { user: credentials.username }, auth: credentials, keepAudioMs: 60_000, ...options }),
  };
}

/** A relay between one phone and Asterisk that keeps what passes; close it after the phone. */
export interface Tap {
  readonly port: number;
  /** Datagrams from Asterisk, oldest first. */
  readonly toPhone: readonly string[];
  close(): Promise<void>;
}

export async function tap(app: App, bindHost: string): Promise<Tap> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(0, bindHost, resolve));
  const toPhone: string[] = [];
  let phonePort = 0;
  socket.on('message', (bytes, source) => {
    if (source.port === app.sip.port) {
      toPhone.push(bytes.toString('latin1'));
      if (phonePort > 0) socket.send(bytes, phonePort, bindHost);
    } else {
      phonePort = source.port;
      socket.send(bytes, app.sip.port, app.sip.host);
    }
  });
  return { port: socket.address().port, toPhone, close: () => new Promise((resolve) => socket.close(() => resolve())) };
}
