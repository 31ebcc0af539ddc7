// Trunks as PJSIP objects: one endpoint, aor, identify and, if wanted, registration each. PURE.
// Guests stay off: what no trunk's address matches and no phone authenticates is refused. Read `renderTrunks`.

/** A carrier connection as Asterisk needs it. */
export interface TrunkConfig {
  /** Letters, digits, `-` and `_`, at most 40; the endpoint is called `trunk-<id>`. */
  readonly id: string;
  /** Addresses or CIDR networks from which its calls come. */
  readonly match: readonly string[];
  /** `host:port` that calls to it go to; without it the trunk only brings calls. */
  readonly address?: string;
  readonly transport?: 'udp' | 'tcp' | 'tls';
  /** Domain of our From header on calls to it; the address's host when absent. */
  readonly fromDomain?: string;
  readonly registration?: { readonly serverUri: string; readonly clientUri: string; readonly user: string; readonly password: string; readonly expiresMs?: number };
  readonly dtmf: 'rfc4733' | 'info' | 'inband';
  /** Where the carrier puts the DDI; Asterisk itself reads it only for the fallback. */
  readonly ddiFrom: 'request-uri' | 'to' | 'diversion';
  readonly codecs?: readonly string[];
  /** How often an address is asked whether it lives; 0 (the default) never. */
  readonly qualifyMs?: number;
}

/** What trunks take from the process settings. */
export interface TrunkDefaults {
  readonly codecs: readonly string[];
  readonly maxRtpSilenceMs: number;
  readonly maxRtpHoldMs: number;
  readonly language: string;
}

const TRUNK_ID = /^[A-Za-z0-9_-]{1,40}$/;
const CODEC = /^[a-z0-9]{1,16}$/;
const ADDRESS_OR_NET = /^[0-9A-Fa-f.:]{2,45}(\/\d{1,3})?$/;
const HOST = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})$/;
const HOST_PORT = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(:\d{1,5})?$/;

/**
 * `text` unchanged, or RangeError naming `option`: in Asterisk's files a line break starts a new setting, `;` a
 * comment, and `#` or `[` at the start a directive or section.
 */
export function cleanValue(option: string, text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (text === '' || text.length > 1024 || /[\u0000-\u001f\u007f;]/u.test(text)) {
    throw new RangeError(`${option} is empty, longer than 1024 characters, or has a control character or a semicolon, which an Asterisk configuration file cannot hold`);
  }
  return text;
}

/** The endpoint's name of a trunk. */
export function trunkEndpoint(id: string): string {
  return `trunk-${id}`;
}

/** The text of `pjsip_trunks.conf`. Throws RangeError naming the trunk and the field. */
export function renderTrunks(trunks: readonly TrunkConfig[], defaults: TrunkDefaults): string {
  const seen = new Set<string>();
  const blocks = trunks.map((trunk) => {
    if (!TRUNK_ID.test(trunk.id)) throw new RangeError(`trunk id ${JSON.stringify(trunk.id)}: use 1 to 40 letters, digits, - or _`);
    if (seen.has(trunk.id)) throw new RangeError(`trunk id ${trunk.id} is used twice`);
    seen.add(trunk.id);
    return [...endpoint(trunk, defaults), ...aor(trunk), ...identify(trunk), ...registration(trunk)].join('\n');
  });
  return `; Trunks\n${blocks.join('\n')}\n`;
}

