import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readInstanceRecord, removeInstanceFolder, writeInstanceRecord } from '../../../src/embedded/instance-folder.ts';
import { isRunning, portsInUse, processIdentity } from '../../../src/embedded/processes.ts';
import { hostMirror } from '../../../src/embedded/root-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gv-host-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('hostMirror', () => {
  test.each([
    ['deb822', 'debian.sources', 'Types: deb\n# http://old.example/debian\nURIs: http://mirror.example/debian\nSuites: bookworm\n', 'http://mirror.example/debian'],
    ['one line', 'a.list', 'deb [arch=amd64] https://mirror.example/pub/debian/ bookworm main\n', 'https://mirror.example/pub/debian'],
    ['security alone', 'a.list', 'deb http://security.example/debian bookworm-security main\n', null],
    ['Ubuntu', 'ubuntu.sources', 'URIs: http://archive.example/ubuntu\n', null],
    ['a file that apt does not read', 'a.list.save', 'deb http://old.example/debian x main\n', null],
  ])('%s', (_, name, text, mirror) => {
    mkdirSync(join(folder, 'sources.list.d'));
    writeFileSync(join(folder, 'sources.list.d', name), text);
    expect(hostMirror(folder)).toBe(mirror);
  });

  test('no sources at all', () => {
    expect(hostMirror(join(folder, 'nothing'))).toBe(null);
  });
});

describe('processes', () => {
  test('our own process runs; the same pid with another start does not', () => {
    const me = processIdentity(process.pid) ?? expect.fail('no identity');
    expect(isRunning(me)).toBe(true);
    expect(isRunning({ ...me, startTicks: me.startTicks - 1 })).toBe(false);
    expect(processIdentity(2 ** 30)).toBeUndefined();
  });

  test('no port 0 is ever in use', () => {
    expect(portsInUse('tcp').has(0)).toBe(false);
  });
});

describe('instance record', () => {
  const record = { process: { pid: process.pid, startTicks: 1 }, sip: { host: '127.0.0.1', port: 1 }, ari: { host: '127.0.0.1', port: 2, user: 'u', password: 'p' }, rtp: { start: 1, end: 2 }, owner: { userId: 1, groupId: 1 } };

  test('comes back as written', () => {
    writeInstanceRecord(folder, record);
    expect(readInstanceRecord(folder)).toEqual(record);
  });

  test.each(['', '{', 'null', '{"process":{}}', '[]'])('%j is no record', (text) => {
    writeFileSync(join(folder, 'instance.json'), text);
    expect(readInstanceRecord(folder)).toBeUndefined();
  });

  test('a folder whose process has gone is deleted, one whose process runs is not', () => {
    writeInstanceRecord(folder, { ...record, process: processIdentity(process.pid) ?? expect.fail('no identity') });
    expect(() => removeInstanceFolder(folder)).toThrow('stop it');
    writeInstanceRecord(folder, record);
    removeInstanceFolder(folder);
    expect(readInstanceRecord(folder)).toBeUndefined();
  });
});
