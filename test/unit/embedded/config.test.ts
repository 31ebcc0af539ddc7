import { describe, expect, test } from 'vitest';
import { cryptAriPassword, newAriPassword } from '../../../src/embedded/ari-password.ts';
import { lastLines } from '../../../src/embedded/asterisk.ts';
import { renderConfig } from '../../../src/embedded/config.ts';
import type { AsteriskConfig } from '../../../src/embedded/config.ts';
import { renderTrunks } from '../../../src/embedded/trunks.ts';
import type { TrunkConfig } from '../../../src/embedded/trunks.ts';

const config: AsteriskConfig = {
  sipBind: { host: '127.0.0.1', port: 5070 }, rtp: { start: 10_000, end: 11_999 }, ari: { host: '127.0.0.1', port: 8088, user: 'genvoice', password: '$sha1$4$x$y' },
  appName: 'genvoice', entityId: '02:00:00:00:13:ce', codecs: ['alaw', 'ulaw'], countryTones: 'uk', language: 'en-GB', trunks: [], maxRtpSilenceMs: 60_000, maxRtpHoldMs: 0,
  maxOpenFiles: 20_000, modulesFolder: '/usr/lib/asterisk/modules', musicFolder: '/usr/share/asterisk/moh',
};
const trunk: TrunkConfig = { id: 'sim', match: ['192.0.2.0/24', '2001:db8::1'], address: '192.0.2.1:5060', dtmf: 'rfc4733', ddiFrom: 'request-uri' };
const defaults = { codecs: ['alaw', 'ulaw'], maxRtpSilenceMs: 60_000, maxRtpHoldMs: 0, language: 'en-GB' };

function file(name: string, change: Partial<AsteriskConfig> = {}): string {
  return renderConfig({ ...config, ...change }).get(name) ?? expect.fail(`${name} is missing`);
}

describe('renderConfig', () => {
  test('loads modules by name alone, each once', () => {
    const modules = file('modules.conf').split('\n').filter((line) => line.startsWith('load=') || line.startsWith('preload='));
    expect(file('modules.conf')).toContain('autoload=no');
    expect(new Set(modules).size).toBe(modules.length);
    expect(modules).not.toContain('load=res_prometheus.so');
  });

  test('binds where it is told, in brackets for IPv6', () => {
    expect(file('pjsip.conf')).toContain('bind=127.0.0.1:5070');
    expect(file('pjsip.conf', { sipBind6: '::1' })).toContain('[transport-udp6]\ntype=transport\nprotocol=udp\nbind=[::1]:5070');
    expect(file('pjsip.conf', {})).not.toContain('udp6');
    expect(file('pjsip.conf', { sipBind: { host: '::1', port: 5070 } })).toContain('bind=[::1]:5070');
  });

  test('TCP, TLS and NAT appear only when set', () => {
    expect(file('pjsip.conf')).not.toMatch(/transport-t|external_|local_net/);
    const full = file('pjsip.conf', { transports: { tcp: true, tls: { port: 5071, certFile: '/c', keyFile: '/k' } }, externalAddress: '203.0.113.9', localNets: ['10.0.0.0/8'] });
    expect(full.match(/external_media_address=203\.0\.113\.9\nexternal_signaling_address=203\.0\.113\.9\nlocal_net=10\.0\.0\.0\/8/g)).toHaveLength(3);
    expect(full).toContain('protocol=tls\nbind=127.0.0.1:5071');
    expect(full).toContain('cert_file=/c\npriv_key_file=/k');
  });

  test.each<[string, Partial<AsteriskConfig>]>([
    ['appName', { appName: 'a\n#include /etc/passwd' }], ['ari.user', { ari: { ...config.ari, user: 'x]\n[y' } }], ['language', { language: '' }], ['entityId', { entityId: 'a;b' }], ['musicFolder', { musicFolder: 'x'.repeat(2000) }],
  ])('refuses a line break, a comment or nothing in %s and names it', (name, change) => {
    expect(() => renderConfig({ ...config, ...change })).toThrow(new RegExp(`^${name} `));
  });
});

