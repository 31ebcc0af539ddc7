// Mailbox PINs: argon2id, 19 MiB, 2 passes (OWASP's least setting), as a PHC text. A PIN is short, so that the hash
// alone protects little: the attempts are limited in voicemail-store.ts.
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const hashArgon2 = promisify(argon2);
const COST = { memory: 19 * 1024, passes: 2, parallelism: 1 } as const;
const SALT_BYTES = 16;
const TAG_BYTES = 32;
/** Each hash takes 19 MiB and a thread of the pool: a flood of attempts waits instead of taking them all. */
const MAX_AT_ONCE = 2;
const PHC_FORM =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{16,64})\$([A-Za-z0-9+/]{16,128})$/;

let running = 0;
const queue: (() => void)[] = [];

/** PHC text of `pin`, with a new salt. About 60 ms, off the main thread. */
export async function hashPin(pin: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const tag = await limited(() => hashArgon2('argon2id', { message: pin, nonce: salt, ...COST, tagLength: TAG_BYTES }));
  return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${base64(salt)}$${base64(tag)}`;
}

/** Whether `pin` made `phc`; constant time. False for a text that is no hash of ours. */
export async function isPin(phc: string, pin: string): Promise<boolean> {
  const [, memory, passes, parallelism, salt, tag] = PHC_FORM.exec(phc) ?? [];
  if (salt === undefined || tag === undefined) return false;
  const expected = Buffer.from(tag, 'base64');
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const found = await limited(() =>
    hashArgon2('argon2id', { message: pin, nonce: Buffer.from(salt, 'base64'), ...cost, tagLength: expected.length }),
  );
  return timingSafeEqual(found, expected);
}

async function limited<T>(work: () => Promise<T>): Promise<T> {
  if (running >= MAX_AT_ONCE) await new Promise<void>((resolve) => queue.push(resolve));
  else running += 1;
  try {
    return await work();
  } finally {
    // The place goes straight to the next in line.
    const next = queue.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
