// Attaching to an Asterisk that was there before: only what `genvoice attach --print` says is added to its packaged
// configuration, then the application takes its calls. Nothing is pushed, and without us the printed routes serve.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dialplanLacks } from '../../src/app/existing-asterisk.ts';
import { cryptAriPassword, newAriPassword } from '../../src/embedded/ari-password.ts';
import { freeSipPort, freeTcpPort } from '../../src/embedded/processes.ts';
import { ensureRootFolder } from '../../src/embedded/root-folder.ts';
import { createAnsweringPhone, type AnsweringPhone } from '../../src/sipua/answering-phone.ts';
import { createUserAgent, type UserAgent } from '../../src/sipua/user-agent.ts';
import { HOST, REPOSITORY, ROOT_FOLDER, startApp, type App } from './app.ts';
import { answered, ended, hears, tonesOf } from './hearing.ts';
import { startPlain, type PlainAsterisk } from './plain-asterisk.ts';
import { acme, DDI, writePlans } from './plans.ts';
import { until } from './until.ts';

/** The carrier's address; phones come from 127.0.0.1. */
const CARRIER = '127.0.0.2';
const ARI_USER = 'voice';
const PHONE_PASSWORD = 'only-for-this-test';
const password = newAriPassword();

let world: string;
let plain: PlainAsterisk;
let app: App;
let carrier: UserAgent;
let phone: AnsweringPhone;
let endpointsBefore: unknown;

/** The parts of the printed text by file; several for one file are put one after the other. */
function partsOf(printed: string): Record<string, string> {
  const parts: Record<string, string> = {};
  for (const part of printed.split(/^; ======== /m).slice(1)) {
    const name = /^([a-z]+\.conf)\b/.exec(part)?.[1];
    if (name !== undefined) parts[name] = `${parts[name] ?? ''}; ${part}\n`;
  }
  return parts;
}

/** 201 as that Asterisk has it already, 202 of a name that it has not, 203 forgotten. */
function attachedPlan(): Record<string, unknown> {
  return { ...acme(), extensions: { 201: { name: 'Ann', endpoint: 'PJSIP/desk-ann', mailbox: 'office' }, 202: { name: 'Ben', endpoint: 'PJSIP/nobody', mailbox: 'office' }, 203: { name: 'Cat' } } };
}

/** What the administrator had there already, as the printed pjsip.conf part asks: the trunk and the phone in our contexts. */
function pjsip(sipPort: number): string {
  return `
[transport-test]
type=transport
protocol=udp
bind=${HOST}:${sipPort}

[carrier-a]
type=endpoint
context=gv-trunk
set_var=GV_TRUNK=carrier-a
disallow=all
allow=alaw
[carrier-a-identify]
type=identify
endpoint=carrier-a
match=${CARRIER}

[desk-ann]
type=endpoint
context=gv-phone
disallow=all
allow=alaw
auth=desk-ann
aors=desk-ann
direct_media=no
[desk-ann]
type=auth
auth_type=digest
username=desk-ann
password=${PHONE_PASSWORD}
[desk-ann]
type=aor
max_contacts=1
remove_existing=yes
`;
}

beforeAll(async () => {
  world = mkdtempSync(join(tmpdir(), 'gv-attach-'));
  const root = await ensureRootFolder({ folder: ROOT_FOLDER });
  const sipPort = await freeSipPort(HOST);
  const ariPort = await freeTcpPort(HOST);
  writePlans(join(world, 'plans'), { acme: attachedPlan() });
  // The converter of the private folder, so that this machine needs none.
  mkdirSync(join(world, 'bin'));
  writeFileSync(join(world, 'bin/sox'), `#!/bin/sh\nexec chroot ${root.folder} sox "$@"\n`);
  chmodSync(join(world, 'bin/sox'), 0o755);

  const { stdout } = await promisify(execFile)(process.execPath, ['src/cli/main.ts', 'attach', '--print'], {
    cwd: REPOSITORY, env: { PATH: process.env['PATH'] ?? '', GENVOICE_PLANS: join(world, 'plans'), ARI_USER, ARI_URL: `http://${HOST}:${ariPort}`, ARI_PASSWORD: password },
  });
  const parts = partsOf(stdout);
  expect(Object.keys(parts).sort()).toEqual(['ari.conf', 'extensions.conf', 'http.conf', 'pjsip.conf']);
  plain = await startPlain({
    root, ari: { port: ariPort, user: ARI_USER, password },
    parts: {
      ...parts,
      // The two places where the text asks for something of one's own.
      'http.conf': (parts['http.conf'] ?? '').replace('bindport=8088', `bindport=${ariPort}`),
      'ari.conf': (parts['ari.conf'] ?? '').replace(/^password= .*$/m, `password=${cryptAriPassword(password)}`),
      'pjsip.conf': `${parts['pjsip.conf'] ?? ''}${pjsip(sipPort)}`,
      // Drivers that would open ports of this machine, which have nothing to do with SIP.
      'modules.conf': ['[modules](+)', ...['chan_iax2', 'chan_mgcp', 'chan_ooh323', 'chan_unistim', 'chan_skinny', 'pbx_dundi'].map((name) => `noload => ${name}.so`)].join('\n'),
    },
  });
  endpointsBefore = (await plain.ari('endpoints/PJSIP')).body;
  app = await startApp({
    plans: { acme: attachedPlan() },
    trunks: { 'carrier-a': { name: 'Carrier', match: [CARRIER] } },
    env: { ARI_URL: plain.ariUrl, ARI_USER, ARI_PASSWORD: password, PATH: `${join(world, 'bin')}:${process.env['PATH'] ?? ''}` },
  });
  const remote = { host: HOST, port: sipPort };
  carrier = await createUserAgent({ bindHost: CARRIER, remote, userAgent: 'carrier' });
  phone = await createAnsweringPhone({ bindHost: HOST, remote, credentials: { username: 'desk-ann', password: PHONE_PASSWORD }, policy: { kind: 'answer', hangUpAfterMs: 400 } });
}, 150_000);

