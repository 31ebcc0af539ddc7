// Every refusal of the API as application/problem+json: what happened, to what, how to mend it. Nothing of our inside
// (stack, file, SQL) ever leaves through here. Read `toProblem` first.
import type { Response } from 'express';

/** Body of every answer that is not a success. `code` is stable; `path` names the field (JSON pointer) or null. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly path: string | null;
  readonly hint: string | null;
  /** All faults of the body or of a plan, when there are several. */
  readonly problems?: readonly FieldProblem[];
}

/** One fault at one place; plans and bodies report all of theirs at once. */
export interface FieldProblem {
  readonly path: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

interface ProblemOptions {
  readonly path?: string;
  readonly hint?: string;
  readonly problems?: readonly FieldProblem[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown by a route to answer with a problem; `message` is the sentence that people read. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly options: ProblemOptions;

  constructor(status: number, code: string, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.name = 'HttpProblem';
    this.status = status;
    this.code = code;
    this.options = options;
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request cannot be read',
  401: 'A key is needed',
  404: 'Not found',
  405: 'Not possible here',
  408: 'The request took too long to arrive',
  409: 'Something is in the way',
  412: 'Somebody was first',
  413: 'Too large',
  415: 'Wrong kind of body',
  422: 'There is a problem',
  429: 'Too many attempts',
  500: 'A fault of the server',
  503: 'Not available now',
};

/** The body that tells of `error`; anything that is no HttpProblem of ours or of the body reader is a plain 500. */
export function toProblem(error: unknown): {
  body: ProblemBody;
  headers: Readonly<Record<string, string>>;
  isOurs: boolean;
} {
  const known = error instanceof HttpProblem ? error : fromReader(error);
  const problem =
    known ??
    new HttpProblem(
      500,
      'server-fault',
      'The server met a fault of its own. The request was not carried out in full.',
      {
        hint: 'The log of the server has the cause at this time. Look at the state before trying again.',
      },
    );
  const { path, hint, problems, headers } = problem.options;
  const body: ProblemBody = {
    type: `urn:genvoice:problem:${problem.code}`,
    title: TITLES[problem.status] ?? 'There is a problem',
    status: problem.status,
    detail: problem.message,
    code: problem.code,
    path: path ?? null,
    hint: hint ?? null,
    ...(problems === undefined ? {} : { problems }),
  };
  return { body, headers: headers ?? {}, isOurs: known === null };
}

/** Writes the problem, or cuts the connection when an answer is already under way. */
export function sendProblem(response: Response, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { body, headers } = toProblem(error);
  response.status(body.status).set(headers).type('application/problem+json').send(JSON.stringify(body));
}

/** Faults of express's body reader and router, told by their `type` and `status`. */
function fromReader(error: unknown): HttpProblem | null {
  if (!(error instanceof Error)) return null;
  const type = 'type' in error && typeof error.type === 'string' ? error.type : '';
  const limit = 'limit' in error && typeof error.limit === 'number' ? error.limit : null;
  switch (type) {
    case 'entity.too.large':
      return new HttpProblem(
        413,
        'body-too-large',
        `The body is larger than ${limit === null ? 'this route takes' : bytes(limit)}.`,
        {
          hint: 'Send less at once.',
        },
      );
    case 'encoding.unsupported':
      return new HttpProblem(415, 'content-encoding', 'The body is compressed; this server reads plain bodies only.', {
        hint: 'Leave the Content-Encoding header out and send the body as it is.',
      });
    case 'request.aborted':
    case 'request.size.invalid':
      return new HttpProblem(400, 'body-cut', 'The body ended before its announced length.', {
        hint: 'Send it again.',
      });
    default:
      break;
  }
  if (error instanceof URIError || ('status' in error && error.status === 400)) {
    return new HttpProblem(
      400,
      'address',
      'The address has a % that is not followed by two hexadecimal digits of a character.',
      {
        hint: 'Percent-encode the address as UTF-8, for example %2B for +.',
      },
    );
  }
  return null;
}

function bytes(count: number): string {
  return count >= 1024 * 1024 ? `${Math.floor(count / (1024 * 1024))} MB` : `${Math.floor(count / 1024)} kB`;
}
