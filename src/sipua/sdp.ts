// Offers, answers and reads the little SDP that a telephone needs (RFC 3264, RFC 8866): one audio stream, PCMA or PCMU, telephone-event. PURE.
// Hostile text gives a fault value, never an exception. Read `parseSdp` first.

/** Which way audio flows, seen from the side that wrote the SDP. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** Audio codecs that we speak: PCMA is payload type 8, PCMU is 0. */
export type Codec = 'PCMA' | 'PCMU';

/** What the other side says about its audio. */
export interface RemoteAudio {
  readonly host: string;
  /** 0: the stream is switched off. */
  readonly port: number;
  /** Our codecs in the order of the other side's preference; empty: nothing in common. */
  readonly codecs: readonly Codec[];
  /** Payload type of telephone-event/8000, or undefined. */
  readonly eventPayload: number | undefined;
  readonly direction: Direction;
  /** Media lines in order, for the answer: ours is `audioIndex`, all others are refused with port 0. */
  readonly mediaLines: readonly string[];
  readonly audioIndex: number;
}

export type SdpResult =
  | { readonly ok: true; readonly audio: RemoteAudio }
  | { readonly ok: false; readonly fault: 'too-large' | 'not-sdp' | 'no-audio' | 'no-address'; readonly detail: string };

/** Characters in an SDP body; browsers with many candidates stay below. */
const MAX_SDP_CHARS = 20_000;
const PAYLOAD: Readonly<Record<Codec, number>> = { PCMA: 8, PCMU: 0 };
/** The payload type that phones by habit use for telephone-event, and the one we offer. */
export const EVENT_PAYLOAD = 101;
const DIRECTIONS: readonly string[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

interface Section {
  readonly media: string;
  readonly lines: readonly string[];
}

/** Returns the first audio stream of an SDP body, or why there is none. Never throws, linear in the length. */
export function parseSdp(text: string): SdpResult {
  if (text.length > MAX_SDP_CHARS) return { ok: false, fault: 'too-large', detail: `${text.length} characters` };
  const lines = text.split(/\r?\n/).filter((l) => l !== '');
  if (!/^v=0\s*$/.test(lines[0] ?? '')) return { ok: false, fault: 'not-sdp', detail: (lines[0] ?? '').slice(0, 40) };
  const { common, sections } = splitSections(lines);
  const audioIndex = sections.findIndex((s) => /^audio \d{1,5}(?:\/\d+)? RTP\/S?AVPF?( \d{1,3})+\s*$/.test(s.media) && !/^audio 0[ /]/.test(s.media));
  const disabledIndex = sections.findIndex((s) => /^audio 0[ /]/.test(s.media));
  const index = audioIndex >= 0 ? audioIndex : disabledIndex;
  const section = sections[index];
  if (!section) return { ok: false, fault: 'no-audio', detail: sections.map((s) => s.media).join(', ').slice(0, 80) };
  const host = connectionHost(section.lines) ?? connectionHost(common);
  const port = Number(/^audio (\d+)/.exec(section.media)?.[1] ?? 0);
  if ((host === undefined && port !== 0) || port > 65_535) return { ok: false, fault: 'no-address', detail: section.media.slice(0, 80) };
  return { ok: true, audio: describe(section, common, host ?? '', port, sections, index) };
}

function splitSections(lines: readonly string[]): { common: string[]; sections: Section[] } {
  const common: string[] = [];
  const sections: { media: string; lines: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith('m=') && sections.length < 16) sections.push({ media: line.slice(2).trim(), lines: [] });
    else (sections.at(-1)?.lines ?? common).push(line);
  }
  return { common, sections };
}

function connectionHost(lines: readonly string[]): string | undefined {
  for (const line of lines) {
    const found = /^c=IN IP[46] ([0-9A-Za-z.:-]{1,255})(?:\/\d+)*\s*$/.exec(line);
    if (found) return found[1];
  }
  return undefined;
}

