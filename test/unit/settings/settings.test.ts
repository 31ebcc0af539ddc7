import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeSettings, explainProblems, loadSettings, readSettings, SETTINGS } from '../../../src/settings.ts';

const load = (env: Record<string, string>, file: string | null = null) => loadSettings({ env, file });
const problemNames = (env: Record<string, string>, file: string | null = null) => load(env, file).problems.map((problem) => problem.name);

describe('settings', () => {
  test('nothing set gives the documented defaults, deep-frozen', () => {
    const { settings, problems, warnings } = load({});
    expect(problems).toEqual([]);
    expect(warnings).toEqual([]);
    expect(settings).toMatchObject({ sipHost: '127.0.0.1', sipPort: 5060, httpHost: '127.0.0.1', httpPort: 8085, dataFolder: '.genvoice/data', state: 'sqlite', ari: 'own', drainMs: 30_000, codecs: ['alaw', 'ulaw', 'g722'], ariUrl: null, lookupHosts: [] });
    expect(Object.isFrozen(settings)).toBe(true);
    expect(Object.isFrozen(settings?.codecs)).toBe(true);
    expect(Object.isFrozen(settings?.codecs)).toBe(true);
  });

  test('every setting has a meaning and a default that it takes itself', () => {
    for (const entry of Object.values(SETTINGS)) {
      expect(entry.meaning, entry.name).toMatch(/^[A-Z].*\.$/);
      expect(entry.read.safeParse(entry.default).success, entry.name).toBe(true);
    }
  });

  test('the environment wins over the file, and set but empty is not set', () => {
    const file = 'GENVOICE_SIP_PORT=5070\nGENVOICE_HTTP_PORT=8090\n';
    const { settings, rows } = load({ GENVOICE_SIP_PORT: '5080', GENVOICE_HTTP_PORT: '' }, file);
    expect(settings?.sipPort).toBe(5080);
    expect(settings?.httpPort).toBe(8090);
    expect(rows.find((row) => row.name === 'GENVOICE_SIP_PORT')?.from).toBe('environment');
    expect(rows.find((row) => row.name === 'GENVOICE_HTTP_PORT')?.from).toBe('genvoice.env');
    expect(rows.find((row) => row.name === 'GENVOICE_DATA')?.from).toBe('default');
  });

  test.each([
    ['GENVOICE_DATA=/a b', '/a b'],
    ['GENVOICE_DATA="/a b" # where it lies', '/a b'],
    ["  export GENVOICE_DATA = '/a#b'", '/a#b'],
    ['GENVOICE_DATA=/pa#ss # comment', '/pa#ss'],
    ['GENVOICE_DATA="/say \\"hi\\""', '/say "hi"'],
    ['\uFEFF# first\r\n\r\nGENVOICE_DATA=/x\r\n', '/x'],
  ])('reads the line %j', (line, value) => {
    expect(load({}, line)).toMatchObject({ problems: [], settings: { dataFolder: value } });
  });

  test.each([
    ['no equals sign', 'GENVOICE_DATA=/x\nsecret words\n', 'genvoice.env:2'],
    ['an open quote', 'GENVOICE_DATA="/x\n', 'genvoice.env:1'],
    ['a name twice', 'GENVOICE_DATA=/x\nGENVOICE_DATA=/y\n', 'genvoice.env:2'],
    ['an unknown name of ours', 'GENVOICE_HTTP_PROT=1\n', 'GENVOICE_HTTP_PROT'],
    ['a huge file', `#${'x'.repeat(300_000)}`, 'genvoice.env'],
  ])('a file with %s is refused, naming the place', (_, file, name) => {
    expect(problemNames({}, file)).toEqual([name]);
    expect(explainProblems(load({}, file).problems)).not.toContain('secret words');
  });

  test.each([
    ['GENVOICE_SIP_PORT', '99999'],
    ['GENVOICE_SIP_PORT', '5060.5'],
    ['GENVOICE_SIP_HOST', 'example.com'],
    ['GENVOICE_HTTP_HOST', 'a b'],
    ['GENVOICE_ARI', 'other'],
    ['ARI_APP', 'a,b'],
    ['GENVOICE_LOCAL_NETS', '10.0.0.0/33'],
    ['GENVOICE_CODECS', 'alaw,mp3'],
    ['GENVOICE_CODECS', ','],
    ['GENVOICE_RTP_PORTS', '20000'],
    ['GENVOICE_RTP_PORTS', '30000-20000'],
    ['GENVOICE_IPV6', 'maybe'],
    ['GENVOICE_DRAIN_MS', '-1'],
    ['GENVOICE_LOOKUP_HOSTS', 'https://crm.example'],
    ['GENVOICE_MEDIA_URL', 'ftp://x'],
    ['GENVOICE_EXTERNAL_ADDRESS', '300.1.1.1'],
    ['GENVOICE_PLANS', '/x\0y'],
    ['GENVOICE_DATA', `/${'x'.repeat(5000)}`],
  ])('%s=%s is refused by name with a mend', (name, value) => {
    const { settings, problems } = load({ [name]: value });
    expect(settings).toBeNull();
    expect(problems).toHaveLength(1);
    expect(problems[0]?.name).toBe(name);
    expect(problems[0]?.hint.length).toBeGreaterThan(5);
  });

  test.each([
    [{ GENVOICE_ASTERISK: 'existing' }, 'ARI_URL'],
    [{ GENVOICE_ASTERISK: 'docker', ARI_URL: 'http://10.0.0.1:8088', ARI_PASSWORD: 'x' }, 'ARI_URL'],
    [{ ARI_URL: 'http://10.0.0.1:8088' }, 'ARI_PASSWORD'],
    [{ ARI_URL: 'http://me:pw@10.0.0.1:8088', ARI_PASSWORD: 'x' }, 'ARI_URL'],
    [{ GENVOICE_STATE: 'redis' }, 'REDIS_URL'],
    [{ GENVOICE_SIP_TLS_CERT: '/c.pem' }, 'GENVOICE_SIP_TLS_KEY'],
    [{ GENVOICE_SRTP: 'yes' }, 'GENVOICE_SRTP'],
    [{ GENVOICE_HTTP_PORT: '5060' }, 'GENVOICE_HTTP_PORT'],
    [{ GENVOICE_SIP_PORT: '20500', GENVOICE_RTP_PORTS: '20000-29999' }, 'GENVOICE_SIP_PORT'],
    [{ GENVOICE_LOOKUP_PRIVATE: 'true' }, 'GENVOICE_LOOKUP_PRIVATE'],
  ])('settings that do not go together: %j', (env, name) => {
    expect(problemNames(env as Record<string, string>)).toEqual([name]);
  });

  test('all problems come at once', () => {
    const names = problemNames({ GENVOICE_SIP_PORT: 'x', GENVOICE_HTTP_PORT: 'y', GENVOICE_STATE: 'z' }, 'junk\nGENVOICE_ODD=1');
    expect(names).toEqual(['genvoice.env:1', 'GENVOICE_ODD', 'GENVOICE_SIP_PORT', 'GENVOICE_HTTP_PORT', 'GENVOICE_STATE']);
  });

  test.each([
    [{ GENVOICE_SIP_PORT: 'abc' }, 'GENVOICE_SIP_PORT is "abc", which is not a whole number. Write a whole number from 1 to 65535.'],
    [{ GENVOICE_SIP_PORT: '99999' }, 'GENVOICE_SIP_PORT is "99999", which is out of range. Write a whole number from 1 to 65535.'],
    [{ GENVOICE_CODECS: 'alaw,mp3' }, 'GENVOICE_CODECS is "alaw,mp3", in which item "mp3" is none of the words it may be. Write one of: alaw, ulaw, g722, opus, gsm.'],
    [{ GENVOICE_CODECS: ',' }, 'GENVOICE_CODECS is ",", which lists nothing. Write at least one item; separate several with commas.'],
    [{ GENVOICE_IPV6: 'maybe' }, 'GENVOICE_IPV6 is "maybe", which is neither yes nor no. Write true or false.'],
    [{ GENVOICE_STATE: 'redis', REDIS_URL: 'secret' }, 'REDIS_URL is not an address that begins with redis:// or rediss://. Write it like redis://host:port.'],
    [{ GENVOICE_SRTP: 'yes' }, 'GENVOICE_SRTP is on without SIP over TLS, so its keys would travel in the clear. Set GENVOICE_SIP_TLS_CERT and GENVOICE_SIP_TLS_KEY too.'],
  ])('%j is told in one English sentence and its mend', (env, sentence) => {
    expect(explainProblems(load(env as unknown as Record<string, string>).problems)).toBe(sentence);
  });

  test('an unknown name in the environment is a warning with the nearest known name', () => {
    const { settings, warnings } = load({ GENVOICE_SIP_PROT: '1', GENVOICE_SERVICE_HOST: '10.0.0.1', HOME: '/root' });
    expect(settings).not.toBeNull();
    expect(warnings.map(({ name, hint }) => [name, hint])).toEqual([
      ['GENVOICE_SIP_PROT', 'Did you mean GENVOICE_SIP_PORT?'],
      ['GENVOICE_SERVICE_HOST', 'genvoice settings lists them all.'],
    ]);
  });

  test('no secret is in rows or problems, not even one written into an address', () => {
    const loaded = load({ ARI_URL: 'http://me:hunter2/@10.0.0.1', ARI_PASSWORD: 'hunter2', REDIS_URL: 'nonsense:hunter2' });
    expect(loaded.problems.map((problem) => problem.name)).toContain('REDIS_URL');
    expect(JSON.stringify([loaded.problems, describeSettings(loaded)])).not.toContain('hunter2');
    expect(describeSettings(loaded).find((row) => row.name === 'ARI_PASSWORD')?.value).toBe('(set, not shown)');
  });

  test('other variables of the file can be read by name, for passwords of trunks', () => {
    const loaded = load({ B: 'env' }, 'TRUNK_PASSWORD="s3cret#1"\nB=file\n');
    expect(loaded.variable('TRUNK_PASSWORD')).toBe('s3cret#1');
    expect(loaded.variable('B')).toBe('env');
    expect(loaded.variable('toString')).toBeUndefined();
  });

  test('reads genvoice.env of a folder; no file is fine, an unreadable one is a problem', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gv-settings-'));
    try {
      expect(readSettings(folder, {}).problems).toEqual([]);
      writeFileSync(join(folder, 'genvoice.env'), 'GENVOICE_SIP_PORT=5099\n');
      expect(readSettings(folder, {}).settings?.sipPort).toBe(5099);
      rmSync(join(folder, 'genvoice.env'));
      mkdirSync(join(folder, 'genvoice.env'));
      expect(readSettings(folder, {})).toMatchObject({ settings: null, problems: [{ name: 'genvoice.env' }] });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
