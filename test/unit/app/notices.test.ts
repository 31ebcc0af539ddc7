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

function desk(answers: (string | null)[], kept = new Map<string, unknown>(), startMs = START_MS) {
  const clock = new FakeClock(startMs);
  const plans = new Map<string, RoutingPlan>();
  const notes: string[] = [];
  const alarms = createAlarms(() => clock.nowMs());
  const told: { url: string; json: string; atMs: number }[] = [];
  const mails: string[][] = [];
  const answer = (): string | null => answers.shift() ?? null;
  const options = {
    clock, alarms, note: (text: string) => void notes.push(text),
    plans: { byCustomer: (customer: string) => plans.get(customer) ?? null },
    outbox: {
      put: async (id: string, value: unknown) => void kept.set(id, JSON.parse(JSON.stringify(value))),
      remove: async (id: string) => void kept.delete(id),
      all: async (limit: number) => [...kept].slice(0, limit).map(([id, value]) => ({ id, value })),
    },
    tell: async (url: string, json: string) => {
      told.push({ url, json, atMs: clock.nowMs() - START_MS });
      return answer();
    },
    mail: async (...mail: [string, string, string]) => {
      mails.push(mail);
      return answer();
    },
  };
  /** As the live plan has it from now on. */
  const live = (notify: { email?: string; webhook?: string }): RoutingPlan => {
    const plan = planWith(notify);
    plans.set(plan.customer, plan);
    return plan;
  };
  return { clock, alarms, told, mails, options, kept, notes, plans, live, notices: new Notices(options) };
}
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('nothing is sent for a mailbox that names nobody', async () => {
  const { notices, told, mails, live } = desk([]);
  notices.send(live({}), message(KNOWN));
  await settled();
  expect([told, mails]).toEqual([[], []]);
});

test('a webhook gets the message in JSON, without a number that was withheld', async () => {
  const { notices, told, live, kept } = desk([]);
  const plan = live({ webhook: 'https://crm.example/voicemail' });
  notices.send(plan, message(KNOWN));
  notices.send(plan, message({ number: { kind: 'withheld' }, displayName: 'Mrs Shah', networkNumber: '+441632960200' as never }, 'm2'));
  await settled();
  expect(kept.size).toBe(0);
  expect(told.map(({ url }) => url)).toEqual(['https://crm.example/voicemail', 'https://crm.example/voicemail']);
  expect(JSON.parse(told[0]?.json ?? '')).toEqual({
    kind: 'voicemail-message', id: 'm1', customer: 'bramley-finch', mailbox: 'office', mailboxName: 'Office', callId: 'call1',
    receivedAt: '2026-11-24T10:00:00.000Z', durationMs: 65_400, caller: { kind: 'e164', number: '+447700900123', name: 'Mrs Shah' },
  });
  expect(JSON.parse(told[1]?.json ?? '')).toMatchObject({ caller: { kind: 'withheld', number: null, name: null } });
  expect(told[1]?.json).not.toContain('960200');
});

test('a mail says who, when and how to hear it', async () => {
  const { notices, mails, live } = desk([]);
  notices.send(live({ email: 'office@example.com' }), message(KNOWN));
  await settled();
  expect(mails[0]?.slice(0, 2)).toEqual(['office@example.com', 'New message for Office from 07700 900123, 1 min 05 s']);
  expect(mails[0]?.[2]).toContain('Received: Tue 24 Nov 2026, 10:00');
  expect(mails[0]?.[2]).toContain('dial *97 from Priya Shah\'s phone');
});

test('three tries, 10 s and 2 min apart, then an alarm; it is tried on every 15 min, and a delivery ends the alarm', async () => {
  const { notices, told, clock, alarms, live, kept } = desk(['it answered 500', 'it answered 500', 'it answered 502']);
  const plan = live({ webhook: 'https://crm.example/voicemail' });
  notices.send(plan, message(KNOWN));
  await clock.run(() => alarms.list().length > 0);
  expect(told.map(({ atMs }) => atMs)).toEqual([0, 10_000, 130_000]);
  expect(alarms.list()).toMatchObject([{ code: 'notice-webhook', text: 'A new message in office of bramley-finch could not be announced by webhook: it answered 502' }]);
  expect([...kept.keys()]).toEqual(['m1-webhook']);
  await clock.run(() => alarms.list().length === 0);
  expect(told.at(-1)?.atMs).toBe(130_000 + 15 * 60_000);
  expect(kept.size).toBe(0);
  expect(clock.pending).toBe(0);
});

test('a mailbox that wants mail where no mail server is set raises an alarm that names the setting', async () => {
  const { clock, alarms, options, live } = desk([]);
  new Notices({ ...options, mail: null }).send(live({ email: 'office@example.com' }), message(KNOWN));
  await clock.run(() => alarms.list().length > 0);
  expect(alarms.list()[0]?.text).toContain('GENVOICE_SMTP_URL is not set');
});

test('after the close nothing is sent, and the next process delivers what waits, to where the plan says by then', async () => {
  const first = desk(['down']);
  const plan = first.live({ webhook: 'https://crm.example/voicemail' });
  first.notices.send(plan, message(KNOWN));
  await settled();
  first.notices.close();
  first.notices.send(plan, message(KNOWN, 'm2'));
  await settled();
  expect(first.clock.pending).toBe(0);
  expect(first.told).toHaveLength(1);
  expect([...first.kept.keys()]).toEqual(['m1-webhook']);
  const second = desk([], first.kept);
  second.live({ webhook: 'https://crm.example/mended' });
  await second.notices.resume();
  await settled();
  expect(second.told.map(({ url, json }) => [url, (JSON.parse(json) as { id: string }).id])).toEqual([['https://crm.example/mended', 'm1']]);
  expect(second.kept.size).toBe(0);
});

test('a notice whose mailbox names nobody any more, and a file that is none, are dropped', async () => {
  const kept = new Map<string, unknown>([['m1-webhook', { way: 'webhook', message: message(KNOWN) }], ['m2-email', { way: 'email' }], ['m3-email', { way: 'email', message: message(KNOWN, 'other') }], ['m4-email', null]]);
  const { notices, told, mails, live } = desk([], kept);
  live({ email: 'office@example.com' });
  await notices.resume();
  await settled();
  expect([told, mails, kept.size]).toEqual([[], [], 0]);
});

test('a notice that could not be delivered for a day is given up', async () => {
  const { notices, clock, alarms, kept, told, notes, live } = desk(Array.from({ length: 200 }, () => 'it answered 500'));
  notices.send(live({ webhook: 'https://crm.example/voicemail' }), message(KNOWN));
  await clock.run(() => kept.size === 0 && told.length > 0, 2 * 86_400_000);
  expect(told.at(-1)?.atMs).toBeGreaterThanOrEqual(86_400_000);
  expect(told.at(-1)?.atMs).toBeLessThan(86_400_000 + 15 * 60_000);
  expect(notes.at(-1)).toBe('a notice is given up after a day: it answered 500');
  expect(alarms.list()).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

test('a full disk keeps no notice back', async () => {
  const { options, told, notes, live } = desk([]);
  new Notices({ ...options, outbox: { ...options.outbox, put: async () => Promise.reject(new Error('no space')) } }).send(live({ webhook: 'https://crm.example/voicemail' }), message(KNOWN));
  await settled();
  expect(told).toHaveLength(1);
  expect(notes[0]).toBe('a notice is kept in memory alone: no space');
});
