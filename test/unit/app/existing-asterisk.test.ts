// What is said about an Asterisk that was there before: too old, lacking modules, unable to fetch prompts, not answering.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { TakeOptions } from '../../../src/app/asterisk.ts';
import { askAsterisk, checkVersion, dialplanLacks, mediaLacks, moduleLacks, takeExisting } from '../../../src/app/existing-asterisk.ts';
import { loadSettings } from '../../../src/settings.ts';

const ALL = [
  'app_stasis', 'res_stasis', 'res_stasis_answer', 'res_ari_applications', 'res_ari_asterisk', 'res_ari_bridges', 'res_ari_channels', 'res_ari_endpoints', 'res_ari_events',
  'res_ari_playbacks', 'res_ari_recordings', 'res_stasis_playback', 'format_wav', 'res_http_media_cache', 'res_curl', 'res_stasis_recording', 'bridge_simple', 'bridge_softmix', 'chan_bridge_media',
  'func_callerid', 'func_channel', 'func_dialplan', 'func_global', 'func_logic', 'func_strings', 'func_uri', 'res_pjsip_header_funcs', 'app_dial', 'app_playback', 'res_musiconhold', 'app_minivm',
];
const rows = (names: readonly string[], status = 'Running') => names.map((name) => ({ name: `${name}.so`, status }));

let server: Server | null = null;
afterEach(async () => {
  const open = server;
  server = null;
  if (open === null) return;
  open.closeAllConnections();
  await new Promise((resolve) => open.close(resolve));
});

