// Notices of new messages: what is sent, how often it is tried, and what is said when it cannot be delivered.
import { expect, test } from 'vitest';
import { Notices } from '../../../src/app/notices.ts';
import type { VoicemailMessage } from '../../../src/ports/records.ts';
import type { RoutingPlan } from '../../../src/routing/plan.ts';
import { createAlarms } from '../../../src/telemetry/alarms.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { demoPlan } from './demo-plans.ts';

const START_MS = Date.UTC(2026, 10, 24, 10);
const base = demoPlan('bramley-finch');
const planWith = (notify: { email?: string; webhook?: string }): RoutingPlan => {
  const office = base.mailboxes.get('office');
  if (office === undefined) throw new Error('the demo plan has lost its mailbox');
  return { ...base, mailboxes: new Map([['office', { ...office, notify: { email: notify.email ?? null, webhook: notify.webhook ?? null } }]]) };
};
const message = (caller: VoicemailMessage['caller'], id = 'm1'): VoicemailMessage => ({
  id, customer: 'bramley-finch', mailbox: 'office', callId: 'call1', caller, receivedAtMs: START_MS, durationMs: 65_400, isNew: true, file: 'x',
});
const KNOWN: VoicemailMessage['caller'] = { number: { kind: 'e164', e164: '+447700900123' as never }, displayName: 'Mrs Shah' };

function desk(answers: (string | null)[]) {
  const clock = new FakeClock(START_MS);
  const alarms = createAlarms(() => clock.nowMs());
  const told: { url: string; json: string; atMs: number }[] = [];
  const mails: string[][] = [];
  const answer = (): string | null => answers.shift() ?? null;
  const options = {
    clock, alarms, note: () => {},
    tell: async (url: string, json: string) => {
      told.push({ url, json, atMs: clock.nowMs() - START_MS });
      return answer();
    },
    mail: async (...mail: [string, string, string]) => {
      mails.push(mail);
      return answer();
    },
  };
  return { clock, alarms, told, mails, options, notices: new Notices(options) };
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('nothing is sent for a mailbox that names nobody', async () => {
  const { notices, told, mails } = desk([]);
  notices.send(planWith({}), message(KNOWN));
  await settled();
  expect([told, mails]).toEqual([[], []]);
});

test('a webhook gets the message in JSON, without a number that was withheld', async () => {
  const { notices, told } = desk([]);
  const plan = planWith({ webhook: 'https://crm.example/voicemail' });
  notices.send(plan, message(KNOWN));
  notices.send(plan, message({ number: { kind: 'withheld' }, displayName: 'Mrs Shah', networkNumber: '+441632960200' as never }));
  await settled();
  expect(told.map(({ url }) => url)).toEqual(['https://crm.example/voicemail', 'https://crm.example/voicemail']);
  expect(JSON.parse(told[0]?.json ?? '')).toEqual({
    kind: 'voicemail-message', id: 'm1', customer: 'bramley-finch', mailbox: 'office', mailboxName: 'Office', callId: 'call1',
    receivedAt: '2026-11-24T10:00:00.000Z', durationMs: 65_400, caller: { kind: 'e164', number: '+447700900123', name: 'Mrs Shah' },
  });
  expect(JSON.parse(told[1]?.json ?? '')).toMatchObject({ caller: { kind: 'withheld', number: null, name: null } });
  expect(told[1]?.json).not.toContain('960200');
});

test('a mail says who, when and how to hear it', async () => {
  const { notices, mails } = desk([]);
  notices.send(planWith({ email: 'office@example.com' }), message(KNOWN));
  await settled();
  expect(mails[0]?.slice(0, 2)).toEqual(['office@example.com', 'New message for Office from 07700 900123, 1 min 05 s']);
  expect(mails[0]?.[2]).toContain('Received: Tue 24 Nov 2026, 10:00');
  expect(mails[0]?.[2]).toContain('dial *97 from Priya Shah\'s phone');
});

test('three tries, 10 s and 2 min apart, then an alarm; the next delivery ends it', async () => {
  const { notices, told, clock, alarms } = desk(['it answered 500', 'it answered 500', 'it answered 502']);
  const plan = planWith({ webhook: 'https://crm.example/voicemail' });
  notices.send(plan, message(KNOWN));
  await clock.run(() => alarms.list().length > 0);
  expect(told.map(({ atMs }) => atMs)).toEqual([0, 10_000, 130_000]);
  expect(alarms.list()).toMatchObject([{ code: 'notice-webhook', text: 'A new message in office of bramley-finch could not be announced by webhook: it answered 502' }]);
  notices.send(plan, message(KNOWN, 'm2'));
  await settled();
  expect(alarms.list()).toEqual([]);
  expect(clock.pending).toBe(0);
});

test('a mailbox that wants mail where no mail server is set raises an alarm that names the setting', async () => {
  const { clock, alarms, options } = desk([]);
  new Notices({ ...options, mail: null }).send(planWith({ email: 'office@example.com' }), message(KNOWN));
  await clock.run(() => alarms.list().length > 0);
  expect(alarms.list()[0]?.text).toContain('GENVOICE_SMTP_URL is not set');
});

test('after the close nothing waits and nothing is sent', async () => {
  const { notices, told, clock } = desk(['down']);
  const plan = planWith({ webhook: 'https://crm.example/voicemail' });
  notices.send(plan, message(KNOWN));
  await settled();
  notices.close();
  notices.send(plan, message(KNOWN));
  await settled();
  expect(clock.pending).toBe(0);
  expect(told).toHaveLength(1);
});
