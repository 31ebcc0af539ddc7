// Phones as PJSIP objects in Asterisk's memory, by ARI's dynamic configuration: no file, no reload. The memory wizard
// forgets at an Asterisk restart, so everything is pushed again at each connect.
import { TelephonyError, type PhoneProvision, type PhoneProvisioning } from '../ports/telephony.ts';
import { isObject } from './decode.ts';
import type { AriRequest, AriTransport } from './transport.ts';

export interface PhoneDefaults {
  readonly codecs: readonly string[];
  /** `en_GB`: folder of Asterisk's own recordings for phones. */
  readonly language: string;
  readonly encryptSpeech: boolean;
}

/** A phone whose speech has stopped this long is dead; on hold it may be silent for an hour. */
const RTP_TIMEOUT_S = 60;
const RTP_TIMEOUT_HOLD_S = 3_600;

export class AriPhoneProvisioning implements PhoneProvisioning {
  readonly #transport: AriTransport;
  readonly #defaults: PhoneDefaults;

  constructor(transport: AriTransport, defaults: PhoneDefaults) {
    this.#transport = transport;
    this.#defaults = defaults;
  }

  async putPhone(phone: PhoneProvision): Promise<void> {
    const id = phone.endpoint;
    const auth = this.#put('auth', id, { auth_type: 'md5', username: id, md5_cred: phone.ha1Md5, realm: phone.realm });
    // Asterisk dials the first contact of a phone alone: a second registration takes the place of the first.
    const aor = this.#put('aor', id, { max_contacts: '1', remove_existing: 'yes', remove_unavailable: 'yes', qualify_frequency: '30', qualify_timeout: '2' });
    await Promise.all([auth, aor]);
    await this.#put('endpoint', id, {
      context: 'gv-phone', disallow: 'all', allow: `!all,${this.#defaults.codecs.join(',')}`, auth: id, aors: id,
      direct_media: 'no', rtp_symmetric: 'yes', force_rport: 'yes', rewrite_contact: 'yes', dtmf_mode: 'rfc4733',
      // What a phone writes into From is never who it is (RULES 1-19).
      callerid: `"${callerName(phone.displayName)}" <${phone.extension}>`, trust_id_inbound: 'no', send_pai: 'yes', language: this.#defaults.language,
      rtp_timeout: String(RTP_TIMEOUT_S), rtp_timeout_hold: String(RTP_TIMEOUT_HOLD_S), tone_zone: 'uk',
      ...(this.#defaults.encryptSpeech ? { media_encryption: 'sdes' } : {}),
      ...(phone.mailbox === null ? {} : { mailboxes: `${phone.mailbox}@genvoice`, mwi_subscribe_replaces_unsolicited: 'yes' }),
    });
  }

  async removePhone(endpoint: string): Promise<void> {
    for (const kind of ['endpoint', 'aor', 'auth']) {
      await this.#request('deleteObject', 'DELETE', kind, endpoint).catch((error: unknown) => {
        if (!(error instanceof TelephonyError) || error.fault !== 'gone') throw error;
      });
    }
  }

  async onlinePhones(): Promise<ReadonlySet<string>> {
    const rows = await this.#endpoints();
    return new Set(rows.filter((row) => row['state'] === 'online').map((row) => String(row['resource'])));
  }

  async endpoints(): Promise<readonly string[]> {
    return (await this.#endpoints()).map((row) => String(row['resource']));
  }

  async reload(module: string): Promise<void> {
    await this.#transport.request({ resource: 'asterisk', operation: 'reloadModule', method: 'PUT', path: 'asterisk/modules/{moduleName}', params: { moduleName: module } });
  }

  async #endpoints(): Promise<Readonly<Record<string, unknown>>[]> {
    const answer = await this.#transport.request({ resource: 'endpoints', operation: 'listByTech', method: 'GET', path: 'endpoints/{tech}', params: { tech: 'PJSIP' } });
    return Array.isArray(answer) ? answer.filter(isObject) : [];
  }

  async #put(kind: string, id: string, fields: Readonly<Record<string, string>>): Promise<void> {
    await this.#request('updateObject', 'PUT', kind, id, { fields: Object.entries(fields).map(([attribute, value]) => ({ attribute, value })) });
  }

  async #request(operation: string, method: AriRequest['method'], kind: string, id: string, body?: unknown): Promise<void> {
    await this.#transport.request({
      resource: 'asterisk', operation, method, path: 'asterisk/config/dynamic/{configClass}/{objectType}/{id}',
      params: { configClass: 'res_pjsip', objectType: kind, id }, ...(body === undefined ? {} : { body }),
    });
  }
}

/** Quotes and line ends would end the caller ID text early. */
function callerName(name: string): string {
  return name.replaceAll(/["\\\p{Cc}<>]/gu, '').slice(0, 64);
}
