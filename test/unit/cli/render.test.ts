// Small parts: tables, formats, marks, and what hostile text may do to a terminal.
import { describe, expect, test } from 'vitest';
import {
  clockTime,
  count,
  dateTime,
  duration,
  latency,
  parseDuration,
  phone,
  plain,
  zoneName,
} from '../../../src/cli/format.ts';
import { mark, toAscii } from '../../../src/cli/marks.ts';
import { createSay } from '../../../src/cli/say.ts';
import { table } from '../../../src/cli/table.ts';

const COLUMNS = [{ head: 'Id' }, { head: 'Length', align: 'right' }, { head: 'Where', mayCut: true }] as const;
const ROWS = [
  ['7f3a', '42 s', 'ended by caller, normal clearing (16), fault: none'],
  ['81c0aa', '3 min 05 s', 'Münchner Straße'],
];

describe('table', () => {
  test('piped: no heading, every value in full', () => {
    expect(table(COLUMNS, ROWS, null)).toBe(
      '7f3a          42 s  ended by caller, normal clearing (16), fault: none\n81c0aa  3 min 05 s  Münchner Straße\n',
    );
  });
  test('on a wide terminal: with a heading', () => {
    expect(table(COLUMNS, ROWS, 80)).toBe(
      'Id          Length  Where\n7f3a          42 s  ended by caller, normal clearing (16), fault: none\n81c0aa  3 min 05 s  Münchner Straße\n',
    );
  });
  test('on a narrow terminal only what may be cut is cut', () => {
    expect(table(COLUMNS, ROWS, 40)).toBe(
      'Id          Length  Where\n7f3a          42 s  ended by caller, no…\n81c0aa  3 min 05 s  Münchner Straße\n',
    );
  });
  test('on a terminal that is too narrow for anything', () => {
    expect(table(COLUMNS, ROWS, 5)).toContain('81c0aa  3 min 05 s  Münchne…');
  });
  test('a line break in a value makes no row', () => {
    expect(table([{ head: 'A' }], [['one\r\ntwo']], null)).toBe('one two\n');
  });
  test('no rows, no heading', () => {
    expect(table(COLUMNS, [], 80)).toBe('');
  });
});

describe('formats', () => {
  test.each([
    ['+442079460018', '020 7946 0018'],
    ['+441632960018', '01632 960018'],
    ['+33123456789', '+33 1 23 45 67 89'],
    ['201', '201'],
    ['\u001b[2Jevil', '[2Jevil'],
  ])('number %s', (given, shown) => {
    expect(phone(given)).toBe(shown);
  });
  test.each([
    [0, '0 s'],
    [42_000, '42 s'],
    [185_000, '3 min 05 s'],
    [4_320_000, '1 h 12 min'],
    [-5, '0 s'],
  ])('duration %i', (ms, shown) => {
    expect(duration(ms)).toBe(shown);
  });
  test('times are the customer’s, by the clock of that day', () => {
    expect(dateTime('2026-11-23T14:03:22.417Z', 'Europe/London')).toBe('Mon 23 Nov 2026 14:03:22');
    expect(dateTime('2026-09-01T14:03:22.417Z', 'Europe/London')).toBe('Tue 1 Sep 2026 15:03:22');
    expect(clockTime('2026-11-23T23:59:59.001Z', 'Europe/London')).toBe('23:59:59.001');
    expect(clockTime('2026-11-23T00:00:00.000Z', 'Europe/London')).toBe('00:00:00.000');
    expect(dateTime('nonsense', 'Europe/London')).toBe('? ?');
    expect(dateTime('2026-11-23T14:03:22.417Z', 'No/Where')).toBe('Mon 23 Nov 2026 14:03:22');
    expect(zoneName('America/New_York')).toBe('New York');
  });
  test.each([
    ['5s', 5000],
    ['500ms', 500],
    ['2m', 120_000],
    ['1.5s', 1500],
    ['7', 7000],
    ['', null],
    ['5 hours', null],
    ['-1s', null],
  ])('length of time %s', (given, ms) => {
    expect(parseDuration(given)).toBe(ms);
  });
  test('figures', () => {
    expect([latency(1240.4), count(1, 'problem'), count(1200, 'step')]).toEqual([
      '1,240 ms',
      '1 problem',
      '1,200 steps',
    ]);
  });
  test('text from outside cannot steer the terminal', () => {
    expect(plain('a\u001b]0;title\u0007b\u202ec\r\nd')).toBe('a]0;titlebc d');
  });
});

describe('streams', () => {
  function saying(env: Record<string, string>, isTTY: boolean, noColour = false): (kind: 'yes' | 'no') => string {
    let out = '';
    const sink = { write: (text: string) => void (out += text), isTTY, columns: 80 };
    const say = createSay({ stdout: sink, stderr: sink, env, isJson: false, noColour });
    return (kind) => {
      say.line(`${say.mark(kind, 'word')} … · •`);
      return out;
    };
  }
  test.each([
    ['a terminal', { LANG: 'en_GB.UTF-8' }, true, false, '\u001b[32m✓ word\u001b[39m … · •\n'],
    ['a pipe', { LANG: 'en_GB.UTF-8' }, false, false, '✓ word … · •\n'],
    ['NO_COLOR', { LANG: 'en_GB.UTF-8', NO_COLOR: '1' }, true, false, '✓ word … · •\n'],
    ['--no-color', { LANG: 'en_GB.UTF-8' }, true, true, '✓ word … · •\n'],
    ['a dumb terminal', { LANG: 'en_GB.UTF-8', TERM: 'dumb' }, true, false, '✓ word … · •\n'],
    ['ASCII', { LC_ALL: 'C', LANG: 'en_GB.UTF-8' }, false, false, 'ok word ... - *\n'],
    ['no locale at all', {}, false, false, '✓ word … · •\n'],
  ])('%s', (_name, env, isTTY, noColour, expected) => {
    expect(saying(env as Record<string, string>, isTTY, noColour)('yes')).toBe(expected);
  });
  test('marks in ASCII', () => {
    const style = { isUtf8: false, hasColour: false };
    expect([mark('yes', style), mark('warn', style), mark('no', style)]).toEqual(['ok', '!', 'x']);
    expect(toAscii('a → ü')).toBe('a -> ?');
  });
});
