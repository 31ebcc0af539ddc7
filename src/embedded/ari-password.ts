// Hash of the ARI password for ari.conf (password_format=crypt), so that the file alone opens nothing.
// sha1crypt with few rounds on purpose: Asterisk hashes again for every HTTP request (5 us against 675 us for
// sha512crypt), and the password is 24 random bytes, which no dictionary holds.
import { createHmac, randomBytes } from 'node:crypto';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ROUNDS = 4;

/** A new password of 192 random bits, URL-safe. */
export function newAriPassword(): string {
  return randomBytes(24).toString('base64url');
}

/** crypt(3) text of `password` in the sha1crypt form that libxcrypt reads. Only for random passwords. */
export function cryptAriPassword(password: string, salt: string = randomBytes(6).toString('hex')): string {
  let digest = createHmac('sha1', password).update(`${salt}$sha1$${ROUNDS}`).digest();
  for (let round = 1; round < ROUNDS; round += 1) digest = createHmac('sha1', password).update(digest).digest();
  const at = (index: number): number => digest[index] ?? 0;
  let text = '';
  for (let i = 0; i < 18; i += 3) text += sixBits((at(i) << 16) | (at(i + 1) << 8) | at(i + 2));
  // sha1crypt fills the last group of three with the first byte again.
  text += sixBits((at(18) << 16) | (at(19) << 8) | at(0));
  return `$sha1$${ROUNDS}$${salt}$${text}`;
}

function sixBits(bits: number): string {
  let text = '';
  for (let shift = 0; shift < 24; shift += 6) text += ALPHABET[(bits >> shift) & 63] ?? '';
  return text;
}
