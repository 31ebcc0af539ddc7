// What a command fails with: exit code, words, mend. INTERFACE section 6 has the codes.

/** 0 yes · 1 the answer is no · 2 used wrongly · 3 server, Asterisk or time limit · 4 not allowed · 130 interrupted. */
export const EXIT = { yes: 0, no: 1, usage: 2, unavailable: 3, notAllowed: 4, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Thrown by a command; main.ts prints it as text or JSON and exits with its code. */
export class CliError extends Error {
  readonly exit: ExitCode;
  readonly code: string;
  readonly path: string | null;
  readonly hint: string | null;

  constructor(
    exit: ExitCode,
    code: string,
    message: string,
    details: { readonly path?: string | null; readonly hint?: string | null } = {},
  ) {
    super(message);
    this.name = 'CliError';
    this.exit = exit;
    this.code = code;
    this.path = details.path ?? null;
    this.hint = details.hint ?? null;
  }
}

/** A mistake in the arguments. */
export function misuse(message: string, hint: string, path?: string): CliError {
  return new CliError(EXIT.usage, 'usage', message, { hint, path: path ?? null });
}
