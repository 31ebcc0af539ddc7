// Secrets of the instance. Phones: only digests of user:realm:password. API keys: only SHA-256. Each is shown once, when
// it is made. The two that our own programs need (local API key, ARI password) are files of mode 0600.
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { chmodSync, readFileSync } from 'node:fs';
import { writeFileAtomicSync } from './atomic-file.ts';
import { safeName } from './names.ts';
import { SqlThread } from './sql-thread.ts';
import type { Row } from './sql-thread.ts';
import { StoreError, storeError } from './store-error.ts';

export interface SecretsOptions {
  readonly adminFile: string;
  readonly apiKeyFile: string;
  readonly ariPasswordFile: string;
  /** Digest realm of our phones; default `genvoice`. A change makes every phone's password worthless. */
  readonly realm?: string;
  /** SIP user of a phone; default `<customer>-<extension>`. */
  readonly sipUserOf?: (customer: string, extension: string) => string;
  readonly nowMs?: () => number;
}
export interface Phone {
  readonly customer: string;
  readonly extension: string;
  readonly sipUser: string;
  readonly realm: string;
  readonly ha1Md5: string;
  readonly ha1Sha256: string;
  readonly createdAtMs: number;
  /** False: made so that the phone exists; nobody has been told its password. */
  readonly isHandedOut: boolean;
}
/** `password` is nowhere else: shown once, then gone. */
export interface PhoneSecret extends Phone {
  readonly password: string;
}
export interface ApiKey {
  readonly id: string;
  readonly label: string;
  readonly scope: string;
  readonly createdAtMs: number;
}

/** Without characters that people mistake for one another when they type them into a phone. */
const PASSWORD_LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
/** 20 of 56 letters: 116 bits. */
const PASSWORD_LENGTH = 20;
const KEY_FORM = /^gv_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;
const SCOPE_FORM = /^[a-z][a-z0-9:-]{0,31}$/;
const MAX_LABEL_CHARACTERS = 100;
const NO_HASH = Buffer.alloc(32);
const PHONE = 'customer, extension, sip_user, realm, ha1_md5, ha1_sha256, created_at_ms, is_handed_out';

/** Opens the secrets; keys are read into memory, so that checking one costs no look-up. Rejects with StoreError. */
export async function openSecrets(options: SecretsOptions): Promise<Secrets> {
  const thread = new SqlThread({
    file: options.adminFile,
    subject: `Phones and keys in ${options.adminFile}`,
    onOpen: ['PRAGMA synchronous=FULL'],
  });
  try {
    const rows = await thread.all('SELECT id, label, scope, hash, created_at_ms FROM api_keys');
    return new Secrets(thread, options, rows);
  } catch (error) {
    await thread.close();
    throw error;
  }
}

export class Secrets {
  readonly #thread: SqlThread;
  readonly #options: SecretsOptions;
  readonly #nowMs: () => number;
  readonly #keys = new Map<string, { key: ApiKey; hash: Buffer }>();

  /** Use `openSecrets`. */
  constructor(thread: SqlThread, options: SecretsOptions, keyRows: readonly Row[]) {
    this.#thread = thread;
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    for (const row of keyRows) {
      const key = {
        id: String(row['id']),
        label: String(row['label']),
        scope: String(row['scope']),
        createdAtMs: Number(row['created_at_ms']),
      };
      this.#keys.set(key.id, { key, hash: Buffer.from(String(row['hash']), 'hex') });
    }
  }

  /** A new password for a phone; an older one of the same phone stops being valid. `isHandedOut` false: nobody will know it. */
  async createPhoneSecret(customer: string, extension: string, isHandedOut = true): Promise<PhoneSecret> {
    const phone = this.#newPhone(customer, extension, isHandedOut);
    await this.#thread.run(`INSERT OR REPLACE INTO phones (${PHONE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, ...rowOf(phone));
    return phone;
  }

