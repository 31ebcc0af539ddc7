// A carrier for trying things out, on this machine's loopback: takes the outside calls of a fresh installation while there is
// no real carrier. It answers every number but 999 and its like: nobody may believe that help is on its way.
// Read `startDemoCarrier`.
import { classifyDialled } from '../numbering/dialled.ts';
import type { Settings } from '../settings.ts';
import { alawTone } from '../sipua/g711.ts';
import type { IncomingCall } from '../sipua/incoming-call.ts';
import { createUserAgent } from '../sipua/user-agent.ts';
import { isLoopback } from './sip-address.ts';

export interface DemoCarrier {
  /** `host:port` on loopback. */
  readonly address: string;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const RING_MS = 1_500;
/** It says nothing, it sounds: two tones, again and again. */
const TONES_HZ = [440, 554] as const;
const TONE_MS = 600;
const LONGEST_MS = 20_000;
const NOBODY: ReadonlySet<string> = new Set();

/** Only our own Asterisk on this machine, listening on loopback alone, is given one. */
export function mayHaveDemoCarrier({ ariUrl, asterisk, sipHost }: Pick<Settings, 'ariUrl' | 'asterisk' | 'sipHost'>): boolean {
  return ariUrl === null && asterisk !== 'docker' && isLoopback(sipHost);
}

/** Rejects when no port of loopback can be had. */
export async function startDemoCarrier(sipPort: number): Promise<DemoCarrier> {
  const agent = await createUserAgent({ bindHost: HOST, remote: { host: HOST, port: sipPort }, userAgent: 'GENVoice demo carrier' });
  agent.onIncoming((incoming) => take(incoming));
  return { address: `${HOST}:${agent.port}`, close: () => agent.close() };
}

async function take(incoming: IncomingCall): Promise<void> {
  if (classifyDialled(incoming.dialled, { extensions: NOBODY, country: 'GB' }).kind === 'emergency') {
    incoming.reject(503);
    return;
  }
  incoming.ring();
  await pause(RING_MS);
  const sound = Buffer.concat(Array.from({ length: LONGEST_MS / TONE_MS }, (_, n) => alawTone(TONES_HZ[n % 2] ?? 440, TONE_MS)));
  // Whoever hung up meanwhile is not answered.
  if (!(await incoming.accept({ sendAudio: sound }))) return;
  await pause(LONGEST_MS);
  if (incoming.call.state === 'answered') await incoming.call.hangup();
}

/** Holds no process up. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref());
}
