// Keys as tones in the speech (ITU-T Q.23), for carriers that send no telephone-event. Read `alawKeys`.
import { linearToAlaw } from '../../src/sipua/g711.ts';

const ROWS = [697, 770, 852, 941] as const;
const COLUMNS = [1_209, 1_336, 1_477, 1_633] as const;
const KEYS = ['123A', '456B', '789C', '*0#D'] as const;
/** Peak of each of the two tones: about -10 dBm0 together. */
const LEVEL = 5_000;

/** A-law audio of `keys`, each held `holdMs` with `gapMs` of silence around it. */
export function alawKeys(keys: string, holdMs = 90, gapMs = 90): Uint8Array {
  const samples: number[] = silence(gapMs);
  for (const key of keys) {
    const row = KEYS.findIndex((one) => one.includes(key));
    const [low, high] = [ROWS[row], COLUMNS[KEYS[row]?.indexOf(key) ?? -1]];
    if (low === undefined || high === undefined) throw new RangeError(`${key} is no key`);
    const at = (n: number, hz: number): number => Math.sin((2 * Math.PI * hz * n) / 8_000);
    samples.push(...Array.from({ length: holdMs * 8 }, (_, n) => Math.round(LEVEL * (at(n, low) + at(n, high)))), ...silence(gapMs));
  }
  return linearToAlaw(samples);
}

function silence(ms: number): number[] {
  return Array.from({ length: ms * 8 }, () => 0);
}
