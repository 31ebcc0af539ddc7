// A carrier in one UDP socket that does only what it is told: shows each INVITE as it arrived, and sends any response with
// any headers, or none at all. For what a well-behaved user agent would not do. Read `RawCarrier.invited` first.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

export interface RawInvite {
  readonly text: string;
  readonly atMs: number;
  /** First value of a header, by its full name. */
  header(name: string): string | undefined;
  /** Every value of a header. */
  all(name: string): readonly string[];
  /** User part of the request's address. */
  readonly dialled: string;
  readonly callId: string;
}

const SDP = (port: number): string =>
  ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${port} RTP/AVP 8`, 'a=rtpmap:8 PCMA/8000', 'a=sendrecv', ''].join('\r\n');

export class RawCarrier {
  readonly #socket: Socket;
  readonly #from = new Map<string, RemoteInfo>();
  readonly #answered = new Set<string>();
  /** First sight of each INVITE; retransmissions are counted in `requests`. */
  readonly invites: RawInvite[] = [];
  /** Methods in the order of arrival, with the Call-ID: `INVITE abc`. */
  readonly requests: string[] = [];
  /** What it does with each new INVITE; nothing by default. */
  onInvite: (invite: RawInvite) => void = () => {};
  /** Whether a CANCEL is answered (200, and 487 to the INVITE). */
  answersCancel = true;
  answersOptions = true;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes, from) => this.#take(bytes.toString('utf8'), from));
  }

  static async open(host = '127.0.0.1'): Promise<RawCarrier> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, host, resolve);
    });
    return new RawCarrier(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): Promise<void> {
    return new Promise((resolve) => void this.#socket.close(() => resolve()));
  }

  respond(invite: RawInvite, code: number, extra: readonly string[] = []): void {
    if (code >= 200) this.#answered.add(invite.callId);
    this.#send(invite.text, code, extra, code === 200 || code === 183 ? SDP(this.port) : '');
  }

  /** How often a method came for a call. */
  count(method: string, callId?: string): number {
    return this.requests.filter((one) => (callId === undefined ? one.startsWith(`${method} `) : one === `${method} ${callId}`)).length;
  }

  #take(text: string, from: RemoteInfo): void {
    const method = /^([A-Z]+) /.exec(text)?.[1];
    if (method === undefined || text.startsWith('SIP/2.0')) return;
    const callId = headerOf(text, 'Call-ID')[0] ?? '';
    this.requests.push(`${method} ${callId}`);
    this.#from.set(callId, from);
    if (method === 'INVITE') {
      if (this.invites.some((one) => one.callId === callId)) return;
      const invite: RawInvite = {
        text, callId, atMs: performance.now(), dialled: /^INVITE sips?:([^@;> ]*)@/.exec(text)?.[1] ?? '',
        header: (name) => headerOf(text, name)[0], all: (name) => headerOf(text, name),
      };
      this.invites.push(invite);
      this.onInvite(invite);
    } else if (method === 'CANCEL') {
      if (!this.answersCancel) return;
      this.#send(text, 200, [], '');
      const invite = this.invites.find((one) => one.callId === callId);
      if (invite !== undefined && !this.#answered.has(callId)) this.respond(invite, 487);
    } else if (method === 'BYE' || (method === 'OPTIONS' && this.answersOptions)) this.#send(text, 200, [], '');
  }

  #send(request: string, code: number, extra: readonly string[], body: string): void {
    const from = this.#from.get(headerOf(request, 'Call-ID')[0] ?? '');
    if (from === undefined) return;
    const copied = request.split('\r\n').filter((line) => /^(via|from|call-id|cseq|record-route):/i.test(line));
    const to = `To: ${headerOf(request, 'To')[0] ?? ''}${code === 100 || (headerOf(request, 'To')[0] ?? '').includes('tag=') ? '' : ';tag=raw'}`;
    const lines = [
      `SIP/2.0 ${code} Said`, ...copied, to, `Contact: <sip:carrier@127.0.0.1:${this.port}>`, ...extra,
      ...(body === '' ? [] : ['Content-Type: application/sdp']), `Content-Length: ${Buffer.byteLength(body)}`, '', body,
    ];
    this.#socket.send(lines.join('\r\n'), from.port, from.address);
  }
}

function headerOf(text: string, name: string): string[] {
  const head = text.split('\r\n\r\n', 1)[0] ?? '';
  return head.split('\r\n').slice(1).flatMap((line) => {
    const at = line.indexOf(':');
    return line.slice(0, at).trim().toLowerCase() === name.toLowerCase() ? [line.slice(at + 1).trim()] : [];
  });
}
