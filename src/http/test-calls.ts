// Test calls: a real SIP call through the live plan, as a stream of what happens or as one document at its end.
// Whoever goes away hangs up: the call never outlives the request that asked for it.
import type { HttpDeps, SetResult } from './deps.ts';
import { HttpProblem } from './problem.ts';
import { json, route } from './route.ts';
import type { EventStream, Reply, Route } from './route.ts';
import { TestCallBody, TestCallDocument } from './wire.ts';
import type { TestCallProgress, TestCallResult } from './wire.ts';

/** A looping call repeats itself; what is past this is dropped from the document, never from the stream. */
const MAX_PROGRESS = 2000;

export function testCallRoutes(deps: HttpDeps): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/test-calls',
      id: 'placeTestCall',
      tag: 'calls',
      summary: 'Places a real SIP call and tells how it went; with Accept: text/event-stream as it happens',
      body: TestCallBody,
      answer: TestCallDocument,
      answerTypes: ['text/event-stream'],
      headers: { Accept: 'text/event-stream for `progress` events and one last `result` or `problem`' },
      problems: [409, 422],
      hasDeadline: false,
      handle: async ({ body, header, signal }): Promise<Reply> => {
        if ((header('accept') ?? '').includes('text/event-stream')) {
          return { kind: 'stream', run: (stream) => streamCall(deps, body, stream) };
        }
        const progress: TestCallProgress[] = [];
        const outcome = await deps.testCall(
          body,
          (item) => progress.length < MAX_PROGRESS && progress.push(item),
          signal,
        );
        return json({ progress, result: resultOf(outcome, body) });
      },
    }),
  ];
}

async function streamCall(deps: HttpDeps, body: TestCallBody, stream: EventStream): Promise<void> {
  try {
    const outcome = await deps.testCall(body, (item) => stream.send('progress', JSON.stringify(item)), stream.signal);
    stream.send('result', JSON.stringify(resultOf(outcome, body)));
  } catch (error) {
    // The headers are gone, so the problem travels as the last event.
    const problem =
      error instanceof HttpProblem
        ? error
        : new HttpProblem(500, 'server-fault', 'The server met a fault of its own while the test call ran.', {
            hint: 'The log of the server has the cause.',
          });
    if (problem !== error) deps.reportFault(error, 'POST /v1/test-calls');
    stream.send(
      'problem',
      JSON.stringify({
        status: problem.status,
        code: problem.code,
        detail: problem.message,
        path: problem.options.path ?? null,
        hint: problem.options.hint ?? null,
      }),
    );
  }
}

function resultOf(outcome: SetResult<TestCallResult>, body: TestCallBody): TestCallResult {
  switch (outcome.kind) {
    case 'done':
      return outcome.row;
    case 'unknown':
      throw new HttpProblem(422, 'unknown-number', `${body.to} is nobody's number here.`, {
        path: '/to',
        hint: 'GET /v1/numbers (genvoice numbers list) has the numbers there are.',
      });
    case 'refused':
      throw new HttpProblem(409, 'test-call-refused', outcome.reason, { hint: outcome.hint });
  }
}
