// The trunks in force: what the trunk file says, kept when a later edit of it cannot be used. It watches the file and
// hands what changed to Asterisk. Read `TrunkBook.look`.
import { readFile } from 'node:fs/promises';
import { renderTrunks, trunkEndpoint, type TrunkConfig } from '../embedded/trunks.ts';
import { parseTrunks, type Trunk } from '../plans/trunks.ts';
import type { Clock } from '../ports/clock.ts';
import type { Problem } from '../routing/problem.ts';
import type { OutboundTrunk } from '../trunks/trunk.ts';
import type { Alarms } from '../telemetry/alarms.ts';
import { isLoopback } from './sip-address.ts';

export interface TrunkBookOptions {
  readonly file: string;
  /** As people know it, in messages. */
  readonly label: string;
  /** Value of a variable that holds a password. */
  readonly variable: (name: string) => string | undefined;
  /** Text that stands for a file that is not there; none when absent. */
  readonly whenMissing?: string;
  /** Where the trunk of a file that is as shipped leads, so that an outside call can be tried; absent = nowhere. */
  readonly demoAddress?: string;
  readonly clock: Clock;
  readonly alarms: Pick<Alarms, 'raise' | 'clear'>;
}
/** Hands trunks to Asterisk; rejects when it does not take them. */
/** Between endpoints in the dialplan's GV_EMERGENCY_TRUNK. */
export const TRUNK_SEPARATOR = '&';
export type ApplyTrunks = (trunks: readonly Trunk[]) => Promise<void>;

const LOOK_EVERY_MS = 2_000;
/** Dead audio and a call on hold that nobody comes back to, as for phones. */
const MAX_RTP_SILENCE_MS = 60_000;
const MAX_RTP_HOLD_MS = 3_600_000;
const MAX_SHOWN = 5;

export class TrunkBook {
  readonly #options: TrunkBookOptions;
  #text: string;
  #trunks: readonly Trunk[];
  #warnings: readonly Problem[];
  #apply: ApplyTrunks | null = null;
  /** True while Asterisk may hold others than these. */
  #isPending = false;
  #cancel: () => void = () => {};
  #isClosed = false;

  private constructor(options: TrunkBookOptions, text: string, trunks: readonly Trunk[], warnings: readonly Problem[]) {
    this.#options = options;
    this.#text = text;
    this.#trunks = trunks;
    this.#warnings = warnings;
  }

