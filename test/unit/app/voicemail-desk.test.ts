// What a message brings about besides being kept: lights, its end when it is old, and copies that do not pile up.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VoicemailDesk, type VoicemailDeskOptions } from '../../../src/app/voicemail-desk.ts';
import { MessageCopies } from '../../../src/app/voicemail-media.ts';
import type { VoicemailMessage } from '../../../src/ports/records.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { demoPlans } from './demo-plans.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gv-desk-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const message: VoicemailMessage = {
  id: 'm1', customer: 'bramley-finch', mailbox: 'office', callId: 'c', caller: { number: { kind: 'none' } }, receivedAtMs: 0, durationMs: 3_000, isNew: true, file: 'office/m1.wav',
};

function world(held: Record<string, { messages: number; newMessages: number }>, purged: Record<string, number> = {}, removedBoxes: Record<string, number | null> = {}) {
  const lights: string[] = [];
  const purges: [string, string, number][] = [];
  const dropped: string[] = [];
  const sent: string[] = [];
  const faults: string[] = [];
  const store = {
    usage: async (customer: string, box: string) => ({ messages: 0, newMessages: 0, bytes: 0, durationMs: 0, ...held[`${customer}-${box}`] }),
    purge: async (customer: string, box: string, ageMs: number) => {
      purges.push([customer, box, ageMs]);
      if (purged[`${customer}-${box}`] === -1) throw new Error('disk');
      return purged[`${customer}-${box}`] ?? 0;
    },
    mailboxes: async () => [{ customer: 'bramley-finch', mailbox: 'office' }, ...Object.keys(removedBoxes).map((name) => ({ customer: name.split('/')[0] ?? '', mailbox: name.split('/')[1] ?? '' }))],
    addMessage: async () => message,
    deleteMessage: async () => {},
  } as unknown as VoicemailDeskOptions['store'];
  const notes: [string, unknown][] = [];
  const desk = new VoicemailDesk({
    note: (text, fields) => void notes.push([text, fields]), retentionDaysOf: async (customer, mailbox) => removedBoxes[`${customer}/${mailbox}`] ?? null,
    store, plans: demoPlans(), copies: { drop: async (id) => void dropped.push(id) }, notices: { send: (plan, { id }) => void sent.push(`${plan.customer}/${id}`) },
    telephony: { setMailbox: async (box, fresh, old) => void lights.push(`${box} ${fresh}/${old}`) }, onFault: (_, what) => void faults.push(what),
  });
  return { desk, lights, purges, dropped, sent, faults, notes };
}

test('after a connect the lights of mailboxes with messages are set; dark ones are left alone', async () => {
  const { desk, lights } = world({ 'bramley-finch-office': { messages: 3, newMessages: 1 } });
  await desk.lightAll();
  expect(lights).toEqual(['bramley-finch-office 1/2']);
});

test('a light that was on goes out when its mailbox is empty at the next connect', async () => {
  const held = { 'bramley-finch-office': { messages: 1, newMessages: 1 } };
  const { desk, lights } = world(held);
  await desk.lightAll();
  held['bramley-finch-office'] = { messages: 0, newMessages: 0 };
  await desk.lightAll();
  await desk.lightAll();
  expect(lights).toEqual(['bramley-finch-office 1/0', 'bramley-finch-office 0/0']);
});

test('old messages go by the days of their mailbox, the light follows, and a fault at one stops no other', async () => {
  const { desk, lights, purges, faults } = world({}, { 'bramley-finch-office': -1, 'harbour-dental-practice': 2 });
  expect(await desk.purgeOld()).toBe(2);
  expect(purges).toEqual([['bramley-finch', 'office', 60 * 86_400_000], ['harbour-dental', 'practice', 90 * 86_400_000]]);
  expect(lights).toEqual(['harbour-dental-practice 0/0']);
  expect(faults).toEqual(['old messages of office of bramley-finch could not be removed']);
});

test('mailboxes that were taken out of a plan keep their days and are named in the log; one that no version had gets the default', async () => {
  const { desk, purges, notes, lights } = world({}, { 'bramley-finch-parts': 3, 'gone-ltd-hall': 0 }, { 'bramley-finch/parts': 14, 'gone-ltd/hall': null });
  expect(await desk.purgeOld()).toBe(3);
  expect(purges.slice(0, 2)).toEqual([['bramley-finch', 'parts', 14 * 86_400_000], ['gone-ltd', 'hall', 90 * 86_400_000]]);
  expect(purges.filter(([customer, box]) => customer === 'bramley-finch' && box === 'office')).toHaveLength(1);
  expect(notes).toEqual([['messages of a mailbox that the plan has no more were removed after their 14 days', { customer: 'bramley-finch', mailbox: 'parts', removed: 3 }]]);
  expect(lights).toEqual([]);
});

test('a kept message is announced, a deleted one loses its copy', async () => {
  const { desk, sent, dropped } = world({});
  await desk.addMessage(message, new Uint8Array());
  await desk.deleteMessage('m1');
  expect([sent, dropped]).toEqual([['bramley-finch/m1'], ['m1']]);
});

test('a copy is readable by Asterisk\'s user, one a message, and gone after use', async () => {
  const clock = new FakeClock(0);
  const audio = join(folder, 'm1.wav');
  await writeFile(audio, 'RIFF', { mode: 0o600 });
  const copies = await MessageCopies.open({ promptFolder: folder, soundRoot: '/genvoice/media', httpBase: 'http://x/media/t', clock });
  const media = await copies.mediaOf(audio, message);
  expect(await copies.mediaOf(audio, message)).toBe(media);
  expect(media).toMatch(/^sound:\/genvoice\/media\/messages\/[0-9a-f]{64}$/);
  const file = join(folder, 'messages', `${media.split('/').at(-1)}.wav`);
  expect(await readFile(file, 'utf8')).toBe('RIFF');
  expect((await stat(file)).mode & 0o777).toBe(0o644);
  expect(clock.pending).toBe(1);
  await clock.run(() => clock.pending === 0);
  await expect.poll(() => readdir(join(folder, 'messages'))).toEqual([]);
});

test('over HTTP the address is one that the media route takes; a start and a close leave nothing', async () => {
  const clock = new FakeClock(0);
  const audio = join(folder, 'm1.wav');
  await writeFile(audio, 'RIFF');
  const open = () => MessageCopies.open({ promptFolder: folder, soundRoot: null, httpBase: 'http://10.0.0.5:8085/media/token', clock });
  expect(await (await open()).mediaOf(audio, message)).toMatch(/^sound:http:\/\/10\.0\.0\.5:8085\/media\/token\/[0-9a-f]{64}\.wav$/);
  const later = await open();
  expect(await readdir(join(folder, 'messages'))).toEqual([]);
  await later.mediaOf(audio, message);
  await later.close();
  expect(await readdir(join(folder, 'messages'))).toEqual([]);
});
