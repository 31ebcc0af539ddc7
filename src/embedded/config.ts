// Writes every configuration file of the embedded Asterisk from one typed object. PURE: text in, text out.
// It decides nothing about phones (those are pushed over ARI) or calls. Read `renderConfig` first.
import { asteriskModules } from './modules.ts';
import { cleanValue, renderTrunks } from './trunks.ts';
import type { TrunkConfig } from './trunks.ts';

/** Folder inside Asterisk's own root at which the instance's folder appears. */
export const INSTANCE_MOUNT = '/genvoice/instance';
/** Folder inside Asterisk's own root at which the host's prompt folder appears, read only. */
export const MEDIA_MOUNT = '/genvoice/media';

/** Everything that Asterisk's configuration depends on. Addresses are those to bind to; ports are final. */
export interface AsteriskConfig {
  readonly sipBind: { readonly host: string; readonly port: number };
  /** IPv6 address for UDP beside `sipBind`, same port; absent = none. */
  readonly sipBind6?: string;
  /** Besides UDP. Certificate files are paths as Asterisk sees them. */
  readonly transports?: {
    readonly tcp?: boolean;
    readonly tls?: { readonly port: number; readonly certFile: string; readonly keyFile: string };
  };
  /** Address that the other side must use when we are behind NAT. */
  readonly externalAddress?: string;
  /** Networks, as CIDR, in which `externalAddress` is not used. */
  readonly localNets?: readonly string[];
  readonly rtp: { readonly start: number; readonly end: number };
  /** `password` is a crypt(3) hash, see ari-password.ts. */
  readonly ari: { readonly host: string; readonly port: number; readonly user: string; readonly password: string };
  readonly appName: string;
  /** MAC-like, unique among the instances of one host: 02:00:00:00:13:c4. */
  readonly entityId: string;
  /** Codecs of trunks that name none, in order of preference. */
  readonly codecs: readonly string[];
  /** Zone of indications.conf; `uk` is the only one that is written. */
  readonly countryTones: 'uk';
  /** Language of `sound:` prompts that are not absolute paths. */
  readonly language: string;
  readonly trunks: readonly TrunkConfig[];
  /** A leg that sends no RTP for this time is hung up; 0 switches it off. */
  readonly maxRtpSilenceMs: number;
  /** The same for a leg on hold. */
  readonly maxRtpHoldMs: number;
  readonly maxOpenFiles: number;
  readonly modulesFolder: string;
  /** Folder, as Asterisk sees it, with the music for callers who wait. */
  readonly musicFolder: string;
}

/** UK tones after BT SIN 350, frequencies in Hz and lengths in ms. */
const UK_TONES = `[general]
country=uk
[uk]
description=United Kingdom
ringcadence=400,200,400,2000
dial=350+440
busy=400/375,0/375
congestion=400/400,0/350,400/225,0/525
ring=400+450/400,0/200,400+450/400,0/2000
callwaiting=400/100,0/4000
info=950/330,0/15,1400/330,0/15,1800/330,0/1000
record=1400/500,0/60000
stutter=350+440/750,440/750
`;

/**
 * All files of Asterisk's configuration folder by name, except `dialplan.conf` (the repository's own) and the folder
 * `fallback` (fallback-files.ts). Throws RangeError naming the option when a value could break out of its line.
 */
export function renderConfig(c: AsteriskConfig): Map<string, string> {
  const modules = asteriskModules();
  return new Map([
    ['asterisk.conf', asteriskConf(c)],
    ['modules.conf', lines('[modules]', 'autoload=no', ...modules.preload.map((m) => `preload=${m}`), ...modules.load.map((m) => `load=${m}`))],
    ['logger.conf', lines('[general]', 'dateformat=%F %T.%3q', 'appendhostname=no', 'queue_log=no', '[logfiles]', 'messages.log=notice,warning,error')],
    ['http.conf', lines('[general]', 'enabled=yes', `bindaddr=${value('ari.host', c.ari.host)}`, `bindport=${c.ari.port}`, 'sessionlimit=1000', 'session_keep_alive=60000', 'session_inactivity=60000', 'enablestatic=no')],
    ['ari.conf', ariConf(c)],
    ['pjsip.conf', pjsipConf(c)],
    ['pjsip_trunks.conf', renderTrunks(c.trunks, { codecs: c.codecs, maxRtpSilenceMs: c.maxRtpSilenceMs, maxRtpHoldMs: c.maxRtpHoldMs, language: c.language })],
    ['sorcery.conf', sorceryConf()],
    ['rtp.conf', lines('[general]', `rtpstart=${c.rtp.start}`, `rtpend=${c.rtp.end}`, 'strictrtp=yes', 'icesupport=no')],
    ['musiconhold.conf', lines('[default]', 'mode=files', `directory=${value('musicFolder', c.musicFolder)}`, 'sort=alpha')],
    ['indications.conf', UK_TONES],
    // HANGUP carries cause and source; without ANSWER the length of an unseen call would be unknown. 'apps' stays unset:
    // apps=all without APP events switches CEL off silently (Asterisk 22.10).
    ['cel.conf', lines('[general]', 'enable=yes', 'events=ANSWER,HANGUP')],
    ['cel_custom.conf', lines(`[${INSTANCE_MOUNT}/log/cel.jsonl]`, 'format=json', 'fields=EventType,EventTime,ChanName,UniqueID,LinkedID,Name,Num,DNID,Exten,Context,AppName,UserField,EventExtra')],
    ['cdr.conf', lines('[general]', 'enable=no')],
    ['extensions.conf', extensionsConf(c)],
    ['features.conf', lines('[general]', '[featuremap]', '[applicationmap]')],
    ['stasis.conf', lines('[taskpool]', 'minimum_size=5', 'initial_size=5', 'idle_timeout_sec=20', 'max_size=50', '[declined_message_types]')],
    ['amd.conf', lines('[general]', 'total_analysis_time=5000')],
    ['minivm.conf', lines('[general]', 'format=wav')],
    ['acl.conf', '\n'], ['udptl.conf', '[general]\n'], ['ccss.conf', '[general]\n'], ['manager.conf', lines('[general]', 'enabled=no')],
    ['cli.conf', '[startup_commands]\n'], ['cli_permissions.conf', lines('[general]', 'default_perm=permit')], ['dnsmgr.conf', lines('[general]', 'enable=no')],
    ['enum.conf', '[general]\n'], ['res_http_media_cache.conf', lines('[general]', 'timeout_secs=10', 'follow_location=false', 'protocols=http,https')],
    ['websocket_client.conf', '\n'], ['pjproject.conf', lines('[startup]', 'log_mappings=type=log_mappings')], ['codecs.conf', '\n'], ['dsp.conf', lines('[default]', 'silencethreshold=256')],
  ]);
}

