// Messages as Asterisk can play them: a readable copy in the prompt folder, made when somebody listens.
import { copyFile, chmod, mkdir } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** `sound:` address of a message's audio for an Asterisk that sees `promptFolder` at `soundRoot`. */
export async function messageMedia(file: string, promptFolder: string, soundRoot: string): Promise<string> {
  const name = `message-${createHash('sha256').update(file).digest('hex').slice(0, 32)}`;
  await mkdir(promptFolder, { recursive: true });
  const copy = join(promptFolder, `${name}.wav`);
  await copyFile(file, copy);
  await chmod(copy, 0o644);
  return `sound:${soundRoot}/${name}`;
}