describe('renderTrunks', () => {
  test('gives endpoint, aor and identify', () => {
    const text = renderTrunks([trunk], defaults);
    expect(text.match(/^type=\w+/gm)).toEqual(['type=endpoint', 'type=aor', 'type=identify']);
    for (const line of ['context=gv-trunk', 'trust_id_inbound=no', 'send_pai=no', 'send_rpid=no', 'send_connected_line=no', 'send_diversion=no', 'set_var=GV_TRUNK=sim', 'from_domain=192.0.2.1', 'allow=alaw,ulaw', 'match=2001:db8::1', 'contact=sip:192.0.2.1:5060']) expect(text.split('\n')).toContain(line);
    expect(text).not.toContain('anonymous');
  });

  test.each<[string, Partial<TrunkConfig>, string | undefined]>([
    ['IPv4 alone', { match: ['192.0.2.0/24'] }, 'transport=transport-udp'],
    ['IPv6 among its addresses', { match: ['192.0.2.1', '2001:db8::/32'] }, undefined],
    ['calls to IPv6', { match: ['192.0.2.1'], address: '[2001:db8::1]:5060' }, undefined],
    ['IPv6 over TLS', { match: ['2001:db8::1'], transport: 'tls' }, 'transport=transport-tls'],
  ])('a trunk with %s names the transport that its speech can use', (_, change, line) => {
    expect(renderTrunks([{ ...trunk, ...change }], defaults).match(/^transport=.*$/m)?.[0]).toBe(line);
  });

  test('a registering trunk gets auth and registration', () => {
    const text = renderTrunks([{ ...trunk, match: [], transport: 'tcp', ddiFrom: 'to', registration: { serverUri: 'sip:r.example', clientUri: 'sip:u@r.example', user: 'u', password: 'p#1', expiresMs: 90_500 } }], defaults);
    expect(text.match(/^type=\w+/gm)).toEqual(['type=endpoint', 'type=aor', 'type=auth', 'type=registration']);
    for (const line of ['password=p#1', 'expiration=91', 'line=yes', 'transport=transport-tcp', 'set_var=GV_DDI_FROM=to', 'contact=sip:192.0.2.1:5060\\;transport=tcp']) expect(text.split('\n')).toContain(line);
  });

  test.each<[string, Partial<TrunkConfig>, RegExp]>([
    ['id', { id: 'a]' }, /trunk id "a\]"/], ['match', { match: ['example.com'] }, /match/], ['address', { address: 'h;x' }, /address/], ['codecs', { codecs: ['alaw\nx'] }, /codecs/], ['fromDomain', { fromDomain: 'a b' }, /fromDomain/],
    ['password', { registration: { serverUri: 'sip:a', clientUri: 'sip:b', user: 'u', password: 'a\nb' } }, /registration\.password/],
  ])('refuses a bad %s', (_, change, message) => {
    expect(() => renderTrunks([{ ...trunk, ...change }], defaults)).toThrow(message);
  });

  test('refuses an id used twice', () => {
    expect(() => renderTrunks([trunk, trunk], defaults)).toThrow('used twice');
  });
});

describe('ARI password', () => {
  test('hash is what crypt(3) of libxcrypt 4.4 makes of it', () => {
    expect(cryptAriPassword('abcdefghijklmnopqrstuvwxyz012345', 'saltsalt')).toBe('$sha1$4$saltsalt$0aY6RheX7F4dNY8NcMJxRd6NWIBO');
  });

  test('is new each time and fit for a URL', () => {
    expect(newAriPassword()).toMatch(/^[\w-]{32}$/);
    expect(newAriPassword()).not.toBe(newAriPassword());
  });
});

test('the end of a log is without the line that Asterisk prints at every start', () => {
  const log = `first\n${'x\n'.repeat(13)}Could not find option 'minimum_size' with type 'threadpool' in module 'stasis'\nCould not find option 'other' with type 'x'\n`;
  expect(lastLines(log)).toBe(`first\n${'x\n'.repeat(13)}Could not find option 'other' with type 'x'`);
});