function describe(section: Section, common: readonly string[], host: string, port: number, sections: readonly Section[], audioIndex: number): RemoteAudio {
  const offered = section.media.trim().split(/\s+/).slice(3, 67).map(Number);
  const names = new Map<number, string>([[8, 'PCMA/8000'], [0, 'PCMU/8000']]); // static types need no rtpmap
  for (const line of section.lines) {
    const map = /^a=rtpmap:(\d{1,3}) ([A-Za-z0-9-]{1,32}\/\d{1,6})/.exec(line);
    if (map) names.set(Number(map[1]), (map[2] ?? '').toUpperCase());
  }
  // We speak no SRTP, and an answer has the profile of its offer (RFC 3264 6): answered in the clear, such a call would be silent.
  const isEncrypted = / RTP\/SAVPF? /.test(section.media);
  const codecs = isEncrypted ? [] : offered.flatMap((pt): Codec[] => (pt === 8 && names.get(8) === 'PCMA/8000' ? ['PCMA'] : pt === 0 && names.get(0) === 'PCMU/8000' ? ['PCMU'] : []));
  const stated = [...section.lines, ...common].map((l) => l.trim().slice(2)).find((d) => DIRECTIONS.includes(d)) as Direction | undefined;
  const isOldHold = host === '0.0.0.0' || host === '::'; // RFC 2543 style hold, still sent by some phones
  return {
    host,
    port,
    codecs,
    eventPayload: offered.find((pt) => names.get(pt) === 'TELEPHONE-EVENT/8000'),
    direction: isOldHold ? 'inactive' : (stated ?? 'sendrecv'),
    mediaLines: sections.map((s) => s.media),
    audioIndex,
  };
}

/** Our side of the stream; `version` must grow with every changed SDP of a call. */
export interface LocalAudio {
  readonly host: string;
  readonly port: number;
  readonly sessionId: number;
  readonly version: number;
  readonly direction: Direction;
}

/** Returns an offer of PCMA, PCMU and telephone-event, 20 ms packets. */
export function buildOffer(local: LocalAudio): string {
  return [...head(local), ...audioLines(local, ['PCMA', 'PCMU'], EVENT_PAYLOAD), ''].join('\r\n');
}

/** Returns the answer to an offer and the codec chosen (the first in common, PCMA preferred), or undefined: answer 488. */
export function buildAnswer(offer: RemoteAudio, local: LocalAudio): { readonly sdp: string; readonly codec: Codec } | undefined {
  const codec = offer.codecs.includes('PCMA') ? 'PCMA' : offer.codecs[0];
  if (codec === undefined || offer.port === 0) return undefined;
  const direction = answerDirection(offer.direction, local.direction);
  const media = offer.mediaLines.flatMap((line, i) => (i === offer.audioIndex ? audioLines({ ...local, direction }, [codec], offer.eventPayload) : [refused(line)]));
  return { sdp: [...head(local), ...media, ''].join('\r\n'), codec };
}

const refused = (media: string): string => `m=${media.replace(/^(\S+) \S+/, '$1 0')}`;

/** Returns the direction of an answer (RFC 3264 6.1): never more than the offer allows and we want. */
export function answerDirection(offered: Direction, wanted: Direction): Direction {
  const maySend = (offered === 'sendrecv' || offered === 'recvonly') && (wanted === 'sendrecv' || wanted === 'sendonly');
  const mayHear = (offered === 'sendrecv' || offered === 'sendonly') && (wanted === 'sendrecv' || wanted === 'recvonly');
  if (maySend) return mayHear ? 'sendrecv' : 'sendonly';
  return mayHear ? 'recvonly' : 'inactive';
}

function head(local: LocalAudio): string[] {
  const family = local.host.includes(':') ? 'IP6' : 'IP4';
  return ['v=0', `o=- ${local.sessionId} ${local.version} IN ${family} ${local.host}`, 's=-', `c=IN ${family} ${local.host}`, 't=0 0'];
}

function audioLines(local: LocalAudio, codecs: readonly Codec[], event: number | undefined): string[] {
  const payloads = [...codecs.map((c) => PAYLOAD[c]), ...(event === undefined ? [] : [event])];
  return [
    `m=audio ${local.port} RTP/AVP ${payloads.join(' ')}`,
    ...codecs.map((c) => `a=rtpmap:${PAYLOAD[c]} ${c}/8000`),
    ...(event === undefined ? [] : [`a=rtpmap:${event} telephone-event/8000`, `a=fmtp:${event} 0-15`]),
    'a=ptime:20',
    `a=${local.direction}`,
  ];
}
