// Whether trunks can be reached, asked of Asterisk one by one. Never by subscribing the call application to endpoint:PJSIP:
// that delivers most events twice, digits included (Asterisk 22.10).
import { TelephonyError, type TrunkStates } from '../ports/telephony.ts';
import { isObject } from './decode.ts';
import type { AriTransport } from './transport.ts';

export class AriTrunkStates implements TrunkStates {
  readonly #transport: AriTransport;

  constructor(transport: AriTransport) {
    this.#transport = transport;
  }

  async trunkStates(endpoints: readonly string[]): Promise<ReadonlyMap<string, boolean | null>> {
    const found = await Promise.all(endpoints.map(async (endpoint) => [endpoint, await this.#stateOf(endpoint)] as const));
    return new Map(found.filter((one): one is readonly [string, boolean | null] => one[1] !== undefined));
  }

  /** undefined = Asterisk knows no such endpoint. */
  async #stateOf(endpoint: string): Promise<boolean | null | undefined> {
    try {
      const answer = await this.#transport.request({
        resource: 'endpoints', operation: 'get', method: 'GET', path: 'endpoints/{tech}/{resource}', params: { tech: 'PJSIP', resource: endpoint },
      });
      const state = isObject(answer) ? answer['state'] : null;
      return state === 'online' ? true : state === 'offline' ? false : null;
    } catch (error) {
      if (error instanceof TelephonyError && error.fault === 'gone') return undefined;
      throw error;
    }
  }
}
