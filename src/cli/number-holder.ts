// Which number a person means, and whose it is.
import type { PlanRow } from '../http/wire.ts';
import type { HeldNumber } from '../http/wire-outbound.ts';
import { toE164OrNull, type E164 } from '../numbering/e164.ts';
import type { Cli } from './cli.ts';
import { CliError, EXIT, misuse } from './cli-error.ts';
import { phone } from './format.ts';

/** E.164 of what was typed; throws when it is no number. */
export function numberOf(typed: string): E164 {
  const number = toE164OrNull(typed, 'GB');
  if (number === null) throw misuse(`"${typed.slice(0, 40)}" is no phone number.`, 'Write it with its area code, for example 01632 960018.', '<number>');
  return number;
}

/** The customer (percent-encoded) and the registered number. Numbers that only call out are in no list of DDIs, so every customer's registry is asked. */
export async function holderOf(cli: Cli, number: string): Promise<{ customer: string; held: HeldNumber }> {
  const { plans } = await cli.api().get<{ plans: PlanRow[] }>('/v1/plans');
  for (const { customer } of plans) {
    const { numbers } = await cli.api().get<{ numbers: HeldNumber[] }>(`/v1/customers/${encodeURIComponent(customer)}/numbers`);
    const held = numbers.find((one) => one.number === number);
    if (held !== undefined) return { customer: encodeURIComponent(customer), held };
  }
  throw new CliError(EXIT.no, 'not-found', `${phone(number)} is in no plan.`, { hint: 'genvoice numbers list has the numbers there are.' });
}
