// Keeps one phone registered: REGISTER with digest, refresh before it runs out, retry when lost, unregister.
// Must not print secrets. Read `register` first.
import { randomBytes } from 'node:crypto';
import { headerOf, headersOf } from './message.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { escapeUser, hostPort, parseAddress } from './address.ts';
import { acceptChallenge, authorisation } from './authorise.ts';
import { createDigestAnswerer, parseChallenge } from './digest.ts';
import type { Credentials } from './digest.ts';
import { RegistrationError } from './errors.ts';
import type { UaHost } from './host.ts';

export type RegisterOptions = Credentials & {
  /** The user part to register, when it differs from the user name of the credentials. */
  readonly user?: string;
  /** Refuses a registrar of another realm at once; an HA1 is good for one realm only. */
  readonly realm?: string;
  /** How long the registrar shall remember us; default 300 s, the registrar may shorten it. */
  readonly expiresS?: number;
};

export type RegistrationState =
  /** The registrar has our address. */
  | 'registered'
  /** A refresh failed; tried again every few seconds. */
  | 'lost'
  /** Unregistered or closed. */
  | 'over';

export interface Registration {
  readonly user: string;
  readonly state: RegistrationState;
  /** Seconds that the registrar granted last. */
  readonly expiresS: number;
  onChange(act: (state: RegistrationState, error: RegistrationError | undefined) => void): void;
  /** Takes our address off the registrar; resolves false if it did not confirm. Never rejects, safe to call twice. */
  unregister(): Promise<boolean>;
}

/** Resolves when the registrar has accepted; rejects with RegistrationError and leaves nothing running. */
export async function register(host: UaHost, options: RegisterOptions): Promise<Registration & { stop(): void }> {
  const keeper = new Keeper(host, options);
  await keeper.refresh(options.expiresS ?? 300);
  keeper.keep();
  return keeper;
}

class Keeper implements Registration {
  readonly user: string;
  state: RegistrationState = 'registered';
  expiresS = 0;
  readonly #host: UaHost;
  readonly #options: RegisterOptions;
  readonly #answerer;
  readonly #callId = randomBytes(12).toString('hex');
  readonly #tag = randomBytes(8).toString('hex');
  #seq = 0;
  #stopTimer: () => void = () => undefined;
  #onChange: (state: RegistrationState, error: RegistrationError | undefined) => void = () => undefined;

  constructor(host: UaHost, options: RegisterOptions) {
    this.#host = host;
    this.#options = options;
    this.user = options.user ?? options.username;
    this.#answerer = createDigestAnswerer(options);
  }

  onChange(act: (state: RegistrationState, error: RegistrationError | undefined) => void): void {
    this.#onChange = act;
  }