function asteriskConf(c: AsteriskConfig): string {
  const folder = (name: string): string => `${INSTANCE_MOUNT}/${name}`;
  return lines(
    '[directories]', `astetcdir => ${folder('etc')}`, `astmoddir => ${value('modulesFolder', c.modulesFolder)}`,
    `astvarlibdir => ${folder('lib')}`, `astdbdir => ${folder('lib')}`, `astkeydir => ${folder('lib')}`,
    'astdatadir => /usr/share/asterisk', 'astagidir => /usr/share/asterisk/agi-bin', `astspooldir => ${folder('spool')}`,
    `astrundir => ${folder('run')}`, `astlogdir => ${folder('log')}`, `astcachedir => ${folder('cache')}`, 'astsbindir => /usr/sbin',
    '[options]', 'nofork=yes', 'nocolor=yes', 'dontwarn=yes', 'hideconnect=yes', 'live_dangerously=no', 'transmit_silence=yes',
    'disable_remote_console_shell=yes', 'execincludes=no', `defaultlanguage=${value('language', c.language)}`,
    `maxfiles=${c.maxOpenFiles}`, `entityid=${value('entityId', c.entityId)}`,
    '[files]', 'astctlpermissions=0660',
  );
}

function ariConf(c: AsteriskConfig): string {
  return lines(
    // The default write limit of 100 ms drops a reader that is busy for a moment (ASTERISK 22.10).
    '[general]', 'enabled=yes', 'pretty=no', 'auth_realm=GENVoice', 'websocket_write_timeout=3000',
    `[${value('ari.user', c.ari.user)}]`, 'type=user', 'read_only=no', 'password_format=crypt', `password=${value('ari.password', c.ari.password)}`,
  );
}

function transport(name: string, protocol: string, c: AsteriskConfig, port: number, extra: readonly string[]): string[] {
  const host = value('sipBind.host', c.sipBind.host);
  const nat = c.externalAddress === undefined ? [] : [
    `external_media_address=${value('externalAddress', c.externalAddress)}`, `external_signaling_address=${value('externalAddress', c.externalAddress)}`,
    ...(c.localNets ?? []).map((net) => `local_net=${value('localNets', net)}`),
  ];
  return [`[${name}]`, 'type=transport', `protocol=${protocol}`, `bind=${host.includes(':') ? `[${host}]` : host}:${port}`, 'tos=cs3', 'cos=3', ...nat, ...extra];
}

function pjsipConf(c: AsteriskConfig): string {
  const tls = c.transports?.tls;
  return lines(
    // A user name is looked for first: a phone behind a carrier's address must not be taken for the trunk.
    '[global]', 'type=global', 'endpoint_identifier_order=username,ip', 'user_agent=GENVoice', 'keep_alive_interval=60', 'max_forwards=70',
    // 64*T1 is the time in which a silent address is given up; 100 ms is the smallest T1 that Asterisk takes.
    '[system]', 'type=system', 'timer_t1=100', 'timer_b=6400', 'disable_rport=no',
    ...transport('transport-udp', 'udp', c, c.sipBind.port, []),
    ...(c.sipBind6 === undefined ? [] : ['[transport-udp6]', 'type=transport', 'protocol=udp', `bind=[${value('sipBind6', c.sipBind6)}]:${c.sipBind.port}`, 'tos=cs3', 'cos=3']),
    ...(c.transports?.tcp === true ? transport('transport-tcp', 'tcp', c, c.sipBind.port, []) : []),
    ...(tls === undefined ? [] : transport('transport-tls', 'tls', c, tls.port, [`cert_file=${value('transports.tls.certFile', tls.certFile)}`, `priv_key_file=${value('transports.tls.keyFile', tls.keyFile)}`, 'method=tlsv1_2'])),
    '#include pjsip_trunks.conf',
  );
}

/** Objects of these three kinds come from the file (trunks) and, pushed over ARI, from memory (phones). */
function sorceryConf(): string {
  const both = ['endpoint', 'auth', 'aor'].flatMap((kind) => [`${kind}=config,pjsip.conf,criteria=type=${kind}`, `${kind}=memory`]);
  return lines('[res_pjsip]', ...both, 'contact=astdb,registrar');
}

function extensionsConf(c: AsteriskConfig): string {
  return lines('[general]', 'static=yes', 'writeprotect=yes', 'autofallthrough=yes', 'clearglobalvars=no', '[globals]', `GV_APP=${value('appName', c.appName)}`, '#include dialplan.conf');
}

function value(option: string, text: string): string {
  return cleanValue(option, text);
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
