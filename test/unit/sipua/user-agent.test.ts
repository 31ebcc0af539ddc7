import { describe, expect, test } from 'vitest';
import { alawTone } from '../../../src/sipua/g711.ts';
import { agent, nextIncoming, ringing, talking } from './peers.ts';

const kinds = (call: { history: readonly { kind: string }[] }): string[] => call.history.map((e) => e.kind);

describe('before the answer', () => {
  test('the caller is named, ringing is heard, the answer has a time', async () => {
    const { call, incoming } = await ringing({ headers: { 'P-Asserted-Identity': ['<sip:+441632960001@x>'] } });
    expect(incoming.from).toMatchObject({ user: '200', displayName: 'Ann "A" <x>' });
    expect([incoming.to.user, incoming.dialled, incoming.headers('p-asserted-identity')]).toEqual(['201', '201', ['<sip:+441632960001@x>']]);
    incoming.ring();
    expect(await call.once('ringing')).toMatchObject({ code: 180 });
    expect(await incoming.accept()).toBe(true);
    const answer = await call.answered;
    expect(answer.isAnswered && answer.afterMs).toBeGreaterThan(0);
    expect(kinds(call)).toEqual(['trying', 'ringing', 'answered']);
  });

  test.each([486, 603, 480, 404, 503])('refusal %i is told with its Q.850 cause', async (code) => {
    const { a, b, call, incoming } = await ringing();
    incoming.reject(code, { Reason: ['Q.850;cause=17;text="User busy"'] });
    expect(await call.ended).toMatchObject({ by: 'remote', cause: { sipCode: code, q850: 17, reasonHeader: 'Q.850;cause=17;text="User busy"' } });
    expect(await incoming.call.ended).toMatchObject({ by: 'local', cause: { sipCode: code, q850: 17 } });
    expect(await call.answered).toMatchObject({ isAnswered: false });
    await Promise.all([a.close(), b.close()]);
    expect([a.size, b.size]).toEqual([0, 0]);
  });

  test('a redirect says where to', async () => {
    const { call, incoming } = await ringing();
    incoming.redirect('sip:299@127.0.0.1:5099');
    expect(await call.ended).toMatchObject({ by: 'remote', cause: { sipCode: 302 }, redirectTo: 'sip:299@127.0.0.1:5099' });
  });

  test('cancel while ringing: 487 on both sides, and accept afterwards says false', async () => {
    const { call, incoming } = await ringing();
    incoming.ring();
    await call.once('ringing');
    expect(await call.hangup('Q.850;cause=16')).toMatchObject({ by: 'local', cause: { sipCode: 487 } });
    expect(await incoming.call.ended).toMatchObject({ by: 'remote', cause: { sipCode: 487, q850: 16 } });
    expect(await incoming.accept()).toBe(false);
    expect(incoming.call.rtp).toBeUndefined();
  });

  test('cancel against the answer: whoever wins, both sides end and nobody stays connected', async () => {
    const { call, incoming } = await ringing();
    const accepted = incoming.accept();
    const ended = call.cancel();
    const [end, far] = await Promise.all([ended, incoming.call.ended]);
    await accepted;
    expect(end.by).toBe('local');
    expect(far.by).toBe('remote');
  });

  test('nobody answers in time: cancelled by us', async () => {
    const { call, incoming } = await ringing({ ringTimeoutMs: 30 });
    incoming.ring();
    expect(await call.ended).toMatchObject({ by: 'local', cause: { sipCode: 487 } });
    expect(await incoming.call.ended).toMatchObject({ by: 'remote' });
  });

  test('nothing listens there: the network ends the call after 64 times T1', async () => {
    const a = await agent(9, { timers: { t1Ms: 4 } });
    const call = await a.call({ to: '201', from: { user: '200' } });
    expect(await call.ended).toMatchObject({ by: 'network', cause: { sipCode: 408 } });
  });

  test('a user agent without anybody to take calls answers 480', async () => {
    const b = await agent(9);
    const a = await agent(b.port);
    const call = await a.call({ to: '201', from: { user: '200' } });
    expect(await call.ended).toMatchObject({ by: 'remote', cause: { sipCode: 480 } });
  });

  test('an error of the one who takes calls becomes a 500', async () => {
    const b = await agent(9);
    b.onIncoming(() => {
      throw new Error('planned');
    });
    const a = await agent(b.port);
    const call = await a.call({ to: '201', from: { user: '200' } });
    expect(await call.ended).toMatchObject({ cause: { sipCode: 500 } });
  });

  test('early media is heard before the answer', async () => {
    const { call, incoming } = await ringing();
    expect(await incoming.progress({ sendAudio: alawTone(440, 400) })).toBe(true);
    expect(await call.once('early-media')).toMatchObject({ code: 183 });
    expect(await call.rtp?.waitForAudio(2_000, 0)).toBeGreaterThan(0);
    expect(call.state).toBe('early');
    expect(await incoming.accept()).toBe(true);
    expect((await call.answered).isAnswered).toBe(true);
  });

  test('wrong arguments are named and send nothing', async () => {
    const a = await agent(9);
    await expect(a.call({ to: '', from: { user: 'x' } })).rejects.toMatchObject({ name: 'SipUsageError', field: 'to' });
    await expect(a.call({ to: '1', from: { user: 'x' }, headers: { 'X-A': ['1\r\n2'] } })).rejects.toMatchObject({ field: 'headers' });
    expect(a.size).toBe(0);
  });
});

