// What has to be added by hand to an Asterisk that was there before, as text to copy. PURE: the dialplan comes in as
// the file has it, so that what is printed is what we run ourselves. Read `attachText`.

export interface AttachOptions {
  readonly ariUser: string;
  readonly ariApp: string;
  /** Text of dialplan/extensions.conf. */
  readonly dialplan: string;
  /** Text of the exported fallback dialplan; null = there is no plan. */
  readonly fallback: string | null;
  /** Address at which that Asterisk fetches prompts; null = not set. */
  readonly mediaUrl: string | null;
}

/** One part for each file; every part begins with a comment line that names it. */
export function attachText(options: AttachOptions): string {
  return [
    intro(options),
    http(),
    ari(options),
    globals(options),
    options.dialplan.trimEnd(),
    fallback(options),
    pjsip(),
    after(options),
  ]
    .map((part) => part.trimEnd())
    .join('\n\n');
}

function file(name: string, why: string): string {
  return `; ======== ${name}: ${why}`;
}

function intro({ ariApp }: AttachOptions): string {
  return [
    `; What GENVoice (application ${ariApp}) needs on an Asterisk 22 that exists already. Copy each part into the file named`,
    '; above it, below /etc/asterisk, at its end. Nothing here replaces what is there: (+) adds to a section that the file has;',
    '; where it has no such section yet, leave (+) out. FreePBX writes most files itself: there the parts go into the ones that',
    '; end in _custom.conf (extensions_custom.conf, http_custom.conf, ari_additional_custom.conf).',
  ].join('\n');
}

function http(): string {
  return [
    file('http.conf', 'ARI is reached over HTTP; keep it off the public network'),
    '[general](+)',
    'enabled=yes',
    'bindaddr=127.0.0.1   ; or the address that GENVoice reaches, behind a firewall',
    'bindport=8088',
    'sessionlimit=1000',
    'session_keep_alive=60000',
  ].join('\n');
}

function ari({ ariUser }: AttachOptions): string {
  return [
    file('ari.conf', 'our user; set ARI_USER and ARI_PASSWORD to the same'),
    '[general](+)',
    'enabled=yes',
    '; The default of 100 ms drops a reader that is slow for a moment.',
    'websocket_write_timeout=3000',
    '',
    `[${ariUser}]`,
    'type=user',
    'read_only=no',
    'password_format=crypt',
    'password=   ; the line that `mkpasswd -m sha-512` prints for the password',
  ].join('\n');
}

function globals({ ariApp }: AttachOptions): string {
  return [
    file('extensions.conf, first part', 'names that the contexts below use'),
    '[globals](+)',
    `GV_APP=${ariApp}`,
    'GV_OVERLOAD=0',
    'GV_EMERGENCY_TRUNK=   ; endpoint of the trunk for 999 and 112, others to try after it behind &; GENVoice itself reads it here too, at its start',
    '',
    file('extensions.conf, second part', 'entry of every call, and what happens while GENVoice is away'),
  ].join('\n');
}

function fallback(options: AttachOptions): string {
  const head = file('extensions.conf, third part', 'last known route of each DDI; print it again after plans changed');
  return options.fallback === null
    ? `${head}\n[gv-fallback-ddi]\n; Empty: the plans folder has no plan without problems.`
    : `${head}\n${options.fallback.trimEnd()}`;
}

function pjsip(): string {
  return [
    file('pjsip.conf', 'which calls come to GENVoice; in the endpoint of each trunk and phone that is already there'),
    '; [my-trunk]                       an endpoint that is there; change its context and add the variables',
    '; context=gv-trunk',
    '; set_var=GV_TRUNK=my-trunk        id of the trunk in the trunks file',
    '; set_var=GV_DDI_FROM=             "to" or "diversion" when the DDI is not in the request URI',
    ';',
    '; [my-trunk-identify]              matched by address, so that no guest gets in',
    '; type=identify',
    '; endpoint=my-trunk',
    '; match=198.51.100.0/24            addresses of the carrier',
    ';',
    '; [201]                            a phone that is there; in the plan: "endpoint": "PJSIP/201"',
    '; context=gv-phone',
  ].join('\n');
}

function after({ mediaUrl, ariUser }: AttachOptions): string {
  return [
    '; ======== Then',
    '; asterisk -rx "core reload"',
    `; In genvoice.env: ARI_URL=http://<that Asterisk>:8088 · ARI_USER=${ariUser} · ARI_PASSWORD=<password>`,
    mediaUrl === null
      ? '; and GENVOICE_MEDIA_URL=http://<this machine>:<port>: where that Asterisk fetches prompts (res_http_media_cache).'
      : `; Prompts are fetched from ${mediaUrl} (res_http_media_cache has to be loaded there).`,
    '; npm start then lists what that Asterisk still lacks: modules, contexts, endpoints that the plans name.',
  ].join('\n');
}