  /**
   * Phones of these extensions by extension. One that has no password yet gets one that nobody knows: it exists, and
   * nobody can register as it. One look-up and at most one write for all of them.
   */
  async phonesOf(customer: string, extensions: readonly string[]): Promise<ReadonlyMap<string, Phone>> {
    const known = new Map((await this.listPhones(customer)).map((phone) => [phone.extension, phone]));
    const missing = extensions.filter((extension) => !known.has(extension));
    if (missing.length === 0) return known;
    // A password that is being made and shown beside this stays the phone's.
    const sql = `INSERT OR IGNORE INTO phones (${PHONE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
    await this.#thread.transaction(missing.map((extension) => ({ sql, parameters: rowOf(this.#newPhone(customer, extension, false)) })));
    return new Map((await this.listPhones(customer)).map((phone) => [phone.extension, phone]));
  }

  #newPhone(customer: string, extension: string, isHandedOut: boolean): PhoneSecret {
    safeName('customer', customer);
    safeName('extension', extension);
    const sipUser = this.#options.sipUserOf?.(customer, extension) ?? `${customer}-${extension}`;
    const realm = this.#options.realm ?? 'genvoice';
    const password = newPassword();
    const text = `${sipUser}:${realm}:${password}`;
    const ha1Md5 = createHash('md5').update(text).digest('hex');
    const ha1Sha256 = createHash('sha256').update(text).digest('hex');
    const createdAtMs = Math.round(this.#nowMs());
    return { customer, extension, sipUser, realm, ha1Md5, ha1Sha256, createdAtMs, isHandedOut, password };
  }

  async getPhone(customer: string, extension: string): Promise<Phone | null> {
    const row = await this.#thread.get(
      `SELECT ${PHONE} FROM phones WHERE customer = ? AND extension = ?`,
      customer,
      extension,
    );
    return row === null ? null : phoneOfRow(row);
  }

  /** Of one customer, or of all. */
  async listPhones(customer?: string): Promise<readonly Phone[]> {
    const order = 'ORDER BY customer, extension';
    const rows =
      customer === undefined
        ? await this.#thread.all(`SELECT ${PHONE} FROM phones ${order}`)
        : await this.#thread.all(`SELECT ${PHONE} FROM phones WHERE customer = ? ${order}`, customer);
    return rows.map(phoneOfRow);
  }

  /** True when there was one. */
  async deletePhone(customer: string, extension: string): Promise<boolean> {
    return (
      (await this.#thread.run('DELETE FROM phones WHERE customer = ? AND extension = ?', customer, extension)) === 1
    );
  }

  /** A new API key; `secret` is shown once. Rejects with `refused` for a scope that is no word. */
  async createApiKey(label: string, scope: string): Promise<ApiKey & { readonly secret: string }> {
    if (!SCOPE_FORM.test(scope)) {
      throw new StoreError(
        'refused',
        `scope ${JSON.stringify(scope.slice(0, 40))} cannot be kept: use 1 to 32 small letters, digits, ":" or "-".`,
      );
    }
    const id = randomBytes(6).toString('hex');
    const secret = `gv_${id}_${randomBytes(32).toString('base64url')}`;
    const key: ApiKey = {
      id,
      label: label.slice(0, MAX_LABEL_CHARACTERS),
      scope,
      createdAtMs: Math.round(this.#nowMs()),
    };
    // 256 random bits need no slow hash: there is nothing to guess.
    const hash = hashOf(secret);
    await this.#thread.run(
      'INSERT INTO api_keys (id, label, scope, hash, created_at_ms) VALUES (?, ?, ?, ?, ?)',
      id,
      key.label,
      scope,
      hash.toString('hex'),
      key.createdAtMs,
    );
    this.#keys.set(id, { key, hash });
    return { ...key, secret };
  }

  /** The key's entry, or null for anything that is none. Compares in constant time; never throws. */
  verifyApiKey(secret: string): ApiKey | null {
    const id = KEY_FORM.exec(secret)?.[1] ?? '';
    const known = this.#keys.get(id);
    // The same work for an unknown id. Its hash is no text's hash that anybody knows.
    const isEqual = timingSafeEqual(hashOf(secret.slice(0, 128)), known?.hash ?? NO_HASH);
    return isEqual && known !== undefined ? known.key : null;
  }

  listApiKeys(): readonly ApiKey[] {
    return [...this.#keys.values()].map(({ key }) => key);
  }

  /** True when there was one; it stops working at once. */
  async deleteApiKey(id: string): Promise<boolean> {
    const isDeleted = (await this.#thread.run('DELETE FROM api_keys WHERE id = ?', id)) === 1;
    this.#keys.delete(id);
    return isDeleted;
  }

  /** The key in the data folder, for the command on this machine; made when missing, deleted or no longer valid. */
  async ensureLocalApiKey(): Promise<string> {
    const found = readSecretFile(this.#options.apiKeyFile);
    if (found !== null && this.verifyApiKey(found) !== null) return found;
    const { secret, id } = await this.createApiKey('this machine', 'admin');
    try {
      writeFileAtomicSync(this.#options.apiKeyFile, `${secret}\n`);
    } catch (error) {
      await this.deleteApiKey(id);
      throw storeError(`The API key could not be written to ${this.#options.apiKeyFile}`, error);
    }
    return secret;
  }

  /** Password of the embedded Asterisk's ARI user, kept in the data folder; 192 random bits. */
  ensureAriPassword(): string {
    const file = this.#options.ariPasswordFile;
    const found = readSecretFile(file);
    if (found !== null && found.length >= 16) return found;
    const password = randomBytes(24).toString('base64url');
    try {
      writeFileAtomicSync(file, `${password}\n`);
    } catch (error) {
      throw storeError(`The ARI password could not be written to ${file}`, error);
    }
    return password;
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}

function newPassword(): string {
  return Array.from({ length: PASSWORD_LENGTH }, () => PASSWORD_LETTERS[randomInt(PASSWORD_LETTERS.length)]).join('');
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function readSecretFile(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8').trim();
    // Restored from a backup or copied by hand: nobody else may read it.
    chmodSync(file, 0o600);
    return text === '' ? null : text;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw storeError(`The secret in ${file} could not be read`, error);
  }
}

function rowOf({ customer, extension, sipUser, realm, ha1Md5, ha1Sha256, createdAtMs, isHandedOut }: Phone): (string | number)[] {
  return [customer, extension, sipUser, realm, ha1Md5, ha1Sha256, createdAtMs, isHandedOut ? 1 : 0];
}

function phoneOfRow(row: Row): Phone {
  return {
    customer: String(row['customer']),
    extension: String(row['extension']),
    sipUser: String(row['sip_user']),
    realm: String(row['realm']),
    ha1Md5: String(row['ha1_md5']),
    ha1Sha256: String(row['ha1_sha256']),
    createdAtMs: Number(row['created_at_ms']),
    isHandedOut: row['is_handed_out'] !== 0,
  };
}
