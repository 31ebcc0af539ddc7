// A phone without a person: registers as one extension and treats every call by a policy; tells what happened.
// Must not place calls. Read `createAnsweringPhone` first.
import type { EndReason } from './call-events.ts';
import type { Credentials } from './digest.ts';
import { SipUsageError } from './errors.ts';
import type { IncomingCall, Party } from './incoming-call.ts';
import type { SipCall } from './call.ts';
import type { Registration } from './registration.ts';
import { createUserAgent } from './user-agent.ts';
import type { UserAgent, UserAgentOptions } from './user-agent.ts';

export type PhonePolicy =
  /** Rings, answers after `afterMs` (default 0), hangs up after `hangUpAfterMs` or stays until the other side leaves. */
  | { readonly kind: 'answer'; readonly afterMs?: number; readonly hangUpAfterMs?: number; readonly sendAudio?: Uint8Array }
  /** 486. */
  | { readonly kind: 'busy' }
  /** Rings until the caller gives up. */
  | { readonly kind: 'no-answer' }
  /** 603. */
  | { readonly kind: 'decline' }
  /** 480. */
  | { readonly kind: 'unavailable' }
  /** 302 to a user part or URI. */
  | { readonly kind: 'redirect'; readonly target: string };

/** One call as the phone met it; times are `performance.now()` ms. */
export interface PhoneCall {
  readonly from: Party;
  readonly to: Party;
  readonly receivedAtMs: number;
  readonly policy: PhonePolicy['kind'];
  readonly call: SipCall;
  answeredAtMs: number | undefined;
  end: EndReason | undefined;
}

export interface AnsweringPhoneOptions extends UserAgentOptions {
  readonly credentials: Credentials;
  /** User part to register when it differs from the credentials' user name. */
  readonly user?: string;
  readonly realm?: string;
  readonly expiresS?: number;
  readonly policy: PhonePolicy;
}

export interface AnsweringPhone {
  readonly user: string;
  readonly userAgent: UserAgent;
  readonly registration: Registration;
  /** Calls so far, oldest first; the newest 1,000 are kept. */
  readonly calls: readonly PhoneCall[];
  /** Takes effect with the next call. */
  setPolicy(policy: PhonePolicy): void;
  /** Called at the arrival, the answer and the end of each call. */
  onChange(act: (call: PhoneCall, what: 'ringing' | 'answered' | 'ended') => void): void;
  /** Ends calls, unregisters, closes all sockets. */
  close(): Promise<void>;
}

const MAX_CALLS = 1_000;

/** Resolves when the phone is registered; rejects with RegistrationError, with nothing left open. */
export async function createAnsweringPhone(options: AnsweringPhoneOptions): Promise<AnsweringPhone> {
  const userAgent = await createUserAgent(options);
  const calls: PhoneCall[] = [];
  let policy = options.policy;
  let onChange: (call: PhoneCall, what: 'ringing' | 'answered' | 'ended') => void = () => undefined;

  userAgent.onIncoming((incoming) => {
    const met: PhoneCall = {
      from: incoming.from, to: incoming.to, receivedAtMs: performance.now(), policy: policy.kind,
      call: incoming.call, answeredAtMs: undefined, end: undefined,
    };
    calls.push(met);
    if (calls.length > MAX_CALLS) calls.shift();
    incoming.call.on('answered', (event) => {
      met.answeredAtMs = event.atMs;
      onChange(met, 'answered');
    });
    incoming.call.on('ended', (event) => {
      met.end = event.end;
      onChange(met, 'ended');
    });
    onChange(met, 'ringing');
    return treat(incoming, policy);
  });
  try {
    const { credentials, user, realm, expiresS } = options;
    const registration = await userAgent.register({ ...credentials, ...(user === undefined ? {} : { user }), ...(realm === undefined ? {} : { realm }), ...(expiresS === undefined ? {} : { expiresS }) });
    return {
      user: registration.user,
      userAgent,
      registration,
      calls,
      setPolicy: (next) => void (policy = next),
      onChange: (act) => void (onChange = act),
      close: () => userAgent.close(),
    };
  } catch (error) {
    await userAgent.close({ graceMs: 0 });
    throw error;
  }
}

async function treat(incoming: IncomingCall, policy: PhonePolicy): Promise<void> {
  switch (policy.kind) {
    case 'busy':
      return incoming.reject(486);
    case 'decline':
      return incoming.reject(603);
    case 'unavailable':
      return incoming.reject(480);
    case 'redirect':
      return incoming.redirect(policy.target);
    case 'no-answer':
      return incoming.ring();
    case 'answer':
      return answer(incoming, policy);
    default:
      return policy satisfies never;
  }
}

async function answer(incoming: IncomingCall, policy: PhonePolicy & { readonly kind: 'answer' }): Promise<void> {
  incoming.ring();
  if (!(await stillLiveAfter(incoming.call, policy.afterMs ?? 0))) return;
  const isAnswered = await incoming.accept(policy.sendAudio ? { sendAudio: policy.sendAudio } : {});
  if (!isAnswered || policy.hangUpAfterMs === undefined) return;
  if (await stillLiveAfter(incoming.call, policy.hangUpAfterMs)) await incoming.call.hangup();
}

/** Waits, but no longer than the call lives; returns whether it still does. */
function stillLiveAfter(call: SipCall, delayMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(call.state !== 'ended'), delayMs);
    call.on('ended', () => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}

/** Returns the policy that a word names: answer, busy, no-answer, decline (declined), unavailable, redirect:TARGET; throws SipUsageError. */
export function parsePolicy(text: string): PhonePolicy {
  if (text.startsWith('redirect:') && text.length > 9) return { kind: 'redirect', target: text.slice(9) };
  const word = text === 'declined' ? 'decline' : text;
  if (word === 'answer' || word === 'busy' || word === 'no-answer' || word === 'decline' || word === 'unavailable') return { kind: word };
  throw new SipUsageError('policy', `"${text.slice(0, 40)}" is nothing a test phone can do. It knows answer, busy, no-answer, decline, unavailable and redirect:TARGET`);
}