  /** A file that is not there counts as `whenMissing`. Throws Error with every problem of a file that cannot be used. */
  static async open(options: TrunkBookOptions): Promise<TrunkBook> {
    const text = await readFile(options.file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return options.whenMissing ?? '{"trunks":{}}';
      throw new Error(`The trunk file ${options.label} cannot be read (${error.code ?? 'unknown'}). Make it readable for the user that runs GENVoice.`, { cause: error });
    });
    const { trunks, problems } = read(text, options);
    if (trunks === null) throw new Error(`The trunk file ${options.label} cannot be used:\n${shown(problems)}`);
    return new TrunkBook(options, text, trunks, problems);
  }

  get all(): readonly Trunk[] {
    return this.#trunks;
  }
  /** One sentence each. */
  get warnings(): readonly string[] {
    return this.#warnings.map((one) => `${this.#options.label} ${one.path}: ${one.message}. ${one.hint}`);
  }
  byId(id: string): Trunk | undefined {
    return this.#trunks.find((trunk) => trunk.id === id);
  }
  /** Trunks that calls can go out over. */
  get outbound(): readonly OutboundTrunk[] {
    return this.#trunks.flatMap(outboundTrunk);
  }
  /** Endpoints that 999 and 112 are tried over: the marked trunks, then every other one that calls can go to, each by priority (RULES F8). */
  emergencyEndpoints(): readonly string[] {
    return this.outbound.toSorted((a, b) => Number(b.emergency) - Number(a.emergency) || a.priority - b.priority).map(({ endpoint }) => endpoint);
  }

  /** True when no call can reach a real carrier: every trunk leads to this machine itself. */
  get isLoopbackOnly(): boolean {
    return this.#trunks.every(({ address, registration }) => [address, registration?.server].every((server) => server === undefined || isLoopback(server)));
  }
  /** Calls that leave come to the demo carrier, as the file is still the one that was shipped. */
  get isDemo(): boolean {
    const { demoAddress } = this.#options;
    return demoAddress !== undefined && this.#trunks.some(({ address }) => address === demoAddress);
  }

  /** Looks at the file from now on. `isPending`: Asterisk holds other trunks than these already. */
  watch(apply: ApplyTrunks, isPending: boolean): void {
    this.#apply = apply;
    this.#isPending = isPending;
    this.#again(isPending ? 0 : LOOK_EVERY_MS);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  /** One look at the file: a good one takes the place of what was in force, a bad one raises an alarm and changes nothing. */
  async look(): Promise<void> {
    const text = await readFile(this.#options.file, 'utf8').catch(() => null);
    // A file that is gone for a moment is an editor at work; gone for good, the trunks stay until there is a new one.
    if (text !== null && text !== this.#text) this.#read(text);
    if (this.#isPending && this.#apply !== null) await this.#hand(this.#apply);
  }

  #read(text: string): void {
    const { label, alarms } = this.#options;
    this.#text = text;
    const { trunks, problems } = read(text, this.#options);
    if (trunks === null) {
      alarms.raise('trunk-file', `${label} was changed and cannot be used; the trunks before stay in force.\n${shown(problems)}`, 'Mend the file; it is taken over as soon as it is right.');
      return;
    }
    alarms.clear('trunk-file');
    this.#trunks = trunks;
    this.#warnings = problems;
    this.#isPending = true;
  }

  async #hand(apply: ApplyTrunks): Promise<void> {
    const { label, alarms } = this.#options;
    try {
      await apply(this.#trunks);
      this.#isPending = false;
      alarms.clear('trunks');
    } catch (error) {
      alarms.raise('trunks', `The trunks of ${label} could not be handed to Asterisk: ${error instanceof Error ? error.message : String(error)}`, 'It is tried again every 2 s; see whether Asterisk runs and the disk has room.');
    }
  }

  #again(delayMs: number): void {
    if (this.#isClosed) return;
    this.#cancel = this.#options.clock.after(delayMs, () => void this.look().finally(() => this.#again(LOOK_EVERY_MS)));
  }
}

/** The text of pjsip_trunks.conf. Throws RangeError naming trunk and field. */
export function trunksText(trunks: readonly Trunk[], codecs: readonly string[]): string {
  return renderTrunks(trunks.map(trunkConfig), { codecs, maxRtpSilenceMs: MAX_RTP_SILENCE_MS, maxRtpHoldMs: MAX_RTP_HOLD_MS, language: 'en-GB' });
}

/** The file as it is; one that is still as shipped leads to the demo carrier, where there is one. */
function read(text: string, { variable, demoAddress }: TrunkBookOptions): ReturnType<typeof parseTrunks> {
  const asWritten = parseTrunks(text, variable);
  const [only, ...others] = asWritten.trunks ?? [];
  if (demoAddress === undefined || only === undefined || others.length > 0 || !isShipped(only)) return asWritten;
  return parseTrunks(JSON.stringify({ trunks: { [only.id]: { name: only.name, match: only.match, ddiFrom: only.ddiFrom, dtmf: only.dtmf, address: demoAddress } } }), variable);
}

/** Whoever wrote anything into it has a carrier of their own in mind. */
function isShipped({ id, address, registration, match }: Trunk): boolean {
  return id === 'loopback' && address === undefined && registration === undefined && match.length === 1 && match[0] === '127.0.0.1';
}

/** Trunks of an Asterisk that is not ours, by their endpoints: nothing else is known of them. */
export function foreignTrunks(endpoints: string | null): readonly OutboundTrunk[] {
  return (endpoints?.split(TRUNK_SEPARATOR) ?? []).map((endpoint, priority) => ({
    id: endpoint, name: endpoint, carrier: endpoint, endpoint, domain: 'genvoice.invalid', transport: 'udp', priority, weight: 1, cost: {}, maxChannels: null, maxCallsPerSecond: null, emergency: true,
    recipe: { format: '+E164', defaultNetworkNumber: null, sendsNetworkNumber: true, allowsThirdPartyNumbers: false },
  }));
}

function outboundTrunk(trunk: Trunk): OutboundTrunk[] {
  if (trunk.outbound === undefined) return [];
  const { qualifyMs: _, endpoint = trunkEndpoint(trunk.id), ...outbound } = trunk.outbound;
  return [{ id: trunk.id, name: trunk.name, transport: trunk.transport, emergency: trunk.emergency, endpoint, ...outbound }];
}

export function trunkConfig(trunk: Trunk): TrunkConfig {
  return {
    id: trunk.id, match: trunk.match, transport: trunk.transport, dtmf: trunk.dtmf, ddiFrom: trunk.ddiFrom,
    ...(trunk.address === undefined ? {} : { address: trunk.address }),
    ...(trunk.outbound === undefined ? {} : { fromDomain: trunk.outbound.domain, qualifyMs: trunk.outbound.qualifyMs }),
    ...(trunk.codecs === undefined ? {} : { codecs: trunk.codecs }),
    ...(trunk.registration === undefined ? {} : {
      registration: {
        serverUri: `sip:${trunk.registration.server}`, clientUri: `sip:${trunk.registration.user}@${trunk.registration.server}`,
        user: trunk.registration.user, password: trunk.registration.password,
      },
    }),
  };
}

function shown(problems: readonly Problem[]): string {
  const faults = problems.filter(({ severity }) => severity === 'problem');
  const lines = faults.slice(0, MAX_SHOWN).map((one) => `  ${one.path === '' ? 'the file' : one.path}  ${one.message}. ${one.hint}`);
  return [...lines, ...(faults.length > MAX_SHOWN ? [`  and ${faults.length - MAX_SHOWN} more`] : [])].join('\n');
}
