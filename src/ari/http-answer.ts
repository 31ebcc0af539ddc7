// Takes HTTP/1.1 answers out of the bytes of a connection, one at a time: by length, in chunks, or until the connection
// ends. PURE but for what it has gathered. Made for ARI's small answers, which come in one piece. Read `AnswerReader.push`.

/** One whole answer. `body` may lie in the piece that was pushed: read it before the next one. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
  /** The other side closes the connection behind it. */
  readonly isLast: boolean;
}

/** A longer head is no Asterisk's. */
const MAX_HEAD_BYTES = 64 * 1024;
/** Nine hours of a recording at 16 kHz; gathered in memory. */
const MAX_BYTES = 1024 * 1024 * 1024;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?:[ \r]|$)/;
const LENGTH = /\r\ncontent-length:[ \t]*(\d{1,10})[ \t]*(?:\r|$)/i;
const CODING = /\r\ntransfer-encoding:[ \t]*([^\r]*)/i;
const CLOSES = /\r\nconnection:[ \t]*close[ \t]*(?:\r|$)/i;
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,8})(?:[ \t;]|$)/;
const LINE_END = '\r\n';
const NOTHING = Buffer.alloc(0);

export class AnswerReader {
  readonly #pieces: Buffer[] = [];
  #gathered = 0;
  /** Bytes below which looking again is no use; Infinity = the answer ends with the connection. */
  #wanted = 0;

  /** The answer, or null while it is not whole; what must be kept of `piece` is copied. Throws Error for what is no answer. */
  push(piece: Buffer): HttpAnswer | null {
    if (this.#gathered === 0) return this.#read(piece);
    if (this.#gathered + piece.length < this.#wanted) {
      this.#keep(piece);
      return null;
    }
    const bytes = Buffer.concat([...this.#pieces, piece]);
    this.#forget();
    return this.#read(bytes);
  }

  /** The connection has ended: the answer that ended with it, or null when there was none or it is cut. */
  end(): HttpAnswer | null {
    if (this.#wanted !== Infinity) return null;
    const bytes = Buffer.concat(this.#pieces);
    this.#forget();
    const head = headOf(bytes);
    return head === null ? null : { status: head.status, body: bytes.subarray(head.bodyFrom), isLast: true };
  }

  #read(bytes: Buffer): HttpAnswer | null {
    const head = headOf(bytes);
    if (head === null) {
      if (bytes.length > MAX_HEAD_BYTES) throw new Error('an answer whose head does not end');
      return this.#later(bytes, 0);
    }
    if (head.status < 200) return this.#read(bytes.subarray(head.bodyFrom));
    const coding = CODING.exec(head.text)?.[1]?.trim().toLowerCase();
    if (coding !== undefined && coding !== 'identity') return this.#readChunks(bytes, head, coding);
    const { isLast } = head;
    const length = head.status === 204 || head.status === 304 ? 0 : LENGTH.exec(head.text)?.[1];
    if (length === undefined) return this.#later(bytes, Infinity);
    const end = head.bodyFrom + Number(length);
    if (bytes.length < end) return this.#later(bytes, end);
    if (bytes.length > end) throw new Error('more came than the answer');
    return { status: head.status, body: bytes.subarray(head.bodyFrom, end), isLast };
  }

  #readChunks(bytes: Buffer, head: Head, coding: string): HttpAnswer | null {
    if (coding !== 'chunked') throw new Error(`an answer coded as ${coding.slice(0, 40)}`);
    const body = chunksOf(bytes, head.bodyFrom);
    return body === null ? this.#later(bytes, 0) : { status: head.status, body, isLast: head.isLast };
  }

  #later(bytes: Buffer, wanted: number): null {
    this.#wanted = wanted;
    this.#keep(bytes);
    return null;
  }

  #keep(bytes: Buffer): void {
    this.#gathered += bytes.length;
    if (this.#gathered > MAX_BYTES) throw new Error('an answer that is too long');
    this.#pieces.push(Buffer.from(bytes));
  }

  #forget(): void {
    this.#pieces.length = 0;
    this.#gathered = 0;
    this.#wanted = 0;
  }
}

interface Head {
  readonly status: number;
  readonly text: string;
  readonly bodyFrom: number;
  readonly isLast: boolean;
}

/** null while the head is not whole. */
function headOf(bytes: Buffer): Head | null {
  const end = bytes.indexOf('\r\n\r\n', 0, 'latin1');
  if (end < 0) return null;
  const text = bytes.toString('latin1', 0, end);
  const status = STATUS_LINE.exec(text)?.[1];
  if (status === undefined) throw new Error('an answer that is no HTTP');
  return { status: Number(status), text, bodyFrom: end + 4, isLast: CLOSES.test(text) || text.startsWith('HTTP/1.0') };
}

/** The body in chunks from `from` on, or null while the last chunk is not there. */
function chunksOf(bytes: Buffer, from: number): Buffer | null {
  const chunks: Buffer[] = [];
  for (let at = from; ;) {
    const lineEnd = bytes.indexOf(LINE_END, at, 'latin1');
    if (lineEnd < 0) return null;
    const size = CHUNK_SIZE.exec(bytes.toString('latin1', at, Math.min(lineEnd, at + 80)))?.[1];
    if (size === undefined) throw new Error('a chunk without a size');
    const start = lineEnd + 2;
    const end = start + Number.parseInt(size, 16);
    // Behind the last chunk: header fields that nobody reads, and an empty line.
    if (end === start) return bytes.indexOf(`${LINE_END}${LINE_END}`, lineEnd, 'latin1') < 0 ? null : chunks.length === 0 ? NOTHING : Buffer.concat(chunks);
    if (bytes.length < end + 2) return null;
    chunks.push(bytes.subarray(start, end));
    at = end + 2;
  }
}
