// Voicemail on the real application: a message is left, the phone's light shows it, it is heard with the PIN and deleted.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { alawTone } from '../../src/sipua/g711.ts';
import type { OutgoingCall } from '../../src/sipua/outgoing-call.ts';
import { createUserAgent } from '../../src/sipua/user-agent.ts';
import type { MailboxRow, MessageRow } from '../../src/http/wire.ts';
import { HOST, startApp } from './app.ts';
import type { App } from './app.ts';
import { handset, tap } from './handset.ts';
import { ended, hears, hearsHz } from './hearing.ts';
import { DDI } from './plans.ts';
import { hasTone } from './tones.ts';
import { until } from './until.ts';

const MESSAGE_HZ = 2_500;
const PIN = '4927';
const PACKET_MS = 20;
const spoken = alawTone(MESSAGE_HZ, 30_000);

let app: App;
beforeAll(async () => {
  app = await startApp();
}, 120_000);
afterEach(async () => {
  await app.clean();
  await app.closePhones();
});
afterAll(() => app.close());

const messages = async (): Promise<MessageRow[]> => (await app.api.get<{ messages: MessageRow[] }>('/v1/mailboxes/acme/office/messages')).messages;
const mailbox = async (): Promise<MailboxRow | undefined> => (await app.api.get<{ mailboxes: MailboxRow[] }>('/v1/mailboxes')).mailboxes.find((row) => row.customer === 'acme' && row.id === 'office');

/** A call that is being recorded and has spoken for `ms` into it. */
async function speakFor(ms: number): Promise<OutgoingCall> {
  const call = await app.call(DDI.voicemail);
  await hears(call, 'greeting');
  // Skips what follows the greeting.
  await call.sendDigits('#');
  await app.doing(call, 'recording', 'voicemail');
  call.rtp?.play(spoken);
  const from = call.rtp?.stats().packetsSent ?? 0;
  await until(`${ms} ms have been spoken`, ms + 5_000, () => (call.rtp?.stats().packetsSent ?? 0) - from >= ms / PACKET_MS);
  return call;
}

describe('voicemail', () => {
  test('given a caller who hangs up while speaking, then the message is kept and says who left it', async () => {
    const before = (await messages()).length;
    const call = await speakFor(1_500);
    await call.hangup();
    const record = await app.record(call);
    expect(record.end?.by).toBe('caller');
    const kept = await messages();
    expect(kept).toHaveLength(before + 1);
    const message = kept.find((one) => one.callId === record.id);
    expect(message).toMatchObject({ isNew: true, caller: { kind: 'e164', number: record.caller.number } });
    expect(message?.durationMs).toBeGreaterThanOrEqual(1_000);
    expect(message?.durationMs).toBeLessThan(6_000);
  });

  test('given a caller who presses # and then 1, then the message is kept and the call ends by the plan', async () => {
    const before = (await messages()).length;
    const call = await speakFor(1_500);
    await call.sendDigits('#');
    // The choice between sending, hearing and replacing is being offered.
    await call.rtp?.waitForAudio(5_000, performance.now());
    await call.sendDigits('1');
    await ended(call, 20_000);
    const record = await app.record(call);
    expect(record.trace.some((line) => line.outcome === 'recorded')).toBe(true);
    expect(await messages()).toHaveLength(before + 1);
  });

  test('given a caller who hangs up at the tone, then nothing is kept', async () => {
    const before = (await messages()).length;
    const call = await app.call(DDI.voicemail);
    await app.doing(call, 'recording', 'voicemail');
    await call.hangup();
    await app.record(call);
    expect(await messages()).toHaveLength(before);
  });

  test('given a registered phone of the mailbox, when a message comes in, then its light is switched on', async () => {
    const relay = await tap(app, HOST);
    const agent = await createUserAgent({ bindHost: HOST, remote: { host: HOST, port: relay.port } });
    try {
      await handset(app, 'acme', '201', agent);
      const from = relay.toPhone.length;
      const fresh = (await mailbox())?.newMessages ?? 0;
      const call = await speakFor(1_200);
      await call.hangup();
      await app.record(call);
      await until('a NOTIFY with the new count reaches the phone', 5_000, () => relay.toPhone.slice(from).find((text) => text.startsWith('NOTIFY') && new RegExp(`Messages-Waiting: yes[^]*Voice-Message: ${fresh + 1}/`, 'i').test(text)), () => relay.toPhone.slice(from).map((text) => text.slice(0, 400)));
    } finally {
      await agent.close();
      await relay.close();
    }
  });

  test('given a PIN, when *97 is dialled, then the message is heard and can be deleted', async () => {
    await app.api.put('/v1/mailboxes/acme/office/pin', { pin: PIN });
    const left = await speakFor(1_500);
    await left.hangup();
    const { id } = await app.record(left);
    const before = await messages();
    const phone = await handset(app, 'acme', '201');
    const call = await phone.dial('*97');
    await call.answered;
    await call.sendDigits(`${PIN}#`);
    await hearsHz(call, MESSAGE_HZ, 30_000);
    await until('the message is marked as heard', 20_000, async () => (await messages()).some((one) => !one.isNew));
    await call.sendDigits('3');
    await until('one message is gone', 5_000, async () => (await messages()).length === before.length - 1);
    await call.sendDigits('*');
    await call.hangup();
    const record = await app.record(call);
    expect(record).toMatchObject({ direction: 'internal', customer: 'acme', dialled: '*97', caller: { kind: 'extension', number: '201' } });
    expect(JSON.stringify(record)).not.toContain(PIN);
    expect(id).not.toBe(record.id);
  });

  test('given a wrong PIN three times, then nothing is heard of any message', async () => {
    await app.api.put('/v1/mailboxes/acme/office/pin', { pin: PIN });
    const phone = await handset(app, 'acme', '202');
    const call = await phone.dial('*97');
    await call.answered;
    for (let round = 0; round < 3; round += 1) await call.sendDigits('0000#');
    await ended(call, 25_000);
    expect(hasTone(call.rtp?.audio() ?? new Uint8Array(0), MESSAGE_HZ)).toBe(false);
    expect((await app.record(call)).end?.code).toBe('wrong-pin');
  });
});