/** An ARI of the given answers; anything else is 404. */
async function ariWith(answers: Readonly<Record<string, unknown>>, status = 200): Promise<string> {
  const made = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').replace('/ari/', '');
    const found = Object.entries(answers).find(([start]) => path.startsWith(start))?.[1];
    response.writeHead(status !== 200 ? status : found === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(typeof found === 'string' ? found : JSON.stringify(found ?? { message: 'nothing there' }));
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}

function options(ariUrl: string): TakeOptions {
  const { settings } = loadSettings({ env: { ARI_URL: ariUrl, ARI_PASSWORD: 'x' }, file: null });
  if (settings === null) throw new Error('the settings of this test have a problem');
  return { settings, home: '', instanceFolder: '', promptFolder: '', dialplanFile: '', trunks: [], ariPassword: '', say: () => {} };
}

describe('version', () => {
  test.each(['20.9.3', '18.0.0-rc1', 'certified/20.7-cert2', 'certified-20.7-cert2'])('%s is refused', (version) => {
    expect(() => checkVersion(version, 'http://pbx:8088')).toThrow(`The Asterisk at http://pbx:8088 is version ${version}; GENVoice needs 22 or later.`);
  });
  test.each(['22.0.0', '22.10.1+dfsg', '23.1.0', 'certified-22.8-cert1', 'GIT-master-0123abc', 'unknown'])('%s is taken', (version) => {
    expect(() => checkVersion(version, 'http://pbx:8088')).not.toThrow();
  });
});

describe('modules', () => {
  test('nothing is said when all are there', () => {
    expect(moduleLacks(rows(ALL))).toEqual([]);
  });
  test('without the media cache prompts cannot be fetched, with the mend', () => {
    expect(moduleLacks(rows(ALL.filter((name) => name !== 'res_http_media_cache')))).toEqual([
      'It has not loaded res_http_media_cache.so: prompts cannot be fetched from us over HTTP, so callers hear none. Load it there: asterisk -rx "module load res_http_media_cache.so", and see modules.conf.',
    ]);
  });
  test('a module that is there but does not run counts as missing', () => {
    expect(moduleLacks([...rows(ALL.slice(1)), ...rows(['app_stasis'], 'Not Running')])[0]).toContain('It has not loaded app_stasis.so: calls cannot be handed to GENVoice.');
  });
  test.each([[null], ['x'], [[null, 7, {}]]])('an answer that is no list of modules lacks everything: %j', (answer) => {
    expect(moduleLacks(answer).length).toBe(11);
  });
});

describe('prompts over HTTP', () => {
  test.each([
    [null, '127.0.0.1', 'http://10.0.0.5:8088', true],
    [null, '::1', 'http://10.0.0.5:8088', true],
    [null, '0.0.0.0', 'http://10.0.0.5:8088', true],
    ['http://localhost:8085', '0.0.0.0', 'http://10.0.0.5:8088', true],
    ['http://10.0.0.9:8085', '127.0.0.1', 'http://10.0.0.5:8088', false],
    [null, '10.0.0.9', 'http://10.0.0.5:8088', false],
    [null, '127.0.0.1', 'http://127.0.0.1:8088', false],
    [null, '127.0.0.1', 'http://[::1]:8088', false],
  ])('media at %s, HTTP on %s, Asterisk at %s: out of reach is %s', (mediaUrl, httpHost, ariUrl, isLacking) => {
    expect(mediaLacks(mediaUrl, httpHost, ariUrl).length).toBe(isLacking ? 1 : 0);
  });
});

describe('taking it', () => {
  test('what it is and what it lacks', async () => {
    const url = await ariWith({ 'asterisk/info': { system: { version: '22.10.1' } }, 'asterisk/modules': rows(ALL), 'asterisk/variable': { value: 'carrier-a' } });
    const taken = await takeExisting(options(url), 'ARI_URL is set');
    expect(taken).toMatchObject({ kind: 'existing', version: 'Asterisk 22.10.1', own: null, soundRoot: null, sip: null, emergencyTrunk: 'carrier-a', lacks: [] });
  });
  test('without an emergency trunk there is a sentence', async () => {
    const url = await ariWith({ 'asterisk/info': { system: { version: '22.10.1' } }, 'asterisk/modules': rows(ALL), 'asterisk/variable': { value: '' } });
    const taken = await takeExisting(options(url), '');
    expect(taken.emergencyTrunk).toBeNull();
    expect(taken.lacks).toEqual([expect.stringMatching(/^GV_EMERGENCY_TRUNK is empty there: 999 and 112 cannot leave\./)]);
  });
  test('a name that could be dialplan is no emergency trunk', async () => {
    const url = await ariWith({ 'asterisk/info': { system: { version: '22.10.1' } }, 'asterisk/modules': [], 'asterisk/variable': { value: 'a&PJSIP/b,30,g' } });
    expect((await takeExisting(options(url), '')).emergencyTrunk).toBeNull();
  });
  test('an old one is refused', async () => {
    const url = await ariWith({ 'asterisk/info': { system: { version: '20.5.0' } } });
    await expect(takeExisting(options(url), '')).rejects.toThrow('is version 20.5.0; GENVoice needs 22 or later');
  });
  test('a wrong password is said at once', async () => {
    const url = await ariWith({}, 401);
    await expect(takeExisting(options(url), '')).rejects.toThrow(`The Asterisk at ${url} refuses the user genvoice: ARI_USER or ARI_PASSWORD`);
  });
  test('a web server that is no Asterisk is said at once', async () => {
    const url = await ariWith({});
    await expect(takeExisting(options(url), '')).rejects.toThrow(`There is no ARI at ${url}`);
  });
});

describe('requests', () => {
  const ari = (url: string) => ({ url, user: 'u', password: 'p' });
  test('an answer that is not JSON rejects', async () => {
    await expect(askAsterisk(ari(await ariWith({ 'asterisk/info': '<html>' })), 'GET', 'asterisk/info')).rejects.toThrow(SyntaxError);
  });
  test('an answer without end is cut off', async () => {
    await expect(askAsterisk(ari(await ariWith({ 'asterisk/info': `"${'x'.repeat(5_000_000)}"` })), 'GET', 'asterisk/info')).rejects.toThrow('more than');
  });
  test('missing contexts are named once each; an Asterisk that cannot be asked gives null', async () => {
    const url = await ariWith({ 'channels/create': {}, 'channels/gv-look': { value: '0' } });
    const lacks = await dialplanLacks(ari(url), 'genvoice');
    expect(lacks?.map((line) => /\[([\w-]+)\]/.exec(line)?.[1])).toEqual(['gv-trunk', 'gv-enter-trunk', 'gv-phone', 'gv-enter-phone', 'gv-fallback', 'gv-congestion', 'gv-emergency']);
    expect(await dialplanLacks({ ...ari(url), url: 'http://127.0.0.1:1' }, 'genvoice')).toBeNull();
  });
});
