// Errors of the user agent that its user caused or has to act on; ordinary telephony results are values, not errors.

/** The caller of our API gave something that cannot be sent; `field` names it. */
export class SipUsageError extends Error {
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.name = 'SipUsageError';
    this.field = field;
  }
}

/** Why a registration failed. */
export type RegistrationFault =
  /** The registrar refused the password (a second 401 without stale, or 403). */
  | 'wrong-credentials'
  /** The HA1 at hand was made for another realm or algorithm than the registrar asks for. */
  | 'wrong-realm'
  /** The registrar does not know the user (404). */
  | 'unknown-user'
  /** No answer within 64*T1. */
  | 'no-answer'
  /** Any other refusal; `sipCode` says which. */
  | 'refused'
  /** The user agent was closed. */
  | 'closed';

/** A REGISTER did not succeed. */
export class RegistrationError extends Error {
  readonly fault: RegistrationFault;
  readonly sipCode: number | undefined;

  constructor(fault: RegistrationFault, message: string, sipCode?: number) {
    super(message);
    this.name = 'RegistrationError';
    this.fault = fault;
    this.sipCode = sipCode;
  }
}
