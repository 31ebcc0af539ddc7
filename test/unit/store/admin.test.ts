// Plan history, secrets and voicemail, each on a data folder of its own.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VoicemailMessage } from '../../../src/ports/records.ts';
import { dataPaths, openDataFolder } from '../../../src/store/data-folder.ts';
import type { DataPaths } from '../../../src/store/data-folder.ts';
import { PlanHistory } from '../../../src/store/plan-history.ts';
import { openSecrets } from '../../../src/store/secrets.ts';
import type { Secrets } from '../../../src/store/secrets.ts';
import { openVoicemail } from '../../../src/store/voicemail/voicemail-store.ts';
import type { VoicemailStore } from '../../../src/store/voicemail/voicemail-store.ts';

let paths: DataPaths;
let nowMs: number;
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'genvoice-admin-'));
  openDataFolder({ folder, onAlarm: () => undefined, minFreeBytes: 0 }).close();
  paths = dataPaths(folder);
  nowMs = 1_760_000_000_000;
});
afterEach(() => rmSync(paths.folder, { recursive: true }));

describe('plan history', () => {
  const draft = (text: string, basedOn: string | null) => ({
    text,
    hash: `h:${text}`,
    by: 'ann',
    reason: 'why',
    basedOn,
  });
  let history: PlanHistory;
  beforeEach(() => {
    history = new PlanHistory(paths.databases.admin, () => nowMs);
  });
  afterEach(() => history.close());

  it('knows how long a mailbox kept its messages, also when it has left the plan', async () => {
    const textOf = (mailboxes: object): string => JSON.stringify({ mailboxes });
    await history.publish('acme', { ...draft('one', null), text: textOf({ office: { retentionDays: 7 }, hall: {} }) });
    await history.publish('acme', { ...draft('two', 'h:one'), text: textOf({ office: { retentionDays: 14 } }) });
    await history.publish('acme', { ...draft('three', 'h:two'), text: '{"no": "mailboxes"}' });
    expect(await Promise.all(['office', 'hall', 'never'].map((box) => history.retentionDaysOf('acme', box, 90)))).toEqual([14, 90, null]);
    expect(await history.retentionDaysOf('bolt', 'office', 90)).toBeNull();
  });

  it('numbers versions per customer and gives back every one', async () => {
    expect(await history.publish('acme', draft('one', null))).toEqual({ kind: 'published', version: 1 });
    expect(await history.publish('acme', draft('two 🐈', 'h:one'))).toEqual({ kind: 'published', version: 2 });
    expect(await history.publish('bolt', draft('one', null))).toEqual({ kind: 'published', version: 1 });
    expect(await history.current('acme')).toEqual({
      customer: 'acme',
      version: 2,
      hash: 'h:two 🐈',
      by: 'ann',
      reason: 'why',
      publishedAtMs: nowMs,
      text: 'two 🐈',
    });
    expect((await history.get('acme', 1))?.text).toBe('one');
    expect((await history.get('acme', 'h:one'))?.version).toBe(1);
    expect(await history.get('acme', 9)).toBeNull();
    expect(await history.current('nobody')).toBeNull();
    expect((await history.list('acme')).map(({ version }) => version)).toEqual([2, 1]);
    expect(await history.customers()).toEqual(['acme', 'bolt']);
  });

  it('refuses a write that was based on something else, and shows what is current', async () => {
    await history.publish('acme', draft('one', null));
    await history.publish('acme', draft('two', 'h:one'));
    expect(await history.publish('acme', draft('three', 'h:one'))).toMatchObject({
      kind: 'conflict',
      current: { version: 2, hash: 'h:two' },
    });
    expect(await history.publish('acme', draft('three', null))).toMatchObject({ kind: 'conflict' });
    expect(await history.publish('new', draft('x', 'h:y'))).toEqual({ kind: 'conflict', current: null });
    expect(await history.list('acme')).toHaveLength(2);
  });

  it('lets exactly one of several writers win', async () => {
    await history.publish('acme', draft('base', null));
    const other = new PlanHistory(paths.databases.admin);
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? history : other).publish('acme', draft(`by ${n}`, 'h:base'))),
    );
    expect(results.filter(({ kind }) => kind === 'published')).toEqual([{ kind: 'published', version: 2 }]);
    await other.close();
  });

  it('makes no version of what is current already, and a new one when an old one is restored', async () => {
    await history.publish('acme', draft('one', null));
    expect(await history.publish('acme', draft('one', 'h:one'))).toEqual({ kind: 'unchanged', version: 1 });
    await history.publish('acme', draft('two', 'h:one'));
    expect(await history.restore('acme', 1, 'bob', 'h:two')).toEqual({ kind: 'published', version: 3 });
    expect(await history.current('acme')).toMatchObject({
      version: 3,
      text: 'one',
      by: 'bob',
      reason: 'restored version 1',
    });
    await expect(history.restore('acme', 9, 'bob', 'h:one')).rejects.toMatchObject({ fault: 'unknown' });
  });

  it.each(['', '../x', 'a/b', 'a\u0000b', '.hidden', 'x'.repeat(65)])('refuses the customer %j', async (customer) => {
    await expect(history.publish(customer, draft('one', null))).rejects.toMatchObject({
      fault: 'refused',
      message: expect.stringContaining('customer'),
    });
  });
});