  /** One REGISTER, with at most one challenge (two when the nonce was stale) and one "interval too brief". */
  async refresh(expiresS: number): Promise<void> {
    let wanted = expiresS;
    let challenged = 0;
    for (let attempt = 0; attempt < 4; attempt++) {
      const response = await this.#send(wanted);
      if (response.code < 300) {
        this.expiresS = this.#granted(response, wanted);
        return;
      }
      const minimum = Number(headerOf(response, 'min-expires'));
      if (response.code === 423 && minimum > wanted && minimum <= 86_400) wanted = minimum;
      else if (this.#mayAnswer(response, challenged)) challenged++;
      else throw this.#refusal(response, challenged);
    }
    throw new RegistrationError('refused', `The registrar at ${this.#where()} kept asking. ${this.user} is not registered`);
  }

  /** Whether a challenge is worth an answer: the first one, and a later one only when the nonce was merely stale. */
  #mayAnswer(response: SipResponse, challenged: number): boolean {
    if (response.code !== 401 && response.code !== 407) return false;
    const challenges = [...headersOf(response, 'www-authenticate'), ...headersOf(response, 'proxy-authenticate')].map(parseChallenge);
    const { realm } = this.#options;
    if (realm !== undefined && !challenges.some((c) => c?.realm === realm)) return false;
    // A refresh starts with the nonce of last time, so its first challenge is no verdict on the password.
    if (challenged > 0 && !challenges.some((c) => c?.isStale)) return false;
    return acceptChallenge(this.#answerer, response);
  }

  async #send(expiresS: number): Promise<SipResponse> {
    const { remote, layer, userAgent } = this.#host;
    const uri = `sip:${hostPort(remote.host, remote.port)}`;
    const aor = `<sip:${escapeUser(this.user)}@${hostPort(remote.host, remote.port)}>`;
    const request: SipRequest = {
      kind: 'request',
      method: 'REGISTER',
      uri,
      headers: [
        { name: 'max-forwards', value: '70' },
        { name: 'from', value: `${aor};tag=${this.#tag}` },
        { name: 'to', value: aor },
        { name: 'call-id', value: this.#callId },
        { name: 'cseq', value: `${++this.#seq} REGISTER` },
        { name: 'contact', value: this.#host.contact(this.user) },
        { name: 'expires', value: String(expiresS) },
        { name: 'user-agent', value: userAgent },
        ...authorisation(this.#answerer, 'REGISTER', uri),
      ],
      body: '',
    };
    const outcome = await layer.request(request, remote);
    if (outcome.kind === 'response') return outcome.response;
    if (outcome.kind === 'closed') throw new RegistrationError('closed', `The user agent was closed while ${this.user} registered`);
    throw new RegistrationError('no-answer', `The registrar at ${this.#where()} does not answer. Check that it runs and listens on UDP there`);
  }

  #granted(response: SipResponse, wanted: number): number {
    const ours = parseAddress(this.#host.contact(this.user))?.uriText;
    const own = headersOf(response, 'contact').map(parseAddress).find((c) => c?.uriText === ours);
    const granted = Number(own?.params.get('expires') ?? headerOf(response, 'expires') ?? wanted);
    return Number.isFinite(granted) && granted > 0 && granted <= 86_400 ? granted : wanted;
  }

  #where(): string {
    return hostPort(this.#host.remote.host, this.#host.remote.port);
  }

  #refusal(response: SipResponse, challenged: number): RegistrationError {
    const { code } = response;
    const realms = headersOf(response, 'www-authenticate').map((c) => parseChallenge(c)?.realm ?? '?').join(', ');
    const who = `${this.user} at ${this.#where()}`;
    if (code === 401 || code === 407) {
      if (challenged > 0) return new RegistrationError('wrong-credentials', `The password of ${who} was refused (${code}). Check the user name ${this.#options.username} and its password`, code);
      return new RegistrationError('wrong-realm', `The registrar of ${who} asks for realm "${realms}", for which there is no password or HA1 here. Make the HA1 for that realm and algorithm`, code);
    }
    if (code === 403) return new RegistrationError('wrong-credentials', `${who} may not register (403). Check its user name and password`, code);
    if (code === 404) return new RegistrationError('unknown-user', `The registrar does not know ${who} (404). Check the extension`, code);
    return new RegistrationError('refused', `Registration of ${who} was refused: ${code} ${response.reason.slice(0, 80)}`, code);
  }

  /** Arms the next refresh at 80 % of the granted time, at least 5 s before its end when that leaves a second. */
  keep(): void {
    const delayS = Math.max(1, Math.min(this.expiresS * 0.8, this.expiresS - 5));
    this.#stopTimer = this.#host.timers.after(this.state === 'lost' ? 5_000 : delayS * 1_000, () => void this.#refreshAgain());
  }

  async #refreshAgain(): Promise<void> {
    try {
      await this.refresh(this.#options.expiresS ?? 300);
      this.#become('registered', undefined);
    } catch (error) {
      this.#become('lost', error instanceof RegistrationError ? error : undefined);
    }
    if (this.state !== 'over') this.keep();
  }

  #become(state: RegistrationState, error: RegistrationError | undefined): void {
    if (this.state === state || this.state === 'over') return;
    this.state = state;
    this.#host.log(`registration of ${this.user}: ${state}`);
    this.#onChange(state, error);
  }

  stop(): void {
    this.#stopTimer();
    this.#become('over', undefined);
  }

  async unregister(): Promise<boolean> {
    if (this.state === 'over') return true;
    this.stop();
    return this.refresh(0).then(() => true, () => false);
  }
}
