// Lines that register: when an operator is told that one does not. The text is as Asterisk 22.10 prints it.
import { expect, test } from 'vitest';
import { RegistrationWatch } from '../../../src/app/registration-watch.ts';
import type { Trunk } from '../../../src/plans/trunks.ts';
import { createAlarms } from '../../../src/telemetry/alarms.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';

const trunk = (id: string, isRegistering = true): Trunk => ({
  id, name: `Carrier ${id}`, transport: 'udp', match: [], ddis: { exact: new Set(), prefixes: [] }, ddiFrom: 'request-uri', dtmf: 'rfc4733', emergency: false,
  ...(isRegistering ? { registration: { server: 'sip.carrier.example', user: 'line-7', password: 'secret' } } : {}),
});
const printed = (rows: Readonly<Record<string, string>>): string =>
  ['', ' <Registration/ServerURI..............................>  <Auth....................>  <Status.......>', '===', '', ...Object.entries(rows).map(([name, status]) => ` ${name}/sip:sip.carrier.example                          ${name}                ${status}`), '', 'Objects found: 1', ''].join('\n');

function world(trunks: readonly Trunk[]) {
  const clock = new FakeClock(0);
  const alarms = createAlarms(() => clock.nowMs());
  const answers: (string | Error)[] = [];
  const asked: string[] = [];
  const cli = async (command: string): Promise<string> => {
    asked.push(command);
    const answer = answers.shift() ?? '';
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { clock, alarms, answers, asked, watch: new RegistrationWatch({ cli, trunks: () => trunks, clock, alarms }) };
}

test('a refused password is an alarm at once that names trunk, registrar and user, never the password; registered again ends it', async () => {
  const { alarms, answers, watch } = world([trunk('line')]);
  answers.push(printed({ 'trunk-line': 'Rejected          (exp. 4s)' }), printed({ 'trunk-line': 'Registered        (exp. 50s)' }));
  await watch.look();
  expect(alarms.list()).toMatchObject([{ code: 'registration', text: 'Carrier line (line) is not registered at sip.carrier.example: user name or password of line-7 was refused.' }]);
  expect(JSON.stringify(alarms.list())).not.toContain('secret');
  await watch.look();
  expect(alarms.list()).toEqual([]);
});

test('a registrar that is silent is an alarm at the second look, for that trunk alone', async () => {
  const { alarms, answers, watch } = world([trunk('a'), trunk('b'), trunk('plain', false)]);
  const both = printed({ 'trunk-a': 'Registered        (exp. 50s)', 'trunk-b': 'Unregistered' });
  answers.push(both, both);
  await watch.look();
  expect(alarms.list()).toEqual([]);
  await watch.look();
  expect(alarms.list().map(({ text }) => text)).toEqual(['Carrier b (b) is not registered at sip.carrier.example: it does not answer.']);
});

test('an Asterisk that cannot be asked raises and ends nothing', async () => {
  const { alarms, answers, watch } = world([trunk('line')]);
  answers.push(printed({ 'trunk-line': 'Rejected' }), new Error('gone'));
  await watch.look();
  await watch.look();
  expect(alarms.list()).toHaveLength(1);
});

test('without a registering trunk nothing is asked; after the close nothing is due', async () => {
  const { clock, asked, watch } = world([trunk('plain', false)]);
  watch.start();
  await clock.pass(60_000);
  expect(asked).toEqual([]);
  watch.close();
  expect(clock.pending).toBe(0);
});
