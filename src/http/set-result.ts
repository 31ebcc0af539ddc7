// Turns the result of an act on a named thing into an answer; shared by switches, phones and mailboxes.
import type { SetResult } from './deps.ts';
import { HttpProblem } from './problem.ts';

/** The row, or a 404 that names `what` and where the names are listed, or a 422 with the reason. */
export function done<T>(result: SetResult<T>, what: string, listedAt: string): T {
  switch (result.kind) {
    case 'done':
      return result.row;
    case 'unknown':
      throw new HttpProblem(404, 'not-found', `There is no ${what}.`, { hint: `GET ${listedAt} lists what there is.` });
    case 'refused':
      throw new HttpProblem(422, 'refused', result.reason, { hint: result.hint });
  }
}
