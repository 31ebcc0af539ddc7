// A PIN typed by a person: read from standard input, so that no history of commands keeps it. Read `typedPin`.
import { createInterface } from 'node:readline';
import type { Cli } from './cli.ts';
import { misuse } from './cli-error.ts';

/** 4 to 10 digits; throws when something else was typed. `whose` is shown as it is. */
export async function typedPin(cli: Cli, whose: string): Promise<string> {
  cli.say.hint(`New PIN ${whose} (4 to 10 digits), then Enter:`);
  const pin = await readLine(cli.interrupted);
  if (!/^\d{4,10}$/.test(pin)) throw misuse('A PIN has 4 to 10 digits; the old one stays.', 'Type digits alone.', 'pin');
  return pin;
}

async function readLine(signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, signal });
  try {
    for await (const line of lines) return line.trim();
    return '';
  } finally {
    lines.close();
  }
}
