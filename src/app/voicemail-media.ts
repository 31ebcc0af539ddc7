// Messages as Asterisk can play them: a readable copy in the prompt folder, made when somebody listens.
import { copyFile, chmod, mkdir } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** `sound:` address of a message's audio for an Asterisk that sees `promptFolder` at `soundRoot`, or fetches below `httpBase`. */
export async function messageMedia(file: string, promptFolder: string, soundRoot: string | null, httpBase: string): Promise<string> {
  const hash = createHash('sha256').update(`message:${file}`).digest('hex');
  const name = soundRoot === null ? hash : `message-${hash.slice(0, 32)}`;
  await mkdir(promptFolder, { recursive: true });
  const copy = join(promptFolder, `${name}.wav`);
  await copyFile(file, copy);
  await chmod(copy, 0o644);
  return soundRoot === null ? `sound:${httpBase}/${name}.wav` : `sound:${soundRoot}/${name}`;
}
