// Which Asterisk is taken on which machine, and what is said when none can be.
import { describe, expect, test } from 'vitest';
import { chooseAsterisk } from '../../../src/app/asterisk.ts';

const ROOT = { platform: 'linux', isRoot: true };
const USER = { platform: 'linux', isRoot: false };
const MAC = { platform: 'darwin', isRoot: true };
const URL = 'http://10.0.0.5:8088';

describe('the choice of an Asterisk', () => {
  test.each([
    ['auto with ARI_URL', 'auto', URL, USER, 'existing', 'ARI_URL is set'],
    ['auto with ARI_URL, though root', 'auto', URL, ROOT, 'existing', 'ARI_URL is set'],
    ['existing', 'existing', URL, USER, 'existing', 'ARI_URL is set'],
    ['auto as root on Linux', 'auto', null, ROOT, 'embedded', 'ARI_URL is not set and this machine allows it (root on Linux)'],
    ['embedded as root on Linux', 'embedded', null, ROOT, 'embedded', 'GENVOICE_ASTERISK asks for it'],
    ['docker as a plain user', 'docker', null, USER, 'docker', 'GENVOICE_ASTERISK asks for the one in Docker'],
    ['docker as root', 'docker', null, ROOT, 'docker', 'GENVOICE_ASTERISK asks for the one in Docker'],
  ] as const)('%s', (_name, asterisk, ariUrl, machine, kind, why) => {
    expect(chooseAsterisk({ asterisk, ariUrl }, machine)).toEqual({ kind, why });
  });

  test('a plain user on Linux is told all three ways out', () => {
    expect(() => chooseAsterisk({ asterisk: 'auto', ariUrl: null }, USER)).toThrow(
      [
        'There is no Asterisk to use: ARI_URL is not set, and our own needs root (for a mount namespace and a user of its own). One of these mends it:',
        '  start as root: sudo npm start',
        '  use Docker: docker compose -f docker/compose.yaml up --build',
        '  use an Asterisk 22 that you have: set ARI_URL and ARI_PASSWORD; "npm run -s genvoice -- attach --print" shows what to add there',
      ].join('\n'),
    );
  });

  test('on another system root is no way out', () => {
    expect(() => chooseAsterisk({ asterisk: 'auto', ariUrl: null }, MAC)).toThrow(/our own needs Linux\./);
    expect(() => chooseAsterisk({ asterisk: 'embedded', ariUrl: null }, MAC)).not.toThrow(/sudo/);
  });

  test('existing without an address names the setting', () => {
    expect(() => chooseAsterisk({ asterisk: 'existing', ariUrl: null }, ROOT)).toThrow(/^GENVOICE_ASTERISK=existing needs ARI_URL/);
  });
});
