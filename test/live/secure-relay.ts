// Between a phone that speaks SIP over UDP and plain RTP and an Asterisk that is reached by TLS: carries its SIP over TLS and,
// if wanted, its speech as SRTP, so that the phone of the tests is a secure one to Asterisk. Read `openRelay`.
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { createSrtp, SUITE } from './srtp.ts';
import type { Srtp } from './srtp.ts';

const HOST = '127.0.0.1';

export interface SecureRelay {
  /** UDP port that is the phone's registrar and next hop. */
  readonly port: number;
  readonly protocol: string | null;
  /** `m=` lines of Asterisk's SDP, in order. */
  readonly offered: readonly string[];
  /** Speech of Asterisk: packets that were of its key, and all others. */
  readonly speech: { readonly right: number; readonly wrong: number };
  close(): Promise<void>;
}
export interface RelayOptions {
  readonly tlsPort: number;
  /** What Asterisk's certificate must be signed by. */
  readonly ca: string;
  readonly isSpeechEncrypted: boolean;
}

export async function openRelay({ tlsPort, ca, isSpeechEncrypted }: RelayOptions): Promise<SecureRelay> {
  const udp = await bound();
  const tls = await connected(tlsPort, ca);
  const speech = isSpeechEncrypted ? await openSpeech() : null;
  const offered: string[] = [];
  let phonePort = 0;
  // Asterisk names its TLS address as Contact; the phone must find the relay there instead.
  const here = `${HOST}:${udp.address().port};relay=tls`;
  const there = `${HOST}:${tlsPort};transport=TLS`;
  udp.on('message', (bytes, source) => {
    phonePort = source.port;
    const text = bytes.toString('latin1').replaceAll('SIP/2.0/UDP', 'SIP/2.0/TLS').replaceAll(here, there);
    tls.write(withBody(text, (sdp) => speech?.fromPhone(sdp) ?? sdp), 'latin1');
  });
  let waiting = '';
  tls.on('data', (chunk: Buffer) => {
    waiting += chunk.toString('latin1');
    for (;;) {
      const [message, rest] = firstMessage(waiting);
      waiting = rest;
      if (message === null) return;
      const text = message.replaceAll('SIP/2.0/TLS', 'SIP/2.0/UDP').replace(new RegExp(there.replaceAll('.', '\\.'), 'gi'), here);
      const out = withBody(text, (sdp) => {
        offered.push(/^m=audio.*$/m.exec(sdp)?.[0].trim() ?? '');
        return speech?.fromAsterisk(sdp) ?? sdp;
      });
      if (phonePort > 0) udp.send(Buffer.from(out, 'latin1'), phonePort, HOST);
    }
  });
  return {
    port: udp.address().port, protocol: tls.getProtocol(), offered, speech: speech?.seen ?? { right: 0, wrong: 0 },
    async close() {
      tls.destroy();
      await Promise.all([udp, ...(speech?.sockets ?? [])].map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
    },
  };
}

/** The two halves of the speech of one call at a time; each side is told the relay's own ports. */
async function openSpeech() {
  const [near, far] = [await bound(), await bound()];
  const seen = { right: 0, wrong: 0 };
  const ours = randomBytes(30).toString('base64');
  const toAsterisk = createSrtp(ours);
  let [phonePort, asteriskPort] = [0, 0];
  let ofAsterisk: Srtp | null = null;
  let theirKey = '';
  near.on('message', (packet) => {
    if (asteriskPort > 0) far.send(toAsterisk.protect(packet), asteriskPort, HOST);
  });
  far.on('message', (packet) => {
    const rtp = ofAsterisk?.unprotect(packet) ?? null;
    if (rtp === null) seen.wrong += 1;
    else {
      seen.right += 1;
      near.send(rtp, phonePort, HOST);
    }
  });
  return {
    seen, sockets: [near, far],
    fromPhone(sdp: string): string {
      phonePort = Number(/^m=audio (\d+)/m.exec(sdp)?.[1] ?? 0);
      return sdp.replace(/^m=audio \d+ RTP\/AVP(.*)$/m, `m=audio ${far.address().port} RTP/SAVP$1\na=crypto:1 ${SUITE} inline:${ours}\r`);
    },
    fromAsterisk(sdp: string): string {
      asteriskPort = Number(/^m=audio (\d+)/m.exec(sdp)?.[1] ?? 0);
      const key = new RegExp(`^a=crypto:\\d+ ${SUITE} inline:([A-Za-z0-9+/=]+)`, 'm').exec(sdp)?.[1] ?? '';
      if (key !== '' && key !== theirKey) [theirKey, ofAsterisk] = [key, createSrtp(key)];
      return sdp.replace(/^m=audio \d+ RTP\/SAVP/m, `m=audio ${near.address().port} RTP/AVP`).replaceAll(/^a=crypto:.*\r?\n/gm, '');
    },
  };
}

/** `text` with its SDP changed and its length told anew. */
function withBody(text: string, change: (sdp: string) => string): string {
  const at = text.indexOf('\r\n\r\n');
  if (at < 0 || !/^content-type:\s*application\/sdp/im.test(text.slice(0, at))) return text;
  const body = change(text.slice(at + 4));
  return `${text.slice(0, at).replace(/^(content-length|l):.*$/im, `Content-Length: ${body.length}`)}\r\n\r\n${body}`;
}

/** The first whole message of a stream, and what follows it. */
function firstMessage(stream: string): readonly [string | null, string] {
  const text = stream.replace(/^(\r\n)+/, '');
  const at = text.indexOf('\r\n\r\n');
  if (at < 0) return [null, text];
  const length = at + 4 + Number(/^(?:content-length|l):\s*(\d+)/im.exec(text.slice(0, at))?.[1] ?? 0);
  return text.length < length ? [null, text] : [text.slice(0, length), text.slice(length)];
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(0, HOST, resolve));
  return socket;
}

async function connected(port: number, ca: string): Promise<TLSSocket> {
  // The certificate is for a name; what counts is that it is the one that was set.
  const tls = connect({ host: HOST, port, ca, checkServerIdentity: () => undefined });
  await new Promise<void>((resolve, reject) => tls.once('secureConnect', resolve).once('error', reject));
  tls.on('error', () => {});
  return tls;
}
