// Offers and answers of one call, and what they mean for its RTP session: where to send, and whether at all.
// Must not know about SIP messages. Read `Media` first.
import { answerDirection, buildAnswer, buildOffer, parseSdp } from './sdp.ts';
import type { Codec, Direction, RemoteAudio } from './sdp.ts';
import type { RtpSession } from './rtp.ts';

/** The audio of one call. */
export class Media {
  readonly rtp: RtpSession;
  /** What our side wants; hold changes it. */
  wanted: Direction = 'sendrecv';
  readonly #host: string;
  readonly #sessionId = Math.floor(Math.random() * 0x7fff_ffff);
  #version = 0;
  #remote: RemoteAudio | undefined;

  constructor(rtp: RtpSession, host: string) {
    this.rtp = rtp;
    this.#host = host;
  }

  /** True after an offer and its answer have met. */
  get isAgreed(): boolean {
    return this.#remote !== undefined;
  }

  /** Direction that the other side stated last. */
  get remoteDirection(): Direction {
    return this.#remote?.direction ?? 'sendrecv';
  }

  /** Returns a new offer with what our side wants. */
  offer(): string {
    return buildOffer(this.#local());
  }

  /** Takes the answer to our offer; false when it holds no audio that we speak. */
  takeAnswer(sdp: string): boolean {
    const parsed = parseSdp(sdp);
    const codec = parsed.ok ? parsed.audio.codecs[0] : undefined;
    if (!parsed.ok || codec === undefined || parsed.audio.port === 0) return false;
    this.#agree(parsed.audio, codec);
    return true;
  }

  /** Takes an offer; returns our answer, or undefined: refuse with 488. */
  answer(sdp: string): string | undefined {
    const parsed = parseSdp(sdp);
    const answer = parsed.ok ? buildAnswer(parsed.audio, this.#local()) : undefined;
    if (!parsed.ok || !answer) return undefined;
    this.#agree(parsed.audio, answer.codec);
    return answer.sdp;
  }

  #agree(remote: RemoteAudio, codec: Codec): void {
    this.#remote = remote;
    const direction = answerDirection(remote.direction, this.wanted);
    this.rtp.aim({
      host: remote.host,
      port: remote.port,
      codec,
      eventPayload: remote.eventPayload,
      isSending: direction === 'sendrecv' || direction === 'sendonly',
    });
  }

  #local() {
    return { host: this.#host, port: this.rtp.port, sessionId: this.#sessionId, version: ++this.#version, direction: this.wanted };
  }
}

