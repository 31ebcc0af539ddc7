// What calls and registrations need from the user agent they belong to; types and the headers that all our messages share.
import type { SipHeader } from './message.ts';
import type { TransactionLayer } from './transaction.ts';
import type { Endpoint, ServerTransaction } from './server-transaction.ts';
import type { TimerSet } from './timers.ts';

/** Takes one line for the log; never gets a secret. */
export type Log = (line: string) => void;

/** Anything that owns a dialog. */
export interface DialogOwner {
  readonly key: string;
  /** Takes a request inside the dialog. */
  receive(transaction: ServerTransaction): void;
  /** Ends without waiting for anybody; the user agent is closing. */
  abandon(): void;
  /** Says goodbye in the way that fits the state; resolves when that is done or given up. */
  hangup(): Promise<unknown>;
}

export interface UaHost {
  readonly layer: TransactionLayer;
  readonly timers: TimerSet;
  readonly remote: Endpoint;
  readonly userAgent: string;
  readonly log: Log;
  /** RFC 3261 14.1: how long to wait after 491 before trying again; the owner of the Call-ID waits longer. */
  glareWaitMs(isOwner: boolean): number;
  local(): Endpoint;
  /** Contact value that leads back to this user agent. */
  contact(user: string): string;
  adopt(owner: DialogOwner): void;
  forget(owner: DialogOwner): void;
}

/** The methods that we answer. */
export const ALLOW: SipHeader = { name: 'allow', value: 'INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, REFER, NOTIFY' };

/** Returns the Content-Type header of a body. */
export const contentType = (value: string): SipHeader => ({ name: 'content-type', value });

export const SDP_TYPE: SipHeader = contentType('application/sdp');
