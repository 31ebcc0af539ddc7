// What a caller hears, as conditions to wait for. Read `hears`.
import type { SipCall } from '../../src/sipua/call.ts';
import { hasTone, heardTones, OTHER_CUSTOMER_HZ, TONES } from './tones.ts';
import type { ToneName } from './tones.ts';
import { until, within } from './until.ts';

const ALL = [...Object.values(TONES), ...Object.values(TONES).map((hz) => hz + OTHER_CUSTOMER_HZ)];
const NAMES = new Map<number, string>(Object.entries(TONES).flatMap(([name, hz]) => [[hz, name], [hz + OTHER_CUSTOMER_HZ, `bolt:${name}`]]));

/** Resolves when the caller has heard this prompt; default of the first customer. */
export async function hears(call: SipCall, tone: ToneName, limitMs = 8_000, customer: 'acme' | 'bolt' = 'acme'): Promise<void> {
  const hz = TONES[tone] + (customer === 'bolt' ? OTHER_CUSTOMER_HZ : 0);
  await until(`the caller hears "${tone}" of ${customer}`, limitMs, () => {
    if (hasTone(audioOf(call), hz)) return true;
    if (call.state === 'ended') throw new Error(`the call has ended; heard ${tonesOf(call).join(', ')}`);
    return undefined;
  }, () => tonesOf(call));
}

/** Resolves when this exact tone is heard, for speech between people. */
export async function hearsHz(call: SipCall, hz: number, limitMs = 5_000): Promise<void> {
  await until(`a tone of ${hz} Hz is heard`, limitMs, () => hasTone(audioOf(call), hz));
}

/** Prompts heard so far, in order. */
export function tonesOf(call: SipCall): string[] {
  return heardTones(audioOf(call), ALL).map((hz) => NAMES.get(hz) ?? String(hz));
}

export async function answered(call: SipCall, limitMs = 8_000): Promise<number> {
  const answer = await within('the call is answered', limitMs, call.answered);
  if (!answer.isAnswered) throw new Error(`the call was not answered: ${JSON.stringify(answer.end)}`);
  return answer.afterMs;
}

export async function ended(call: SipCall, limitMs = 15_000): Promise<Awaited<SipCall['ended']>> {
  return within('the call has ended', limitMs, call.ended);
}

function audioOf(call: SipCall): Uint8Array {
  return call.rtp?.audio() ?? new Uint8Array(0);
}
