// The Asterisk modules that GENVoice loads, and nothing else: every module that is not needed costs memory at start
// and some of them cost time on each call. PURE. Read `asteriskModules`.

/** Loaded first and in this order, because others register with them while they load. */
const PRELOADED = ['res_sorcery_config.so', 'res_sorcery_memory.so', 'res_sorcery_astdb.so'];

const SIP = [
  'res_crypto.so', 'res_pjproject.so', 'res_pjsip.so', 'res_pjsip_session.so', 'chan_pjsip.so',
  'res_pjsip_acl.so', 'res_pjsip_authenticator_digest.so', 'res_pjsip_outbound_authenticator_digest.so',
  'res_pjsip_caller_id.so', 'res_pjsip_diversion.so', 'res_pjsip_dlg_options.so', 'res_pjsip_dtmf_info.so',
  'res_pjsip_empty_info.so', 'res_pjsip_endpoint_identifier_ip.so', 'res_pjsip_endpoint_identifier_user.so',
  'res_pjsip_header_funcs.so', 'res_pjsip_maintenance.so', 'res_pjsip_nat.so', 'res_pjsip_outbound_registration.so',
  'res_pjsip_path.so', 'res_pjsip_pubsub.so', 'res_pjsip_mwi.so', 'res_pjsip_mwi_body_generator.so', 'res_pjsip_refer.so',
  'res_pjsip_registrar.so', 'res_pjsip_rfc3326.so', 'res_pjsip_sdp_rtp.so', 'res_pjsip_transport_websocket.so',
  'res_rtp_asterisk.so', 'res_srtp.so',
];

const ARI = [
  'res_http_websocket.so', 'res_websocket_client.so', 'res_stasis.so', 'res_stasis_answer.so', 'res_stasis_playback.so',
  'res_stasis_recording.so', 'res_stasis_snoop.so', 'res_stasis_device_state.so', 'res_ari.so', 'res_ari_model.so',
  'res_ari_applications.so', 'res_ari_asterisk.so', 'res_ari_bridges.so', 'res_ari_channels.so',
  'res_ari_device_states.so', 'res_ari_endpoints.so', 'res_ari_events.so', 'res_ari_playbacks.so',
  'res_ari_recordings.so', 'res_ari_sounds.so', 'app_stasis.so',
];

const MEDIA = [
  // chan_bridge_media plays into a bridge: without it two people who talk cannot be told that their call ends soon.
  'bridge_holding.so', 'bridge_native_rtp.so', 'bridge_simple.so', 'bridge_softmix.so', 'chan_bridge_media.so',
  'codec_alaw.so', 'codec_ulaw.so', 'codec_a_mu.so', 'codec_g722.so', 'codec_gsm.so', 'codec_resample.so',
  'codec_opus_open_source.so', 'res_format_attr_opus.so',
  'format_pcm.so', 'format_wav.so', 'format_wav_gsm.so', 'format_sln.so', 'format_gsm.so',
  'res_timing_timerfd.so', 'res_musiconhold.so', 'res_tonedetect.so',
  'res_curl.so', 'func_curl.so', 'res_http_media_cache.so',
];

const DIALPLAN = [
  'pbx_config.so', 'app_dial.so', 'app_exec.so', 'app_playback.so', 'app_playtones.so', 'app_stack.so', 'app_verbose.so', 'app_userevent.so',
  // MinivmMWI() sets a mailbox's waiting count: Debian builds no external MWI for ARI.
  'app_minivm.so', 'app_amd.so',
  'func_callerid.so', 'func_channel.so', 'func_config.so', 'func_cut.so', 'func_dialplan.so', 'func_global.so', 'func_hangupcause.so',
  'func_jitterbuffer.so', 'func_logic.so', 'func_pjsip_aor.so', 'func_pjsip_contact.so',
  'func_pjsip_endpoint.so', 'func_strings.so', 'func_talkdetect.so', 'func_timeout.so', 'func_uri.so', 'func_volume.so',
];

const RECORDS = ['res_cdrel_custom.so', 'cel_custom.so'];

/** The names of all modules in load order; `preload` are needed before the configuration of others is read. */
export function asteriskModules(): { preload: readonly string[]; load: readonly string[] } {
  return { preload: PRELOADED, load: [...SIP, ...ARI, ...MEDIA, ...DIALPLAN, ...RECORDS] };
}
