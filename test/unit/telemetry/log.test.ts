import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openLogFile } from '../../../src/telemetry/log-file.ts';
import { callFields, createLog, digitsForLog, maskNumbers, outsideText } from '../../../src/telemetry/log.ts';

function collect(numbers: 'full' | 'masked' = 'full', level: 'info' | 'silent' = 'info') {
  const lines: string[] = [];
  const log = createLog({ level, numbers, file: { write: (line) => void lines.push(line) } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown> };
}

describe('log lines', () => {
  test('are bound to the call and carry ISO time and the level in words', () => {
    const { log, last } = collect();
    log.info({ ...callFields('7f3a', 'acme'), step: 'main-menu' }, 'key 1');
    expect(last()).toMatchObject({ level: 'info', call: '7f3a', customer: 'acme', step: 'main-menu', msg: 'key 1' });
    expect(last()['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test('below the level nothing is written', () => {
    const { log, lines } = collect('full', 'silent');
    log.fatal('x');
    expect(lines).toEqual([]);
  });

  test('hide secret fields, one level down too', () => {
    const { log, lines } = collect();
    log.info({ password: 'hunter2', phone: { pin: 'hunter2', ha1Md5: 'hunter2' }, headers: { Authorization: 'Basic hunter2', 'X-Api-Key': 'hunter2' } }, 'x');
    expect(lines.join('')).not.toContain('hunter2');
  });

  test('hide secret fields of errors and of what a child is bound to', () => {
    const { log, lines, last } = collect();
    const error = Object.assign(new Error('refused'), { password: 'hunter2', code: 'E1' });
    log.error(error);
    log.info({ err: error, cause: error }, 'x');
    expect(last()).toMatchObject({ err: { type: 'Error', message: 'refused', code: 'E1', password: '(hidden)' } });
    log.child({ secret: 'hunter2', a: { cookie: 'hunter2' } }).child({ token: 'hunter2', call: '7f3a' }).info({ o: { pin: 'hunter2' } }, 'x');
    expect(last()).toMatchObject({ call: '7f3a', secret: '(hidden)' });
    expect(lines.join('')).not.toContain('hunter2');
  });

  test('never hold a raw control, direction or invisible character, whatever the field', () => {
    const nasty = 'a\r\nb\u001b[31mc\u009b31md\u202ee\u2066f\u200bg\ufeffh\u2028i';
    const { log, lines, last } = collect();
    log.info({ name: nasty, sip: { From: nasty, big: 'x'.repeat(100_000), deep: { a: nasty } }, headers: nasty }, nasty);
    const line = lines[0] ?? '';
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(line).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+\n$/);
    expect(line.length).toBeLessThan(3000);
    expect(last()['name']).toBe(nasty);
  });

  test.each([
    ['+441632960018', '+441632960•••'],
    ['from 07700 900123 to 020 7946 0018', 'from 07700 900••• to 020 7946 0•••'],
    ['sip:+441632960018@192.0.2.1', 'sip:+441632960•••@192.0.2.1'],
    ['tel:01632960018;x', 'tel:01632960•••;x'],
    ['00441632960018', '00441632960•••'],
    ['441632960018', '441632960•••'],
    ['+33 1 23 45 67 89', '+33 1 23 45 6• ••'],
    ['{"x":"\\n01632960018"}', '{"x":"\\n01632960•••"}'],
    ['2026-12-25T10:00:00.000Z', '2026-12-25T10:00:00.000Z'],
    ['call 01jd3k9x2m4p7q8rs took 1732300000123', 'call 01jd3k9x2m4p7q8rs took 1732300000123'],
    ['0123456789abcdef0123456789abcdef', '0123456789abcdef0123456789abcdef'],
    ['201 202 999', '201 202 999'],
    ['took 0.0123456789 s', 'took 0.0123456789 s'],
  ])('masked numbers: %s', (text, masked) => {
    expect(maskNumbers(text)).toBe(masked);
  });

  test('the setting masks numbers in fields and in sentences', () => {
    const { log, last } = collect('masked');
    log.info({ ddi: '+441632960018', sip: { From: 'sip:+447700900123@x' } }, 'from 07700 900123');
    expect(last()).toMatchObject({ ddi: '+441632960•••', sip: { From: 'sip:+447700900•••@x' }, msg: 'from 07700 900•••' });
  });

  test('secret digits leave only their count', () => {
    expect(digitsForLog('4711', true)).toBe('••••');
    expect(digitsForLog('4711', false)).toBe('4711');
    expect(digitsForLog('1'.repeat(10_000), true)).toHaveLength(64);
  });

  test('text from outside is escaped and bounded', () => {
    expect(outsideText('Al\u0007ice\r\nBye')).toBe('Al\\x07ice\\x0d\\x0aBye');
    expect(outsideText('x'.repeat(1_000_000))).toHaveLength(256 + '… (1000000 characters)'.length);
  });
});

describe('log file', () => {
  const folders: string[] = [];
  const folder = () => {
    const made = mkdtempSync(join(tmpdir(), 'gv-log-'));
    folders.push(made);
    return made;
  };
  afterEach(() => {
    for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
  });

  test('rotates by size, keeps so many, and loses no line', async () => {
    const file = join(folder(), 'log', 'genvoice.log');
    const out = await openLogFile({ file, maxBytes: 10_000, keep: 3 });
    let written = 0;
    for (let round = 0; round < 4; round += 1) {
      for (let at = 0; at < 100; at += 1) out.write(`${String((written += 1)).padStart(99, '.')}\n`);
      await out.flush();
    }
    out.close();
    const names = readdirSync(join(file, '..')).sort();
    expect(names).toEqual(['genvoice.log', 'genvoice.log.1', 'genvoice.log.2', 'genvoice.log.3']);
    const kept = names.reverse().flatMap((name) => readFileSync(join(file, '..', name), 'utf8').split('\n').filter(Boolean));
    expect(kept.map((line) => Number(line.replace(/\./g, '')))).toEqual(Array.from({ length: 400 }, (_, at) => at + 1));
    expect(out.dropped).toBe(0);
  });

  test('a file that is full already is rotated at opening, the oldest goes', async () => {
    const file = join(folder(), 'genvoice.log');
    for (const text of ['one', 'two', 'three', 'four']) {
      const out = await openLogFile({ file, maxBytes: 3, keep: 2 });
      out.write(text);
      await out.flush();
      out.close();
    }
    const names = readdirSync(join(file, '..')).sort();
    expect(names.every((name) => ['genvoice.log', 'genvoice.log.1', 'genvoice.log.2'].includes(name))).toBe(true);
    expect(names.map((name) => readFileSync(join(file, '..', name), 'utf8')).join()).toContain('four');
    expect(names.map((name) => readFileSync(join(file, '..', name), 'utf8')).join()).not.toContain('one');
  });

  test('a disk that is full is told, costs memory up to a bound, and never throws', async () => {
    // A link in the test's own folder: nothing done to the log file can reach the device itself.
    const file = join(folder(), 'genvoice.log');
    symlinkSync('/dev/full', file);
    const told = Promise.withResolvers<string>();
    const out = await openLogFile({ file, onFault: (fault) => fault !== null && told.resolve(fault) });
    const line = `${'x'.repeat(99_999)}\n`;
    for (let at = 0; at < 100; at += 1) out.write(line);
    expect(await told.promise).toMatch(/ENOSPC/);
    await out.flush();
    out.close();
    out.write('after the end');
    expect(out.dropped).toBeGreaterThan(0);
    expect(lstatSync('/dev/full').isCharacterDevice()).toBe(true);
  });

  test('a rotation that fails costs no line, is told, and is over when the next one works', async () => {
    const file = join(folder(), 'genvoice.log');
    const faults: (string | null)[] = [];
    const out = await openLogFile({ file, maxBytes: 1, keep: 1, onFault: (fault) => faults.push(fault) });
    const say = async (line: string) => {
      out.write(`${line}\n`);
      await out.flush();
    };
    await say('one');
    // A folder where the old file would go.
    mkdirSync(join(`${file}.1`, 'x'), { recursive: true });
    await say('two');
    expect(faults).toHaveLength(1);
    rmSync(`${file}.1`, { recursive: true });
    await say('three');
    out.close();
    expect(faults.at(-1)).toBeNull();
    expect([readFileSync(`${file}.1`, 'utf8'), readFileSync(file, 'utf8')]).toEqual(['one\ntwo\n', 'three\n']);
  });

  test('what waits at the end is written by close alone', async () => {
    const file = join(folder(), 'genvoice.log');
    const out = await openLogFile({ file });
    out.write('last words\n');
    out.close();
    expect(readFileSync(file, 'utf8')).toBe('last words\n');
  });

  test('what is no ordinary file is never renamed, however much is written', async () => {
    const file = join(folder(), 'genvoice.log');
    symlinkSync('/dev/null', file);
    const out = await openLogFile({ file, maxBytes: 10, keep: 2 });
    for (let at = 0; at < 20; at += 1) {
      out.write('more than ten characters\n');
      await out.flush();
    }
    out.close();
    expect(readdirSync(join(file, '..'))).toEqual(['genvoice.log']);
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
  });
});
