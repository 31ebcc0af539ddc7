// The reader of HTTP answers: the same answer however its bytes are cut, and no answer out of what is none.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnswerReader } from '../../../src/ari/http-answer.ts';

const JSON_BODY = '{"message":"Zoë"}';
const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');
const WITH_LENGTH = bytes(`HTTP/1.1 200 OK\r\nServer: Asterisk\r\ncontent-length: ${Buffer.byteLength(JSON_BODY)}\r\n\r\n${JSON_BODY}`);
const CHUNKS = bytes(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"m\r\n${(Buffer.byteLength(JSON_BODY) - 3).toString(16)};x=1\r\n${JSON_BODY.slice(3)}\r\n0\r\nTrailer: x\r\n\r\n`);

describe('an answer', () => {
  test.each([
    ['with a length', WITH_LENGTH, 200, JSON_BODY, false],
    ['in chunks', CHUNKS, 200, JSON_BODY, false],
    ['behind a 100 Continue', Buffer.concat([bytes('HTTP/1.1 100 Continue\r\n\r\n'), WITH_LENGTH]), 200, JSON_BODY, false],
    ['204 without a length', bytes('HTTP/1.1 204 No Content\r\nServer: Asterisk\r\n\r\n'), 204, '', false],
    ['empty', bytes('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'), 404, '', false],
    ['that closes the connection', bytes('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}'), 401, '{}', true],
    ['of HTTP/1.0', bytes('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}'), 200, '{}', true],
  ])('%s is read, wherever its bytes are cut', (_, whole, status, body, isLast) => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: whole.length - 1 })), (cuts) => {
        const reader = new AnswerReader();
        const at = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const answers = at.slice(1).map((end, place) => {
          // One buffer for all pieces, as a connection has it: what was in it before is gone.
          const piece = Buffer.from(whole.subarray(at[place], end));
          const answer = reader.push(piece);
          const read = answer === null ? null : { status: answer.status, body: answer.body.toString('utf8'), isLast: answer.isLast };
          piece.fill(0);
          return read;
        });
        expect(answers.slice(0, -1).every((answer) => answer === null)).toBe(true);
        expect(answers.at(-1)).toEqual({ status, body, isLast });
        expect(reader.end()).toBeNull();
      }),
      { numRuns: 60 },
    );
  });

  test('without a length ends with the connection', () => {
    const reader = new AnswerReader();
    expect(reader.push(bytes('HTTP/1.1 200 OK\r\n\r\n{"a'))).toBeNull();
    expect(reader.push(bytes('":1}'))).toBeNull();
    const answer = reader.end();
    expect([answer?.status, answer?.body.toString('utf8'), answer?.isLast]).toEqual([200, '{"a":1}', true]);
  });

  test('that is cut off is none', () => {
    const reader = new AnswerReader();
    reader.push(WITH_LENGTH.subarray(0, -1));
    expect(reader.end()).toBeNull();
  });

  test.each([
    ['no HTTP', 'SSH-2.0-OpenSSH_9\r\n\r\n'],
    ['a head without an end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`],
    ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['a coding that we do not know', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n'],
    ['two answers at once', 'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'],
  ])('%s is refused', (_, text) => {
    expect(() => new AnswerReader().push(bytes(text))).toThrow(/answer|chunk|more came/);
  });
});
