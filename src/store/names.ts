// Names that become part of a path, a key or a file: letters, digits and a few marks, bounded, never a way out.
import { StoreError } from './store-error.ts';

const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** `value` itself when it is a safe name; else throws `refused`, naming `field`. */
export function safeName(field: string, value: string): string {
  if (SAFE_NAME.test(value) && !value.includes('..')) return value;
  const shown = JSON.stringify(value.slice(0, 40));
  throw new StoreError(
    'refused',
    `${field} ${shown} cannot be kept: use 1 to 64 letters, digits, ".", "_" or "-", beginning with a letter or digit.`,
  );
}