describe('secrets', () => {
  let secrets: Secrets;
  const open = () =>
    openSecrets({
      adminFile: paths.databases.admin,
      apiKeyFile: paths.apiKey,
      ariPasswordFile: paths.ariPassword,
      nowMs: () => nowMs,
    });
  beforeEach(async () => {
    secrets = await open();
  });
  afterEach(() => secrets.close());

  it('keeps of a phone the digests alone', async () => {
    const { password, ...phone } = await secrets.createPhoneSecret('acme', '201');
    expect(password).toMatch(/^[a-zA-Z2-9]{20}$/);
    expect(phone).toMatchObject({ sipUser: 'acme-201', realm: 'genvoice' });
    for (const [method, digest] of [
      ['md5', phone.ha1Md5],
      ['sha256', phone.ha1Sha256],
    ] as const) {
      expect(digest).toBe(createHash(method).update(`acme-201:genvoice:${password}`).digest('hex'));
    }
    expect(await secrets.getPhone('acme', '201')).toEqual(phone);
    const onDisk = readdirSync(paths.folder).filter((name) => name.startsWith('admin.db'));
    for (const name of onDisk) expect(readFileSync(join(paths.folder, name)).includes(password)).toBe(false);
  });

  it('gives every phone that is asked for, those without a password with one that nobody knows, and makes none twice', async () => {
    const { password: _password, ...kept } = await secrets.createPhoneSecret('acme', '201');
    const first = await secrets.phonesOf('acme', ['201', '202', '203']);
    expect([...first.keys()].sort()).toEqual(['201', '202', '203']);
    expect(first.get('201')).toEqual(kept);
    expect(first.get('202')?.ha1Md5).not.toBe(first.get('203')?.ha1Md5);
    expect(await secrets.phonesOf('acme', ['202', '203'])).toEqual(first);
    expect(await secrets.listPhones('bolt')).toEqual([]);
    await expect(secrets.phonesOf('acme', ['../1'])).rejects.toMatchObject({ fault: 'refused' });
  });

  it('lists, replaces and deletes phones, customer by customer', async () => {
    const old = await secrets.createPhoneSecret('acme', '201');
    const fresh = await secrets.createPhoneSecret('acme', '201');
    await secrets.createPhoneSecret('bolt', '201');
    expect(fresh.ha1Md5).not.toBe(old.ha1Md5);
    expect((await secrets.getPhone('acme', '201'))?.ha1Md5).toBe(fresh.ha1Md5);
    expect(await secrets.listPhones()).toHaveLength(2);
    expect(await secrets.listPhones('bolt')).toHaveLength(1);
    expect(await secrets.deletePhone('acme', '201')).toBe(true);
    expect(await secrets.deletePhone('acme', '201')).toBe(false);
    expect(await secrets.getPhone('acme', '201')).toBeNull();
    await expect(secrets.createPhoneSecret('acme', '../1')).rejects.toMatchObject({ fault: 'refused' });
  });

  it('knows its API keys, also after a restart, until they are deleted', async () => {
    const { secret, ...key } = await secrets.createApiKey('dashboard', 'read');
    expect(secrets.verifyApiKey(secret)).toEqual(key);
    const again = await open();
    expect(again.verifyApiKey(secret)).toEqual(key);
    await again.close();
    expect(await secrets.deleteApiKey(key.id)).toBe(true);
    expect(secrets.verifyApiKey(secret)).toBeNull();
    await expect(secrets.createApiKey('x', 'Read All')).rejects.toMatchObject({ fault: 'refused' });
  });

  it('takes nothing else for a key', async () => {
    const { secret, id } = await secrets.createApiKey('x', 'admin');
    const lastChanged = `${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`;
    for (const other of [
      '',
      'gv_',
      lastChanged,
      `${secret} `,
      secret.toUpperCase(),
      `gv_${id}_`,
      '🐈'.repeat(100_000),
    ]) {
      expect(secrets.verifyApiKey(other)).toBeNull();
    }
  });

  it('writes the local key once, and a new one when the file no longer opens anything', async () => {
    const first = await secrets.ensureLocalApiKey();
    expect(await secrets.ensureLocalApiKey()).toBe(first);
    expect(statSync(paths.apiKey).mode & 0o777).toBe(0o600);
    expect(readFileSync(paths.apiKey, 'utf8')).toBe(`${first}\n`);
    writeFileSync(paths.apiKey, 'nonsense');
    const second = await secrets.ensureLocalApiKey();
    expect(secrets.verifyApiKey(second)).toMatchObject({ scope: 'admin' });
    expect(readFileSync(paths.apiKey, 'utf8')).toBe(`${second}\n`);
    expect(secrets.ensureAriPassword()).toHaveLength(32);
    expect(secrets.ensureAriPassword()).toBe(secrets.ensureAriPassword());
    expect(statSync(paths.ariPassword).mode & 0o777).toBe(0o600);
  });
});

