// Embedded Asterisk 22.10 for real: start, configuration over ARI, entry arguments, what the dialplan does without the
// application, overload, and that nothing stays behind. SIP on loopback alone.
import { spawn, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { toneWav } from '../tone-wav.ts';
import { adoptEmbedded, startEmbedded } from '../../src/embedded/asterisk.ts';
import type { EmbeddedAsterisk } from '../../src/embedded/asterisk.ts';
import { celEnd, CelLog, rotateCel } from '../../src/embedded/cel-log.ts';
import { parseEntry } from '../../src/calls/entry.ts';
import type { Entry } from '../../src/calls/entry.ts';
import type { FallbackEntry } from '../../src/embedded/fallback.ts';
import { fallbackShards, shardOf } from '../../src/embedded/fallback-files.ts';
import { removeInstanceFolder } from '../../src/embedded/instance-folder.ts';
import { freeSipPort, isRunning, portsInUse, processIdentity } from '../../src/embedded/processes.ts';
import { ensureRootFolder } from '../../src/embedded/root-folder.ts';
import type { RootFolder } from '../../src/embedded/root-folder.ts';
import { runSipp } from '../../src/embedded/sipp.ts';
import type { SippResult } from '../../src/embedded/sipp.ts';
import { renderTrunks } from '../../src/embedded/trunks.ts';
import type { TrunkConfig } from '../../src/embedded/trunks.ts';

const REPOSITORY = new URL('../..', import.meta.url).pathname;
const ROOT_FOLDER = join(REPOSITORY, '.genvoice/root');
const DIALPLAN = join(REPOSITORY, 'dialplan/extensions.conf');
const DDI = '+441632960101';
const APP = 'gv-contract';

let root: RootFolder;
let world: string;
let asterisk: EmbeddedAsterisk;
let carrierPort: number;
let startMs: number;

beforeAll(async () => {
  root = await ensureRootFolder({ folder: ROOT_FOLDER, onProgress: (line) => process.stderr.write(`${line}\n`) });
  world = mkdtempSync(join(tmpdir(), 'gv-contract-'));
  carrierPort = await freeSipPort('127.0.0.1');
  mkdirSync(join(world, 'media'), { mode: 0o755 });
  writeFileSync(join(world, 'media/closed.wav'), toneWav(1_000, 400, { peak: 0 }));
  const startedMs = performance.now();
  asterisk = await startEmbedded({ root, instanceFolder: join(world, 'one'), mediaFolder: join(world, 'media'), dialplanFile: DIALPLAN, appName: APP, trunks: [carrier()] });
  startMs = performance.now() - startedMs;
}, 300_000);

afterAll(async () => {
  await asterisk.stop();
  removeInstanceFolder(asterisk.instanceFolder);
  rmSync(world, { recursive: true });
});

function carrier(): TrunkConfig {
  return { id: 'sim', match: ['127.0.0.1'], address: `127.0.0.1:${carrierPort}`, dtmf: 'rfc4733', ddiFrom: 'request-uri' };
}

async function ari(method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }> {
  const response = await fetch(`${asterisk.ariUrl}/${path}`, {
    method, signal: AbortSignal.timeout(5_000),
    headers: { authorization: `Basic ${Buffer.from(`${asterisk.ariUser}:${asterisk.ariPassword}`).toString('base64')}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
}

async function pushPhone(name: string, port: number | undefined): Promise<void> {
  const fields = (values: Record<string, string>): { fields: { attribute: string; value: string }[] } => ({ fields: Object.entries(values).map(([attribute, value]) => ({ attribute, value })) });
  const config = 'asterisk/config/dynamic/res_pjsip';
  expect((await ari('PUT', `${config}/aor/${name}`, fields(port === undefined ? { max_contacts: '1' } : { contact: `sip:${name}@127.0.0.1:${port}` }))).status).toBe(200);
  expect((await ari('PUT', `${config}/endpoint/${name}`, fields({ context: 'gv-phone', aors: name, disallow: 'all', allow: 'alaw', direct_media: 'no', trust_id_inbound: 'no', callerid: `"${name}" <201>`, mailboxes: `${name}@genvoice` }))).status).toBe(200);
}

interface AriEvent { readonly type: string; readonly args?: readonly string[]; readonly channel?: { readonly id: string } }

/** Serves the application until `until` returns a value for an event. */
async function withApplication<T>(during: () => Promise<unknown>, until: (event: AriEvent) => T | undefined): Promise<T> {
  const socket = new WebSocket(`${asterisk.ariUrl.replace('http', 'ws')}/events?app=${APP}`, { auth: `${asterisk.ariUser}:${asterisk.ariPassword}` });
  try {
    await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const found = new Promise<T>((resolve) => {
      socket.on('message', (data: Buffer) => {
        const value = until(JSON.parse(data.toString('utf8')) as AriEvent);
        if (value !== undefined) resolve(value);
      });
    });
    const [value] = await Promise.all([found, during()]);
    return value;
  } finally {
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.close();
    await closed;
    // Asterisk forgets the application a moment after its socket.
    await expect.poll(async () => ((await ari('GET', 'applications')).json as { name: string }[]).filter((app) => app.name === APP)).toEqual([]);
  }
}

/** The entry of the next call; the call is hung up with `reason` as soon as it came. */
function entryOf(call: () => Promise<unknown>): Promise<Entry> {
  return withApplication(call, (event) => {
    if (event.type !== 'StasisStart' || event.channel === undefined) return undefined;
    void ari('DELETE', `channels/${event.channel.id}?reason=busy`);
    return parseEntry(event.args ?? []) ?? expect.fail(`not an entry: ${JSON.stringify(event.args)}`);
  });
}

interface Caller { readonly to: string; readonly from?: string; readonly headers?: string; readonly ends: string; readonly extra?: string }

const SDP = `v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=sendrecv`;

const escapeXml = (text: string): string => text.replaceAll(']]>', ']] >');

/** One INVITE; `ends` is the scenario after it. */
function callerXml(c: Caller): string {
  return `<?xml version="1.0" encoding="UTF-8"?><scenario name="caller"><send retrans="500"><![CDATA[
INVITE sip:${c.to}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: ${escapeXml(c.from ?? '<sip:+447700900123@carrier.example>')};tag=[call_number]x
To: <sip:${c.to}@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
${escapeXml(c.headers ?? '')}Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

${SDP}
]]></send><recv response="100" optional="true"/><recv response="180" optional="true"/><recv response="183" optional="true"/>${c.ends}</scenario>`;
}

function request(method: string, cseq: number, more = ''): string {
  return `<send><![CDATA[
${method} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:+447700900123@carrier.example>;tag=[call_number]x
To: <sip:peer@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: ${cseq} ${method}
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
${more}Content-Length: 0

]]></send>`;
}

function refused(status: number): string {
  return `<recv response="${status}" rtd="true"><action><ereg regexp=".*" search_in="hdr" header="Retry-After" assign_to="1"/></action></recv><Reference variables="1"/>
<send><![CDATA[
ACK sip:peer@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0

]]></send>`;
}

const ANSWERED_THEN_BYE_FROM_THERE = `<recv response="200" rrs="true"/>${request('ACK', 1)}<recv request="BYE"/><send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>`;

/** A phone or carrier that answers the first INVITE with `status`. */
function calleeXml(status: string): string {
  const reply = (line: string): string => `<send><![CDATA[
SIP/2.0 ${line}
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]y
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:callee@[local_ip]:[local_port]>
Content-Length: 0

]]></send>`;
  return `<?xml version="1.0" encoding="UTF-8"?><scenario name="callee"><recv request="INVITE" crlf="true"/>${reply('180 Ringing')}${reply(status)}<recv request="ACK"/></scenario>`;
}

let scenarioCount = 0;

async function sipp(xml: string, args: readonly string[], target?: string): Promise<SippResult> {
  const path = join(world, `scenario-${scenarioCount += 1}.xml`);
  writeFileSync(path, xml);
  return runSipp({ rootFolder: root.folder, scenarioXml: path, ...(target === undefined ? {} : { target }), args: ['-i', '127.0.0.1', '-m', '1', ...args], timeoutMs: 20_000, traceMessages: true });
}

async function call(c: Caller): Promise<SippResult> {
  const result = await sipp(callerXml(c), ['-p', String(await freeSipPort('127.0.0.1'))], asterisk.sipAddress);
  const said = result.messages.split('\n').filter((line) => /^(SIP\/2.0|[A-Z]+ sip:)/.test(line)).join(' | ');
  expect({ exitCode: result.exitCode, said }, result.errors.split('\n', 4).join(' ')).toEqual({ exitCode: 0, said });
  return result;
}

/** Runs a callee on `port` while `during` calls it; the messages it saw. */
async function calledAt(port: number, status: string, during: () => Promise<unknown>): Promise<string> {
  const callee = sipp(calleeXml(status), ['-p', String(port)]);
  await expect.poll(() => portsInUse('udp').has(port), { timeout: 5_000, interval: 10 }).toBe(true);
  await during();
  const result = await callee;
  expect(result.exitCode, result.errors + result.messages).toBe(0);
  return result.messages;
}

describe('start', () => {
  test('ARI answers within 10 s of the start, from Asterisk 22.10 with a hashed password', async () => {
    const info = (await ari('GET', 'asterisk/info')).json as { system: { version: string; entity_id: string }; status: object };
    expect(info.system.version).toMatch(/^22\.10\./);
    expect(startMs).toBeLessThan(10_000);
    expect(readFileSync(join(asterisk.configFolder, 'ari.conf'), 'utf8')).not.toContain(asterisk.ariPassword);
  });

  test('a root folder that is ready is found in under 100 ms, also by two starts at once', async () => {
    const startedMs = performance.now();
    const both = await Promise.all([ensureRootFolder({ folder: ROOT_FOLDER }), ensureRootFolder({ folder: ROOT_FOLDER })]);
    expect(performance.now() - startedMs).toBeLessThan(100);
    expect(both.map((one) => one.isNew)).toEqual([false, false]);
  });

  test('every module loads and the log has no error', async () => {
    const log = readFileSync(join(asterisk.instanceFolder, 'log/messages.log'), 'utf8');
    expect(log.split('\n').filter((line) => /ERROR|WARNING/.test(line))).toEqual([]);
  });

  test('it runs as its own user, without capabilities, in a mount namespace that the host does not share', () => {
    const status = readFileSync(`/proc/${asterisk.pid}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`^Uid:\\s+${root.userId}\\s+${root.userId}\\s+${root.userId}`, 'm'));
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain('genvoice/instance');
    const points = readFileSync(`/proc/${asterisk.pid}/mountinfo`, 'utf8').trim().split('\n').map((line) => line.split(' ')[4] ?? '');
    expect(points.filter((point) => !/^\/(proc|dev|dev\/.*|tmp|genvoice\/(instance|media)|etc\/(hosts|resolv\.conf))?$/.test(point))).toEqual([]);
    expect(() => execFileSync('nsenter', ['--target', String(asterisk.pid), '--mount', '--root', '--wd', 'touch', '/usr/x'], { stdio: 'pipe' })).toThrow(/Read-only/);
  });

  test('a second start in the same folder is refused and names the process', async () => {
    await expect(startEmbedded({ root, instanceFolder: asterisk.instanceFolder, mediaFolder: join(world, 'media'), dialplanFile: DIALPLAN, appName: APP })).rejects.toThrow(String(asterisk.pid));
  });

  test('a start that cannot come up reports the end of the log and leaves no process', async () => {
    const dialplanFile = join(world, 'dialplan.conf');
    writeFileSync(dialplanFile, '[gv-trunk]\n');
    const folder = join(world, 'broken');
    await expect(startEmbedded({ root: { ...root, modulesFolder: '/nowhere' }, instanceFolder: folder, mediaFolder: join(world, 'media'), dialplanFile, appName: APP, readyTimeoutMs: 5_000 })).rejects.toThrow(/log:\n.*\/?nowhere|log:\n.*module/s);
    expect(asteriskProcesses().filter((one) => one.instance === folder)).toEqual([]);
    removeInstanceFolder(folder);
  });
});

