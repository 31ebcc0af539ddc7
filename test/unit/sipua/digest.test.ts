import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { answerChallenge, createDigestAnswerer, parseChallenge } from '../../../src/sipua/digest.ts';

const responseOf = (header: string | undefined): string | undefined => /response="([0-9a-f]+)"/.exec(header ?? '')?.[1];
const challengeOf = (value: string) => {
  const challenge = parseChallenge(value);
  if (!challenge) throw new Error('no challenge');
  return challenge;
};

describe('vectors of the RFCs', () => {
  test('RFC 2617 section 3.5', () => {
    const challenge = challengeOf('Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"');
    const header = answerChallenge({ challenge, credentials: { username: 'Mufasa', password: 'Circle Of Life' }, method: 'GET', uri: '/dir/index.html', cnonce: '0a4f113b', nc: 1 });
    expect(responseOf(header)).toBe('6629fae49393a05397450978507c4ef1');
    expect(header).toContain('opaque="5ccc069c403ebaf9f0171e9517f40e41", qop=auth, nc=00000001, cnonce="0a4f113b"');
  });

  test.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('RFC 7616 section 3.9.1, %s', (algorithm, response) => {
    const challenge = challengeOf(`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`);
    const parts = { challenge, method: 'GET', uri: '/dir/index.html', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ', nc: 1 };
    const ha1 = createHash(algorithm === 'MD5' ? 'md5' : 'sha256').update('Mufasa:http-auth@example.org:Circle of Life').digest('hex');
    expect(responseOf(answerChallenge({ ...parts, credentials: { username: 'Mufasa', password: 'Circle of Life' } }))).toBe(response);
    expect(responseOf(answerChallenge({ ...parts, credentials: { username: 'Mufasa', ha1 } }))).toBe(response);
  });

  test('without qop the form of RFC 2069 is used', () => {
    const md5 = (t: string): string => createHash('md5').update(t).digest('hex');
    const header = answerChallenge({ challenge: challengeOf('Digest realm="r", nonce="n"'), credentials: { username: 'u', password: 'p' }, method: 'REGISTER', uri: 'sip:h', cnonce: 'c', nc: 1 });
    expect(responseOf(header)).toBe(md5(`${md5('u:r:p')}:n:${md5('REGISTER:sip:h')}`));
    expect(header).not.toMatch(/qop|nc=|cnonce/);
  });
});

describe('challenges', () => {
  test.each([
    ['Basic realm="x"'], ['Digest realm="x"'], ['Digest nonce="n", algorithm=SHA-512-256'], ['Digest nonce="n", qop="auth-int"'], [''], ['Digest ====,,,"'],
  ])('%s cannot be answered', (value) => {
    expect(parseChallenge(value)).toBeUndefined();
  });

  test('stale, opaque, quoted commas', () => {
    expect(parseChallenge('Digest realm="a, b", nonce="n=1", stale=TRUE, opaque="", algorithm=md5-sess')).toMatchObject({ realm: 'a, b', nonce: 'n=1', isStale: true, opaque: '', algorithm: 'MD5', isSession: true });
  });
});

describe('the answerer', () => {
  const md5 = 'Digest realm="r", nonce="n1", qop="auth", algorithm=MD5';
  const sha = 'Digest realm="r", nonce="n1", qop="auth", algorithm=SHA-256';

  test('takes the first challenge that the credentials can answer', () => {
    expect(createDigestAnswerer({ username: 'u', password: 'p' }).accept([sha, md5])?.algorithm).toBe('SHA-256');
    expect(createDigestAnswerer({ username: 'u', ha1: 'a'.repeat(32) }).accept([sha, md5])?.algorithm).toBe('MD5');
    expect(createDigestAnswerer({ username: 'u', ha1: 'a'.repeat(64) }).accept([md5])).toBeUndefined();
  });

  test('counts nc per nonce', () => {
    const answerer = createDigestAnswerer({ username: 'u', password: 'p' }, () => 'c');
    expect(answerer.authorise('REGISTER', 'sip:h')).toBeUndefined();
    answerer.accept([md5]);
    expect(answerer.authorise('REGISTER', 'sip:h')).toContain('nc=00000001');
    expect(answerer.authorise('REGISTER', 'sip:h')).toContain('nc=00000002');
    answerer.accept([md5.replace('n1', 'n2')]);
    expect(answerer.authorise('REGISTER', 'sip:h')).toContain('nc=00000001');
  });

  test('a user name with quotes stays inside its quotes', () => {
    const answerer = createDigestAnswerer({ username: 'a"b', password: 'p' });
    answerer.accept([md5]);
    expect(answerer.authorise('REGISTER', 'sip:h')).toContain('username="a\\"b"');
  });
});