function endpoint(t: TrunkConfig, d: TrunkDefaults): string[] {
  const codecs = t.codecs ?? d.codecs;
  for (const codec of codecs) if (!CODEC.test(codec)) throw new RangeError(`trunk ${t.id}: codecs has ${JSON.stringify(codec)}, which is no codec name`);
  const domain = t.fromDomain ?? t.address?.replace(/:\d+$/, '');
  return [
    `[${trunkEndpoint(t.id)}]`, 'type=endpoint', 'context=gv-trunk', 'disallow=all', `allow=${codecs.join(',')}`, ...transportOf(t),
    // With send_pai=yes a bridge sent a re-INVITE with the agent's identity to the carrier (Asterisk 22.10).
    'trust_id_inbound=no', 'send_pai=no', 'send_rpid=no', 'send_connected_line=no', 'trust_connected_line=no', 'trust_id_outbound=no',
    // Identity headers are written by the recipe of the leg alone; Asterisk adds a Diversion of its own by default.
    'send_diversion=no', 'send_history_info=no',
    `dtmf_mode=${t.dtmf}`, 'direct_media=no', 'rtp_symmetric=yes', 'force_rport=yes', 'rewrite_contact=no', 'allow_subscribe=no', 'allow_transfer=no',
    'timers=yes', 'timers_sess_expires=1800', `rtp_timeout=${Math.ceil(d.maxRtpSilenceMs / 1000)}`, `rtp_timeout_hold=${Math.ceil(d.maxRtpHoldMs / 1000)}`,
    `language=${cleanValue('language', d.language)}`, 'tone_zone=uk', `set_var=GV_TRUNK=${t.id}`, ...(t.ddiFrom === 'request-uri' ? [] : [`set_var=GV_DDI_FROM=${t.ddiFrom}`]),
    ...(domain === undefined ? [] : [`from_domain=${hostOf(t.id, 'fromDomain', domain)}`]),
    ...(t.address === undefined ? [] : [`aors=${trunkEndpoint(t.id)}`]),
    ...(t.registration === undefined ? [] : [`outbound_auth=${trunkEndpoint(t.id)}`]),
  ];
}

/**
 * Asterisk 22.10 binds the speech to the address of the named transport, so that one of IPv4 leaves a carrier on IPv6 in
 * silence (test/live/lines.test.ts). Without a name it takes both families, and SIP the transport that fits the address.
 */
function transportOf(t: TrunkConfig): string[] {
  const isIpv6 = t.match.some((net) => net.includes(':')) || t.address?.startsWith('[') === true;
  return isIpv6 && (t.transport ?? 'udp') === 'udp' ? [] : [`transport=transport-${t.transport ?? 'udp'}`];
}

function aor(t: TrunkConfig): string[] {
  if (t.address === undefined) return [];
  if (!HOST_PORT.test(t.address)) throw new RangeError(`trunk ${t.id}: address ${JSON.stringify(t.address)} is not host or host:port`);
  const suffix = t.transport === undefined || t.transport === 'udp' ? '' : `\\;transport=${t.transport}`;
  return [`[${trunkEndpoint(t.id)}]`, 'type=aor', `contact=sip:${t.address}${suffix}`, `qualify_frequency=${Math.ceil((t.qualifyMs ?? 0) / 1000)}`, 'qualify_timeout=1.0'];
}

function identify(t: TrunkConfig): string[] {
  if (t.match.length === 0) return [];
  for (const net of t.match) if (!ADDRESS_OR_NET.test(net)) throw new RangeError(`trunk ${t.id}: match has ${JSON.stringify(net)}, which is neither an IP address nor a network like 192.0.2.0/24`);
  return [`[${trunkEndpoint(t.id)}]`, 'type=identify', `endpoint=${trunkEndpoint(t.id)}`, 'srv_lookups=no', ...t.match.map((net) => `match=${net}`)];
}

function registration(t: TrunkConfig): string[] {
  const r = t.registration;
  if (r === undefined) return [];
  const field = (name: string, text: string): string => cleanValue(`trunk ${t.id}: registration.${name}`, text);
  return [
    `[${trunkEndpoint(t.id)}]`, 'type=auth', 'auth_type=digest', `username=${field('user', r.user)}`, `password=${field('password', r.password)}`,
    `[${trunkEndpoint(t.id)}]`, 'type=registration', `outbound_auth=${trunkEndpoint(t.id)}`, `server_uri=${field('serverUri', r.serverUri)}`, `client_uri=${field('clientUri', r.clientUri)}`,
    `endpoint=${trunkEndpoint(t.id)}`, 'line=yes', `contact_user=${trunkEndpoint(t.id)}`, `expiration=${Math.ceil((r.expiresMs ?? 300_000) / 1000)}`,
    'retry_interval=10', 'forbidden_retry_interval=60', 'fatal_retry_interval=60', 'max_retries=100000', 'auth_rejection_permanent=no',
    ...(t.transport === undefined ? [] : [`transport=transport-${t.transport}`]),
  ];
}

function hostOf(id: string, field: string, text: string): string {
  if (!HOST.test(text)) throw new RangeError(`trunk ${id}: ${field} ${JSON.stringify(text)} is not a host name or address`);
  return text;
}
