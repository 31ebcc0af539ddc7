// The key check before every route that is not open. Wrong attempts are counted per address and slowed; a right key
// is never refused for somebody else's wrong ones, or a stranger on the machine could lock the owner out.
import { rateLimit } from 'express-rate-limit';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { HttpDeps } from './deps.ts';
import { HttpProblem } from './problem.ts';

/** Attempts with a wrong key per address and minute. */
export const WRONG_KEYS_A_MINUTE = 20;
/** A key of ours has 43 characters; longer text is not worth a comparison. */
const MAX_KEY_LENGTH = 256;

/** Lets a request with the right `Authorization: Bearer` pass; else 401, and 429 after too many from one address. */
export function keyGate(deps: Pick<HttpDeps, 'verifyKey'>): RequestHandler {
  const countWrong = rateLimit({
    windowMs: 60_000,
    limit: WRONG_KEYS_A_MINUTE,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: () => {
      throw new HttpProblem(
        429,
        'too-many-wrong-keys',
        `More than ${WRONG_KEYS_A_MINUTE} requests with a wrong key came from this address within a minute.`,
        {
          hint: 'Wait a minute, then send the key from the data folder (file api-key).',
        },
      );
    },
  });
  return async (request, response, next) => {
    const given = bearer(request);
    if (given !== null && (await deps.verifyKey(given))) {
      next();
      return;
    }
    await countWrong(request, response, (fault?: unknown) => refuse(fault, given, response, next));
  };
}

function bearer(request: Request): string | null {
  const match = /^Bearer +([\x21-\x7e]+) *$/i.exec(request.headers.authorization ?? '');
  const key = match?.[1];
  return key === undefined || key.length > MAX_KEY_LENGTH ? null : key;
}

function refuse(fault: unknown, given: string | null, response: Response, next: NextFunction): void {
  if (fault !== undefined) {
    next(fault);
    return;
  }
  response.set('WWW-Authenticate', 'Bearer realm="genvoice"');
  next(
    given === null
      ? new HttpProblem(401, 'key-missing', 'This request carries no key.', {
          path: 'Authorization',
          hint: 'Send the header "Authorization: Bearer <key>". The key is in the file api-key of the data folder.',
        })
      : new HttpProblem(401, 'key-wrong', 'The key of this request is not the key of this server.', {
          path: 'Authorization',
          hint: 'Read the key again from the file api-key of the data folder; another instance has another one.',
        }),
  );
}