describe('after the answer', () => {
  test('BYE from the caller, with reason', async () => {
    const { call, far } = await talking();
    expect(await call.hangup('Q.850;cause=31')).toMatchObject({ by: 'local', cause: { q850: 31 } });
    expect(await far.ended).toMatchObject({ by: 'remote', cause: { q850: 31 } });
  });

  test('BYE from the called side', async () => {
    const { call, far } = await talking();
    await far.hangup();
    expect((await call.ended).by).toBe('remote');
    expect((await far.ended).by).toBe('local');
  });

  test('BYE against BYE: both ends are local, nothing hangs', async () => {
    const { a, b, call, far } = await talking();
    const [one, two] = await Promise.all([call.hangup(), far.hangup()]);
    expect([one.by, two.by]).toEqual(['local', 'local']);
    await Promise.all([a.close(), b.close()]);
    expect([a.size, b.size]).toEqual([0, 0]);
  });

  test('digits arrive once each, in order, with their length', async () => {
    const { call, far } = await talking();
    const heard: string[] = [];
    const all = new Promise<void>((resolve) => far.on('digit', (e) => heard.push(`${e.digit}/${e.durationMs}/${e.method}`) === 4 && resolve()));
    expect(await call.sendDigits('1*#d', { durationMs: 60, gapMs: 40 })).toBe(4);
    await all;
    expect(heard).toEqual(['1/60/rfc4733', '*/60/rfc4733', '#/60/rfc4733', 'D/60/rfc4733']);
  });

  test('a key that does not exist is named; digits stop with the call', async () => {
    const { call, far } = await talking();
    await expect(call.sendDigits('12x')).rejects.toThrow('"x" at place 3');
    const sending = call.sendDigits('1111111111', { durationMs: 40, gapMs: 40 });
    await far.once('digit');
    await far.hangup();
    expect(await sending).toBeLessThan(10);
  });

  test('a digit by INFO', async () => {
    const { call, far } = await talking();
    expect(await call.info('7', 120)).toEqual({ ok: true, code: 200 });
    expect(await far.once('digit')).toMatchObject({ digit: '7', durationMs: 120, method: 'info' });
  });

  test('audio is heard, measured and kept', async () => {
    const tone = alawTone(440, 200);
    const { call, far, incoming } = await talking({ sendAudio: tone });
    expect(incoming.call.rtp).toBe(far.rtp);
    const firstMs = await far.rtp?.waitForAudio(2_000, 0);
    expect(firstMs).toBeGreaterThan(0);
    expect(far.rtp?.stats()).toMatchObject({ lost: 0, duplicates: 0 });
    expect(far.rtp?.audio().subarray(0, 160)).toEqual(tone.subarray(0, 160));
    expect(await call.rtp?.waitForAudio(50)).toBeUndefined();
  });

  test('hold and resume change the direction that the other side sees, and stop its audio', async () => {
    const { call, far } = await talking();
    const directions: string[] = [];
    const both = new Promise<void>((resolve) => far.on('media', (e) => directions.push(e.remoteDirection) === 2 && resolve()));
    expect(await call.hold()).toEqual({ ok: true, code: 200 });
    expect(await far.sendDigits('1')).toBe(0);
    expect(await call.resume()).toEqual({ ok: true, code: 200 });
    await both;
    expect(directions).toEqual(['sendonly', 'sendrecv']);
    expect(await far.sendDigits('1', { durationMs: 40, gapMs: 20 })).toBe(1);
  });

  test('glare: both hold at once, both succeed in the end', async () => {
    const { call, far } = await talking();
    expect(await Promise.all([call.hold(), far.hold()])).toEqual([{ ok: true, code: 200 }, { ok: true, code: 200 }]);
    expect([call.state, far.state]).toEqual(['answered', 'answered']);
  });

  test('hold on a call that the other side forgot ends it', async () => {
    const { call, b } = await talking();
    await b.close({ graceMs: 0 });
    const again = await agent(9, { bindPort: b.port });
    expect(again.port).toBe(b.port);
    expect(await call.hold()).toEqual({ ok: false, code: 481 });
    expect(await call.ended).toMatchObject({ by: 'remote', cause: { sipCode: 481 } });
  });

  test.each([[200, 'finished'], [486, 'finished']])('a transfer reports %i', async (code, kind) => {
    const { call, far } = await talking();
    const targets: string[] = [];
    far.onRefer((target) => {
      targets.push(target);
      return Promise.resolve(code);
    });
    expect(await call.refer('202')).toEqual({ kind, code });
    expect(targets[0]).toMatch(/^sip:202@127\.0\.0\.1:\d+$/);
  });

  test('a transfer that nobody handles is refused; one cut short is unreported', async () => {
    const { call, far } = await talking();
    expect(await call.refer('202')).toEqual({ kind: 'refused', code: 603 });
    far.onRefer(() => far.hangup().then(() => 200));
    expect(await call.refer('202')).toEqual({ kind: 'unreported' });
    await expect(call.refer('sip:a b@h')).rejects.toMatchObject({ field: 'target' });
  });
});

describe('the end of the user agent', () => {
  test('close ends live, ringing and placed calls on both sides and frees everything', async () => {
    const { a, b, call, far } = await talking();
    const arrival = nextIncoming(b);
    const second = await a.call({ to: '201', from: { user: '200' } });
    const incoming = await arrival;
    await a.close();
    expect([(await call.ended).by, (await second.ended).by]).toEqual(['local', 'local']);
    expect([(await far.ended).by, (await incoming.call.ended).by]).toEqual(['remote', 'remote']);
    expect(a.size).toBe(0);
    await expect(a.call({ to: '1', from: { user: '2' } })).rejects.toMatchObject({ name: 'SipUsageError' });
    await a.close();
  });

  test('close without grace settles every promise of a call to nowhere', async () => {
    const a = await agent(9);
    const call = await a.call({ to: '201', from: { user: '200' } });
    const audio = call.rtp?.waitForAudio(60_000) ?? Promise.resolve(0);
    const waiting = [call.answered, call.ended, call.once('ringing'), audio];
    await a.close({ graceMs: 0 });
    expect((await Promise.all(waiting)).length).toBe(4);
    expect(a.size).toBe(0);
  });
});
