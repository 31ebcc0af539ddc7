import { expect, onTestFinished, test } from 'vitest';
import { headerOf } from '../../../src/sipua/message.ts';
import { createAnsweringPhone, parsePolicy } from '../../../src/sipua/answering-phone.ts';
import type { PhonePolicy } from '../../../src/sipua/answering-phone.ts';
import { RegistrationError } from '../../../src/sipua/errors.ts';
import { responseTo } from '../../../src/sipua/server-transaction.ts';
import { agent, HOST, registrar } from './peers.ts';

const faultOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'none', (e: unknown) => (e instanceof RegistrationError ? e.fault : e));
const expiries = (seen: readonly { request: Parameters<typeof headerOf>[0] }[]): (string | undefined)[] => seen.map((t) => headerOf(t.request, 'expires'));

test('registers with a password or its HA1, and unregisters', async () => {
  const server = await registrar();
  const ua = await agent(server.port);
  for (const secret of [{ password: 'secret' }, { ha1: server.ha1 }]) {
    const registration = await ua.register({ username: '201', ...secret, realm: 'test', expiresS: 120 });
    expect([registration.state, registration.expiresS]).toEqual(['registered', 120]);
    expect(await registration.unregister()).toBe(true);
    expect([registration.state, await registration.unregister()]).toEqual(['over', true]);
  }
  expect(expiries(server.seen)).toEqual(['120', '120', '0', '120', '120', '0']);
});

test('wrong password, wrong realm, unknown user, refusal and silence are told apart', async () => {
  const server = await registrar();
  const ua = await agent(server.port);
  expect(await faultOf(ua.register({ username: '201', password: 'wrong' }))).toBe('wrong-credentials');
  expect(server.seen.length).toBe(2);
  expect(await faultOf(ua.register({ username: '201', ha1: server.ha1, realm: 'elsewhere' }))).toBe('wrong-realm');
  const codes = [404, 403, 500];
  const refusing = await registrar((t, n) => t.respond(responseTo(t.request, codes[n - 1] ?? 500, { toTag: 'x' })));
  const other = await agent(refusing.port);
  const faults = [await faultOf(other.register({ username: '1', password: 'x' })), await faultOf(other.register({ username: '1', password: 'x' })), await faultOf(other.register({ username: '1', password: 'x' }))];
  expect(faults).toEqual(['unknown-user', 'wrong-credentials', 'refused']);
  const nowhere = await agent(9, { timers: { t1Ms: 4 } });
  expect(await faultOf(nowhere.register({ username: '1', password: 'x' }))).toBe('no-answer');
  const leaving = await agent(9);
  const waiting = faultOf(leaving.register({ username: '1', password: 'x' }));
  await leaving.close();
  expect(await waiting).toBe('closed');
});

test('an interval that is too brief is lengthened once', async () => {
  const server = await registrar((t, n) => n === 1 && t.respond(responseTo(t.request, 423, { toTag: 'x', headers: [{ name: 'min-expires', value: '600' }] })));
  const registration = await (await agent(server.port)).register({ username: '201', password: 'secret', expiresS: 60 });
  expect(registration.expiresS).toBe(600);
});

test('a lost registration is noticed and told, and a stale nonce is answered again', async () => {
  let mode: 'normal' | 'stale' | 'down' = 'stale';
  const stale = [{ name: 'www-authenticate', value: 'Digest realm="test", nonce="old", qop="auth", stale=true' }];
  const server = await registrar((t, n) => {
    if (mode === 'down') return t.respond(responseTo(t.request, 503, { toTag: 'x' }));
    if (n === 2) return t.respond(responseTo(t.request, 401, { toTag: 'x', headers: [{ name: 'www-authenticate', value: stale[0]?.value.replace('old', 'n1') ?? '' }] }));
    return false;
  });
  const registration = await (await agent(server.port)).register({ username: '201', password: 'secret', expiresS: 1 });
  expect(server.seen.length).toBe(3);
  mode = 'down';
  const [state, error] = await new Promise<[string, RegistrationError | undefined]>((resolve) => registration.onChange((...all) => resolve(all)));
  expect([state, error?.sipCode]).toEqual(['lost', 503]);
});

async function phone(policy: PhonePolicy) {
  const server = await registrar();
  const made = await createAnsweringPhone({ bindHost: HOST, remote: { host: HOST, port: server.port }, credentials: { username: '201', password: 'secret' }, policy, timers: { t1Ms: 40 } });
  onTestFinished(() => made.close());
  const caller = await agent(made.userAgent.port);
  return { made, server, caller, call: await caller.call({ to: '201', from: { user: '200' } }) };
}

test.each([
  ['busy', 486], ['decline', 603], ['unavailable', 480], ['redirect:202', 302],
])('a phone set to %s gives %i', async (word, code) => {
  const { made, call } = await phone(parsePolicy(word));
  expect(await call.ended).toMatchObject({ by: 'remote', cause: { sipCode: code } });
  expect(made.calls).toMatchObject([{ from: { user: '200' }, answeredAtMs: undefined, end: { by: 'local', cause: { sipCode: code } } }]);
});

test('a phone that nobody answers rings until it is cancelled', async () => {
  const { made, call } = await phone({ kind: 'no-answer' });
  await call.once('ringing');
  await call.cancel();
  expect((await call.ended).by).toBe('local');
  await made.calls[0]?.call.ended;
  expect(made.calls[0]).toMatchObject({ policy: 'no-answer', end: { by: 'remote', cause: { sipCode: 487 } } });
});

test('a phone answers after a while, hangs up by itself, and says when', async () => {
  const { made, call, server } = await phone({ kind: 'answer', afterMs: 30, hangUpAfterMs: 60 });
  const answer = await call.answered;
  expect(answer.isAnswered && answer.afterMs).toBeGreaterThanOrEqual(28);
  expect((await call.ended).by).toBe('remote');
  expect(call.history.map((e) => e.kind)).toEqual(['trying', 'ringing', 'answered', 'ended']);
  const met = made.calls[0];
  expect((met?.answeredAtMs ?? 0) - (met?.receivedAtMs ?? 0)).toBeGreaterThanOrEqual(28);
  await made.close();
  expect([made.userAgent.size, expiries(server.seen).at(-1)]).toEqual([0, '0']);
});

test('the caller leaves before the phone answers; the next policy takes effect', async () => {
  const { made, call, caller } = await phone({ kind: 'answer', afterMs: 60_000 });
  await call.once('ringing');
  await call.cancel();
  made.setPolicy({ kind: 'busy' });
  const second = await caller.call({ to: '201', from: { user: '200' } });
  expect((await second.ended).cause.sipCode).toBe(486);
  expect(made.calls.map((c) => c.policy)).toEqual(['answer', 'busy']);
});

test('a phone that cannot register leaves nothing open', async () => {
  const server = await registrar();
  const made = createAnsweringPhone({ bindHost: HOST, remote: { host: HOST, port: server.port }, credentials: { username: '201', password: 'no' }, policy: { kind: 'busy' } });
  expect(await faultOf(made)).toBe('wrong-credentials');
});

test('words for policies', () => {
  expect(['answer', 'declined', 'redirect:sip:1@h'].map(parsePolicy)).toEqual([{ kind: 'answer' }, { kind: 'decline' }, { kind: 'redirect', target: 'sip:1@h' }]);
  expect(() => parsePolicy('dance')).toThrow(/"dance" is nothing a test phone can do/);
});
