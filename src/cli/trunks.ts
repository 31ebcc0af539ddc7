// genvoice trunks: which carriers calls can go out over now.
import type { Command } from 'commander';
import type { TrunkRow } from '../http/wire.ts';
import { leaf, noun } from './cli.ts';
import type { Run } from './cli.ts';
import { EXIT } from './cli-error.ts';
import { dateTime, plain } from './format.ts';

const STATES: Readonly<Record<TrunkRow['state'], string>> = { ok: 'ok', down: 'does not answer', open: 'left alone', trying: 'being tried', 'not-watched': 'not watched' };

export function trunksCommands(program: Command, run: Run): void {
  const trunks = noun(program, 'trunks', 'carriers that calls go out over', ['trunks list', 'trunks list --json']);
  leaf(
    trunks,
    run,
    { name: 'list', does: 'trunks, whether they can be used and what they carry; exit 1 when none can', examples: ['trunks list', 'trunks list --json'] },
    async (cli) => {
      const answer = await cli.api().get<{ trunks: TrunkRow[] }>('/v1/trunks');
      cli.say.json(answer);
      if (answer.trunks.length === 0) cli.say.hint('No trunk takes calls: give one an "address" in the trunk file.');
      cli.say.rows(
        [{ head: 'Trunk' }, { head: 'Carrier', mayCut: true }, { head: 'State' }, { head: 'Calls' }, { head: '999' }, { head: 'Why', mayCut: true }],
        answer.trunks.map((row) => [
          plain(row.id), plain(row.carrier), STATES[row.state], row.maxCalls === null ? String(row.calls) : `${row.calls} of ${row.maxCalls}`, row.isEmergency ? 'yes' : '',
          row.reason === null ? '' : `${plain(row.reason)}${row.since === null ? '' : `, since ${dateTime(row.since, 'Europe/London')}`}`,
        ]),
      );
      return answer.trunks.some(({ state }) => state !== 'down' && state !== 'open') ? EXIT.yes : EXIT.no;
    },
  );
}