afterAll(async () => {
  await phone?.close();
  await carrier?.close();
  await app?.close();
  await plain?.stop();
  rmSync(world, { recursive: true, force: true });
});

const call = (to: string) => carrier.call({ to, from: { user: '+447700900123' }, keepAudioMs: 60_000 });

describe('attached to an Asterisk that was there before', () => {
  test('the start says which Asterisk it took, and lists what is missing there with the mend', () => {
    expect(app.output).toMatch(new RegExp(`Asterisk: the one at ${plain.ariUrl} \\(Asterisk 22\\.[^)]+\\), because ARI_URL is set\\.`));
    expect(app.output).toContain('acme.json, extension 203 (Cat) names no endpoint, and nothing is pushed to an Asterisk that was there before: nobody can ring it. Add "endpoint": "PJSIP/203"');
    expect(app.output).toContain('acme.json, extension 202 (Ben) names PJSIP/nobody, which that Asterisk does not have.');
    expect(app.output).toContain('GV_EMERGENCY_TRUNK is empty there: 999 and 112 cannot leave.');
    // The packaged modules and the printed contexts are all that calls need.
    expect(app.output).not.toContain('It has not loaded');
    expect(app.output).not.toContain('is not in its extensions.conf');
    expect(app.output).not.toContain('could not be looked at');
  });

  test('given a call of the carrier, then prompts fetched over HTTP are heard, and the key pressed rings the phone that is there', async () => {
    const caller = await call(DDI.main);
    await answered(caller);
    await hears(caller, 'menu');
    await caller.sendDigits('3');
    const seen = await until('the phone has answered', 8_000, () => phone.calls.find((one) => one.answeredAtMs !== undefined));
    expect(seen.from.user).toBe('+447700900123');
    await ended(caller);
    const record = await app.record(caller);
    expect(record).toMatchObject({ customer: 'acme', ddi: DDI.main, end: { by: 'callee', fault: 'none' } });
    expect(record.trace.map((line) => `${line.step ?? '-'} ${line.outcome}`)).toContain('menu choice');
    expect(record.legs.map((leg) => leg.result)).toEqual(['answered']);
  });

  test('given a call of that phone to an extension that it cannot reach, then it is the call of the extension in the plan', async () => {
    const caller = await phone.userAgent.call({ to: '202', from: { user: 'desk-ann' }, auth: { username: 'desk-ann', password: PHONE_PASSWORD }, keepAudioMs: 60_000 });
    await until('the call is known', 8_000, async () => ((await app.find(caller)) === undefined ? undefined : true));
    await caller.hangup();
    expect(await app.record(caller)).toMatchObject({ customer: 'acme', direction: 'internal' });
  });

  test('nothing was pushed: that Asterisk has the endpoints that it had', async () => {
    const names = (body: unknown): string[] => (body as { resource: string }[]).map((one) => one.resource).sort();
    expect(names((await plain.ari('endpoints/PJSIP')).body)).toEqual(names(endpointsBefore));
    expect((await plain.ari('asterisk/config/dynamic/res_pjsip/endpoint/acme-203')).status).toBe(404);
    expect((await plain.ari('channels')).body).toEqual([]);
    expect((await plain.ari('bridges')).body).toEqual([]);
  });

  test('given a context that is missing there, then it is named', async () => {
    const ari = { url: plain.ariUrl, user: ARI_USER, password };
    const file = plain.file('extensions.conf');
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, whole.replace('[gv-enter-phone]', '[gv-enter-elsewhere]'));
    try {
      expect((await plain.ari('asterisk/modules/pbx_config.so', 'PUT')).status).toBe(204);
      await until('the missing context is seen', 5_000, async () => {
        const lacks = await dialplanLacks(ari, 'genvoice');
        return lacks?.length === 1 && lacks[0]?.startsWith('The context [gv-enter-phone] is not in its extensions.conf: calls of phones do not reach GENVoice.');
      });
    } finally {
      writeFileSync(file, whole);
      await plain.ari('asterisk/modules/pbx_config.so', 'PUT');
    }
    await until('the context is back', 5_000, async () => (await dialplanLacks(ari, 'genvoice'))?.length === 0);
    expect((await plain.ari('channels')).body).toEqual([]);
  });

  test('given the application was killed, then the printed last known route rings the phone', async () => {
    const before = phone.calls.length;
    await app.kill();
    // Calls that were being turned away at that moment are for 5 s at most.
    const caller = await until('the last known route answers', 10_000, async () => {
      const placed = await call(DDI.direct);
      return (await placed.answered).isAnswered ? placed : undefined;
    });
    expect(phone.calls.length).toBe(before + 1);
    await ended(caller);
    expect(tonesOf(caller)).toEqual([]);
    // Started again, it takes calls at once.
    await app.start();
    const next = await call(DDI.main);
    await hears(next, 'menu');
    await next.hangup();
  });
});