describe('entry', () => {
  test('a call on a trunk arrives with every header as one argument', async () => {
    const headers = 'P-Asserted-Identity: "Ann, \\"A\\"" <sip:+441632960999@carrier.example>\r\nPrivacy: id\r\nDiversion: <sip:+441632960777@carrier.example>;reason=unconditional\r\n';
    const entry = await entryOf(() => call({ to: DDI, headers, ends: refused(486) }));
    expect(entry).toMatchObject({ from: 'trunk', dialled: DDI, privacy: 'id', transport: 'UDP', name: 'sim', assertedIdentity: '"Ann, \\"A\\"" <sip:+441632960999@carrier.example>' });
    expect(entry.fromHeader).toContain('<sip:+447700900123@carrier.example>');
    expect(entry.toHeader).toContain(`<sip:${DDI}@`);
    expect(entry.diversion).toContain('+441632960777');
    expect(entry.sipCallId).toMatch(/@127\.0\.0\.1$/);
    expect(entry.remoteAddress).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test.each([
    '"a,b\',c" ', '"${SHELL(touch /tmp/gv-hostile)} ${EVAL(${GV_APP})}" ', '"Ann :) x:1:2" ', '")))(((:0:1,)" ', '"\\"quoted\\" \\\\ %2C%00" ', '"Zoë ☎" ', `"${'x'.repeat(700)}" `, '',
  ])('a From of %j stays one argument', async (display) => {
    const from = `${display}<sip:+447700900123@carrier.example>`;
    const entry = await entryOf(() => call({ to: DDI, from, ends: refused(486) }));
    expect(entry.fromHeader).toBe(`${from};tag=1x`.slice(0, 512));
    expect(entry).toMatchObject({ from: 'trunk', dialled: DDI, name: 'sim', transport: 'UDP', privacy: '', diversion: '' });
    expect(() => statSync('/tmp/gv-hostile')).toThrow();
  });

  test.each(['a%2Cb', '%24%7BSHELL(id)%7D', 'h', 'x%29%3A1'])('a request URI of user %s is text', async (user) => {
    const entry = await entryOf(() => call({ to: user, ends: refused(486) }));
    expect(entry).toMatchObject({ dialled: decodeURIComponent(user), name: 'sim' });
  });

  test('a phone pushed over ARI enters as phone, and its REFER arrives as an event instead of moving the call', async () => {
    const port = await freeSipPort('127.0.0.1');
    await pushPhone('acme-201', port);
    let args: readonly string[] | undefined;
    const refer = `<recv response="200" rrs="true"/>${request('ACK', 1)}${request('REFER', 2, 'Refer-To: <sip:202@carrier.example>\r\n')}<recv response="202"/><recv request="NOTIFY" optional="true"/><recv request="BYE"/>`;
    const type = await withApplication(() => call({ to: '202', from: '"x" <sip:acme-201@phones.example>', ends: refer }), (event) => {
      if (event.type === 'StasisStart') {
        args = event.args;
        void ari('POST', `channels/${event.channel?.id ?? ''}/answer`);
      }
      if (event.type !== 'ChannelTransfer') return undefined;
      void ari('DELETE', `channels/${(event as unknown as { refer_to?: unknown; channel?: { id: string }; referred_by?: { source_channel?: { id: string } } }).referred_by?.source_channel?.id ?? event.channel?.id ?? ''}`);
      return JSON.stringify(event);
    });
    expect(parseEntry(args ?? [])).toMatchObject({ from: 'phone', dialled: '202', name: 'acme-201', assertedIdentity: '' });
    expect(type).toContain('202');
  });

  test('a caller whom no trunk matches is refused, because guests are off', async () => {
    await asterisk.writeTrunks(renderTrunks([{ ...carrier(), match: ['192.0.2.1'] }], { codecs: ['alaw'], maxRtpSilenceMs: 0, maxRtpHoldMs: 0, language: 'en-GB' }));
    expect((await ari('PUT', 'asterisk/modules/res_pjsip.so')).status).toBe(204);
    await call({ to: DDI, ends: refused(401) });
    await asterisk.writeTrunks(renderTrunks([carrier()], { codecs: ['alaw'], maxRtpSilenceMs: 0, maxRtpHoldMs: 0, language: 'en-GB' }));
    expect((await ari('PUT', 'asterisk/modules/res_pjsip.so')).status).toBe(204);
    await call({ to: DDI, ends: refused(503) });
  });
});

describe('without the application', () => {
  const putRoutes = async (entries: readonly FallbackEntry[]): Promise<void> => {
    await asterisk.fallback.names();
    for (const [name, text] of fallbackShards(entries)) await asterisk.fallback.write(name, text);
  };

  test('a DDI rings the endpoints of its fallback, then plays the announcement and hangs up', async () => {
    const port = await freeSipPort('127.0.0.1');
    await pushPhone('acme-202', port);
    const entry = { ddi: DDI, customer: 'acme', ring: ['acme-202'], ringMs: 5_000, announcement: `${asterisk.soundsMount}/closed`, alternatives: [DDI.slice(1), `0${DDI.slice(3)}`] };
    await putRoutes([entry]);
    for (const spelling of [DDI, `0${DDI.slice(3)}`, `00${DDI.slice(1)}`, DDI.slice(1)]) {
      const messages = await calledAt(port, '486 Busy Here', () => call({ to: spelling, ends: ANSWERED_THEN_BYE_FROM_THERE }));
      expect(messages).toContain('INVITE sip:acme-202@');
    }
  });

  test('a new route counts from the next call on, and one taken away is gone, without any reload', async () => {
    const entry = { ddi: DDI, customer: 'acme', ring: [], ringMs: 5_000, announcement: `${asterisk.soundsMount}/closed`, alternatives: [] };
    await putRoutes([entry]);
    await call({ to: DDI, ends: ANSWERED_THEN_BYE_FROM_THERE });
    const { announcement: _announcement, ...silent } = entry;
    await putRoutes([silent]);
    await call({ to: DDI, ends: refused(480) });
    await asterisk.fallback.write(shardOf(DDI.slice(1)), null);
    await call({ to: DDI, ends: refused(503) });
  });

  test('an unknown DDI is refused with 503, so that a carrier may try elsewhere', async () => {
    await call({ to: '+441632960555', ends: refused(503) });
  });

  test.each(['999', '112', '18000', '18002999'])('%s from a phone goes to the emergency trunk', async (number) => {
    await pushPhone('acme-203', await freeSipPort('127.0.0.1'));
    expect((await ari('POST', 'asterisk/variable?variable=GV_EMERGENCY_TRUNK&value=trunk-sim')).status).toBe(204);
    const messages = await calledAt(carrierPort, '486 Busy Here', () => call({ to: number, from: '<sip:acme-203@phones.example>', ends: refused(503) }));
    expect(messages).toContain(`INVITE sip:${number}@127.0.0.1:${carrierPort}`);
  });

  test('999 goes to each trunk of the list in turn until one takes it', async () => {
    await pushPhone('acme-203', await freeSipPort('127.0.0.1'));
    expect((await ari('POST', 'asterisk/variable?variable=GV_EMERGENCY_TRUNK&value=trunk-none%26trunk-sim')).status).toBe(204);
    const messages = await calledAt(carrierPort, '486 Busy Here', () => call({ to: '999', from: '<sip:acme-203@phones.example>', ends: refused(503) }));
    expect(messages).toContain(`INVITE sip:999@127.0.0.1:${carrierPort}`);
    expect((await ari('POST', 'asterisk/variable?variable=GV_EMERGENCY_TRUNK&value=trunk-sim')).status).toBe(204);
  });

  test('999 from a trunk and an ordinary number from a phone go nowhere', async () => {
    await call({ to: '999', ends: refused(503) });
    await call({ to: '020', from: '<sip:acme-203@phones.example>', ends: refused(503) });
  });
});

describe('overload', () => {
  test('new calls get 503, emergency calls of phones still enter, and calls enter again afterwards', async () => {
    await pushPhone('acme-204', await freeSipPort('127.0.0.1'));
    expect((await ari('POST', 'asterisk/variable?variable=GV_OVERLOAD&value=9999999999')).status).toBe(204);
    const entry = await entryOf(async () => {
      await call({ to: DDI, ends: refused(503) });
      await call({ to: '202', from: '<sip:acme-204@phones.example>', ends: refused(503) });
      await call({ to: '999', from: '<sip:acme-204@phones.example>', ends: refused(486) });
    });
    expect(entry).toMatchObject({ from: 'phone', dialled: '999' });
    // What a killed application left is over by itself.
    await ari('POST', `asterisk/variable?variable=GV_OVERLOAD&value=${Math.floor(Date.now() / 1_000) - 1}`);
    expect(await entryOf(() => call({ to: DDI, ends: refused(486) }))).toMatchObject({ from: 'trunk', dialled: DDI });
  });

  test('a trunk in maintenance mode gets 503 with Retry-After', async () => {
    await asterisk.cli('pjsip set maintenance on trunk-sim');
    const result = await call({ to: DDI, ends: refused(503) });
    expect(result.messages).toMatch(/^Retry-After: 300/m);
    await asterisk.cli('pjsip set maintenance off trunk-sim');
  });
});

test('the message-waiting light of a registered phone is set through gv-mwi', async () => {
  const reply = `<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=1
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>`;
  const port = await freeSipPort('127.0.0.1');
  const notified = async (): Promise<{ done: Promise<SippResult> }> => {
    const done = sipp(`<?xml version="1.0" encoding="UTF-8"?><scenario name="light"><recv request="NOTIFY"/>${reply}</scenario>`, ['-p', String(port)]);
    await expect.poll(() => portsInUse('udp').has(port), { timeout: 5_000, interval: 10 }).toBe(true);
    return { done };
  };
  const first = await notified();
  await pushPhone('acme-205', undefined);
  const register = `<?xml version="1.0" encoding="UTF-8"?><scenario name="register"><send><![CDATA[
REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:acme-205@phones.example>;tag=[call_number]x
To: <sip:acme-205@phones.example>
Call-ID: [call_id]
CSeq: 1 REGISTER
Contact: <sip:acme-205@127.0.0.1:${port}>
Expires: 60
Content-Length: 0

]]></send><recv response="200"/></scenario>`;
  expect((await sipp(register, ['-p', String(await freeSipPort('127.0.0.1'))], asterisk.sipAddress)).exitCode).toBe(0);
  expect((await first.done).messages).toMatch(/Messages-Waiting: no/);
  const second = await notified();
  expect((await ari('POST', 'channels?endpoint=Local/acme-205@gv-mwi/n&extension=s&context=gv-congestion', { variables: { GV_MWI_NEW: '3', GV_MWI_OLD: '1' } })).status).toBe(200);
  expect((await second.done).messages).toMatch(/Messages-Waiting: yes[\s\S]*Voice-Message: 3\/1/);
});

test('the end of a call that nobody watched is in the channel event log', async () => {
  const { offset } = asterisk.readCel(0);
  await call({ to: '+441632960555', from: '<sip:+447700900456@carrier.example>', ends: refused(503) });
  await expect.poll(() => asterisk.readCel(offset).events, { timeout: 2_000 }).toContainEqual(expect.objectContaining({ eventtype: 'HANGUP', context: 'gv-congestion', num: '+447700900456' }));
  expect(asterisk.readCel(asterisk.readCel(offset).offset).events).toEqual([]);
});

test('a call that is turned away leaves in that log what the application would have been told, and the log may be rotated at any time', async () => {
  const cel = new CelLog(asterisk.logFolder, celEnd(asterisk.logFolder));
  const seen: (Entry | undefined)[] = [];
  const read = (): number => seen.push(...cel.read().lines.map(({ event }) => parseEntry(String(event['userfield']).split(','))));
  await call({ to: '+441632960555', from: '"Ann :) , ${EPOCH}" <sip:+447700900456@carrier.example>', ends: refused(503) });
  await expect.poll(read, { timeout: 2_000 }).toBe(1);
  rotateCel(asterisk.logFolder);
  await call({ to: '+441632960556', from: '<sip:+447700900456@carrier.example>', ends: refused(503) });
  await expect.poll(read, { timeout: 6_000 }).toBe(2);
  expect(seen).toMatchObject([
    { from: 'trunk', dialled: '+441632960555', fromHeader: expect.stringContaining('"Ann :) , ${EPOCH}" <sip:+447700900456@carrier.example>'), name: 'sim', transport: 'UDP', remoteAddress: expect.stringContaining('127.0.0.1:') },
    { from: 'trunk', dialled: '+441632960556', name: 'sim' },
  ]);
});

test('nothing of all these calls is left in Asterisk', async () => {
  await expect.poll(async () => (await ari('GET', 'channels')).json, { timeout: 5_000 }).toEqual([]);
  expect((await ari('GET', 'bridges')).json).toEqual([]);
});

describe('life and death', () => {
  const options = (folder: string): string => JSON.stringify({ root, instanceFolder: folder, mediaFolder: join(world, 'media'), dialplanFile: DIALPLAN, appName: APP });

  test('given kill -9 of the starter, its Asterisk goes on, is adopted, and stop leaves no process, port or mount', async () => {
    const folder = join(world, 'two');
    const program = `import { startEmbedded } from ${JSON.stringify(join(REPOSITORY, 'src/embedded/asterisk.ts'))}; const a = await startEmbedded(${options(folder)}); console.log(a.pid); setInterval(() => {}, 1000);`;
    const starter = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = Number(await new Promise<string>((resolve) => starter.stdout.once('data', (line: Buffer) => resolve(line.toString()))));
    const ended = new Promise((resolve) => starter.once('exit', resolve));
    starter.kill('SIGKILL');
    await ended;
    const adopted = await adoptEmbedded(folder) ?? expect.fail('the Asterisk of the killed starter was not found');
    expect(adopted.pid).toBe(pid);
    const exit = new Promise<void>((resolve) => adopted.onExit(resolve));
    const identity = processIdentity(pid) ?? expect.fail('no process');
    expect(() => removeInstanceFolder(folder)).toThrow(/stop it/);
    await adopted.stop();
    await exit;
    expect(isRunning(identity)).toBe(false);
    expect(portsInUse('udp').has(Number(adopted.sipAddress.split(':')[1]))).toBe(false);
    expect(portsInUse('tcp').has(Number(new URL(adopted.ariUrl).port))).toBe(false);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder);
    expect(asteriskProcesses().filter((one) => one.instance === folder)).toEqual([]);
    expect(await adoptEmbedded(folder)).toBeUndefined();
    removeInstanceFolder(folder);
  });

  test('an instance folder with a mount below it is not deleted', () => {
    const folder = join(world, 'mounted');
    mkdirSync(join(folder, 'x'), { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(folder, 'x')]);
    try {
      expect(() => removeInstanceFolder(folder)).toThrow(/mounted below/);
    } finally {
      execFileSync('umount', [join(folder, 'x')]);
    }
    removeInstanceFolder(folder);
  });
});

test('SIPp past its time limit is killed with its children', async () => {
  const path = join(world, 'waits.xml');
  writeFileSync(path, calleeXml('486 Busy Here'));
  const port = await freeSipPort('127.0.0.1');
  const result = await runSipp({ rootFolder: root.folder, scenarioXml: path, args: ['-i', '127.0.0.1', '-p', String(port)], timeoutMs: 700 });
  expect(result).toMatchObject({ exitCode: null, ended: 'time-limit' });
  expect(portsInUse('udp').has(port)).toBe(false);
});

/** Asterisk processes that are instances of ours, with their folders. */
function asteriskProcesses(): { pid: string; instance: string }[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const instance = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').find((pair) => pair.startsWith('GENVOICE_INSTANCE='))?.slice(18);
      return instance === undefined ? [] : [{ pid, instance }];
    } catch {
      return [];
    }
  });
}
