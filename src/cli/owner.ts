// Whose switch, phone or mailbox a bare name means: the only customer that has one, or the one named.
import { CliError, EXIT } from './cli-error.ts';
import { plain } from './format.ts';

/** The one row that fits; throws with the customers to choose from when there are several or none. */
export function theOne<T extends { readonly customer: string }>(
  rows: readonly T[],
  customer: string | undefined,
  what: string,
  listedBy: string,
): T {
  const fitting = rows.filter((row) => customer === undefined || row.customer === customer);
  const [first] = fitting;
  if (first === undefined)
    throw new CliError(
      EXIT.no,
      'not-found',
      `There is no ${plain(what)}${customer === undefined ? '' : ` of ${plain(customer)}`}.`,
      { hint: `${listedBy} has what there is.` },
    );
  if (fitting.length > 1) {
    throw new CliError(
      EXIT.usage,
      'several-customers',
      `${fitting.length} customers have ${plain(what)}: ${fitting.map((row) => plain(row.customer)).join(', ')}.`,
      { path: '--customer', hint: `Name one: --customer ${plain(first.customer)}` },
    );
  }
  return first;
}
