// Why a recording cannot be used, in words for the person who made it. Every failure of this folder is one of these.

/** What went wrong; each code has one meaning, so that a page can offer the mend. */
export type PromptErrorCode =
  /** No such file. */
  | 'not-found'
  /** A folder, pipe or device. */
  | 'not-a-file'
  | 'too-big'
  | 'empty'
  /** Neither WAV nor MP3. */
  | 'unknown-type'
  /** A WAV of a coding or shape that the telephone side does not take. */
  | 'unsupported-encoding'
  | 'too-long'
  | 'too-quiet'
  /** It says WAV or MP3, but the converter found no sound in it. */
  | 'broken'
  | 'converter-missing'
  | 'converter-timeout'
  /** No room for the converted copy. */
  | 'disk-full'
  /** The cache folder refuses for another reason. */
  | 'unwritable';

/** Says what happened, to which file, and how to mend it; `message` holds all three. */
export class PromptError extends Error {
  readonly code: PromptErrorCode;
  readonly file: string;
  readonly hint: string;

  constructor(code: PromptErrorCode, file: string, what: string, hint: string, cause?: unknown) {
    super(`${file}: ${what}. ${hint}.`, cause === undefined ? {} : { cause });
    this.name = 'PromptError';
    this.code = code;
    this.file = file;
    this.hint = hint;
  }
}

const HINT_BY_ERRNO: Readonly<Record<string, PromptErrorCode>> = { ENOSPC: 'disk-full', EDQUOT: 'disk-full' };

/** A PromptError for a refused write in the cache folder: `disk-full` apart from everything else. */
export function writeError(file: string, cause: unknown): PromptError {
  const errno = errnoOf(cause);
  const code = HINT_BY_ERRNO[errno] ?? 'unwritable';
  return code === 'disk-full'
    ? new PromptError(code, file, 'the converted copy does not fit on the disk', 'Make room in the data folder, then save the plan again', cause)
    : new PromptError(code, file, `the converted copy could not be written (${errno})`, 'Check who owns the data folder', cause);
}

/** Node's error code (`ENOENT` …), or `unknown`. */
export function errnoOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'unknown';
}