describe('voicemail', () => {
  let store: VoicemailStore;
  const wav = Buffer.concat([Buffer.from('RIFF\u0024\u0000\u0000\u0000WAVEfmt '), Buffer.alloc(60)]);
  const message = (id: string, more: Partial<VoicemailMessage> = {}): Omit<VoicemailMessage, 'file'> => ({
    id,
    customer: 'acme',
    mailbox: 'sales',
    callId: `call-${id}`,
    caller: { number: { kind: 'withheld' } },
    receivedAtMs: nowMs,
    durationMs: 4000,
    isNew: true,
    ...more,
  });
  beforeEach(async () => {
    store = await openVoicemail({
      adminFile: paths.databases.admin,
      folder: paths.voicemail,
      mediaUriOf: (file) => `sound:${file}`,
      nowMs: () => nowMs,
    });
  });
  afterEach(() => store.close());

  it('keeps audio and message, customer by customer, oldest first', async () => {
    const kept = await store.addMessage(message('m1'), wav);
    expect(kept.file).toBe('sales/m1.wav');
    await store.addMessage(message('m0', { receivedAtMs: nowMs - 1 }), wav);
    await store.addMessage(message('m2', { customer: 'bolt' }), wav);
    expect((await store.listMessages('acme', 'sales')).map(({ id }) => id)).toEqual(['m0', 'm1']);
    expect((await store.listMessages('acme', 'sales'))[1]).toEqual(kept);
    const media = await store.mediaOf(kept);
    expect(media).toBe(`sound:${join(paths.voicemail, 'acme/sales/m1.wav')}`);
    expect(readFileSync(media.slice('sound:'.length))).toEqual(wav);
    expect(await store.usage('acme', 'sales')).toEqual({
      messages: 2,
      newMessages: 2,
      bytes: 2 * wav.length,
      durationMs: 8000,
    });
    expect(await store.isFull('acme', 'sales', 2)).toBe(true);
    expect(await store.isFull('acme', 'sales', 3)).toBe(false);
  });

  it('marks as heard, deletes and purges by age, audio included', async () => {
    for (const [n, id] of ['old', 'mid', 'new'].entries())
      await store.addMessage(message(id, { receivedAtMs: nowMs - 3000 + n * 1000 }), wav);
    await store.markHeard('mid');
    expect((await store.listMessages('acme', 'sales')).map(({ isNew }) => isNew)).toEqual([true, false, true]);
    expect(await store.purge('acme', 'sales', 2500)).toBe(1);
    await store.deleteMessage('mid');
    await store.deleteMessage('never');
    expect(readdirSync(join(paths.voicemail, 'acme/sales'))).toEqual(['new.wav']);
  });

  it('refuses names that leave the folder, audio that is none, and a second message with one id', async () => {
    const bad = ['../../etc', 'a/b', '..', '', 'x\u0000', '/abs'];
    for (const name of bad) {
      await expect(store.addMessage(message('m1', { customer: name }), wav)).rejects.toMatchObject({
        fault: 'refused',
      });
      await expect(store.addMessage(message('m1', { mailbox: name }), wav)).rejects.toMatchObject({ fault: 'refused' });
      await expect(store.addMessage(message(name), wav)).rejects.toMatchObject({ fault: 'refused' });
      await expect(store.mediaOf({ ...message('m1', { mailbox: name }), file: 'x' })).rejects.toMatchObject({
        fault: 'refused',
      });
    }
    await expect(store.addMessage(message('m1'), Buffer.alloc(100))).rejects.toMatchObject({ fault: 'refused' });
    await store.addMessage(message('m1'), wav);
    await expect(store.addMessage(message('m1'), wav)).rejects.toMatchObject({ fault: 'refused' });
    expect(await store.listMessages('acme', 'sales')).toHaveLength(1);
  });

  it('removes audio that was never finished when it opens', async () => {
    await store.addMessage(message('m1'), wav);
    const half = join(paths.voicemail, 'acme/sales/m2.wav.0011.unfinished');
    writeFileSync(half, 'half');
    const again = await openVoicemail({
      adminFile: paths.databases.admin,
      folder: paths.voicemail,
      mediaUriOf: (file) => file,
    });
    expect(existsSync(half)).toBe(false);
    expect(await again.listMessages('acme', 'sales')).toHaveLength(1);
    await again.close();
  });

  it('checks a PIN, keeps only its hash, and takes none of another form', async () => {
    expect(await store.checkPin('acme', 'sales', '1234')).toBe('not-set');
    await store.setPin('acme', 'sales', '4711');
    expect(await store.checkPin('acme', 'sales', '4711')).toBe('right');
    expect(await store.checkPin('acme', 'sales', '4712')).toBe('wrong');
    expect(await store.checkPin('bolt', 'sales', '4711')).toBe('not-set');
    for (const pin of ['', '123', '12a4', '1'.repeat(13)]) {
      await expect(store.setPin('acme', 'sales', pin)).rejects.toMatchObject({
        fault: 'refused',
        message: expect.stringContaining('pin'),
      });
    }
  });

  it('locks a mailbox for 15 minutes after 5 wrong attempts, side by side too', async () => {
    await store.setPin('acme', 'sales', '4711');
    const tries = await Promise.all(Array.from({ length: 9 }, () => store.tryPin('acme', 'sales', '0000')));
    expect(
      tries
        .filter(({ kind }) => kind === 'wrong')
        .map((check) => (check.kind === 'wrong' ? check.attemptsLeft : -1))
        .toSorted((a, b) => a - b),
    ).toEqual([1, 2, 3, 4]);
    expect(tries.filter(({ kind }) => kind === 'locked')).toHaveLength(5);
    expect(await store.tryPin('acme', 'sales', '4711')).toEqual({ kind: 'locked', untilMs: nowMs + 15 * 60_000 });
    nowMs += 15 * 60_000;
    expect(await store.tryPin('acme', 'sales', '0000')).toEqual({ kind: 'wrong', attemptsLeft: 4 });
    expect(await store.tryPin('acme', 'sales', '4711')).toEqual({ kind: 'right' });
    expect(await store.tryPin('acme', 'sales', '0000')).toEqual({ kind: 'wrong', attemptsLeft: 4 });
  });

  it('ends a lock when a new PIN is set', async () => {
    await store.setPin('acme', 'sales', '4711');
    for (let n = 0; n < 5; n += 1) await store.tryPin('acme', 'sales', '0000');
    await store.setPin('acme', 'sales', '815300');
    expect(await store.checkPin('acme', 'sales', '815300')).toBe('right');
  });
});
