import { createPublicKey } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { compileConfig, ConfigError, jsonSchema } from '../../src/config/config.js';
import { makeEcKeyPair, makeEd25519KeyPair, makeRsaKeyPair } from '../support/key-pair.js';
import { issuerWith, load, problemsOf } from './planted.js';

const SECRET = 'Zk3pQ9rT0vXy7bNc5mLd2hJf8sWa1eGu';
const env = { JWT_SECRET: SECRET };
const HERE = '2:52:';

/** The header of an Ed448 SubjectPublicKeyInfo (RFC 8410 4), and a key. */
const ED448 = createPublicKey({
  key: Buffer.concat([Buffer.from('3043300506032b6571033a00', 'hex'), Buffer.alloc(57, 7)]),
  format: 'der',
  type: 'spki',
});
const rsa = makeRsaKeyPair();
const pemOf = (key: ReturnType<typeof makeRsaKeyPair>['publicKey']) =>
  key.export({ type: 'spki', format: 'pem' }).toString();
const inline = (pem: string, algorithm: string) =>
  issuerWith(`public_key: ${JSON.stringify(pem)}, algorithms: [${algorithm}]`);

describe('the secret of an issuer', () => {
  it.each(['HS256', 'HS384', 'HS512', 'HS256, HS512'])('is accepted with %s', async (algorithms) => {
    const text = issuerWith(`secret: "\${JWT_SECRET}", algorithms: [${algorithms}]`);
    const { settings } = await load(text, env);
    expect(settings.issuers[0]?.keys).toEqual({ kind: 'secret', secret: SECRET });
    expect(settings.issuers[0]?.algorithms).toEqual(algorithms.split(', '));
  });

  it('is a text, also where it has digits only', async () => {
    const digits = '98765432109876543210987654321098';
    const { settings } = await load(issuerWith('secret: "${JWT_SECRET}", algorithms: [HS256]'), {
      JWT_SECRET: digits,
    });
    expect(settings.issuers[0]?.keys).toEqual({ kind: 'secret', secret: digits });
  });

  const weak = '"secret" must be a random text of at least 32 bytes; make one with: openssl rand -base64 32';
  it.each<[string, string[]]>([
    [
      `secret: ${SECRET}`,
      ['2:3: missing key "algorithms": with "secret" it is a list of HS256, HS384, HS512'],
    ],
    [
      `secret: ${SECRET}, algorithms: [HS256, RS256]`,
      ['2:114: "RS256" is never accepted beside "secret"; use HS256, HS384, HS512'],
    ],
    [
      `secret: ${SECRET}, algorithms: [EdDSA]`,
      ['2:107: "EdDSA" is never accepted beside "secret"; use HS256, HS384, HS512'],
    ],
    [
      `secret: ${SECRET}, algorithms: [HS256], jwks: "https://i.example/jwks"`,
      [`${HERE} an issuer has keys of one kind: "secret" is never beside "jwks"`],
    ],
    [
      `secret: ${SECRET}, algorithms: [HS256], public_key: k.pem`,
      [`${HERE} an issuer has keys of one kind: "secret" is never beside "public_key"`],
    ],
    [`secret: ${SECRET.slice(1)}, algorithms: [HS256]`, [`2:60: ${weak}`]],
    [`secret: "${'ab'.repeat(20)}", algorithms: [HS256]`, [`2:60: ${weak}`]],
    ['secret: "", algorithms: [HS256]', [`2:60: ${weak}`]],
    ['secret: 5, algorithms: [HS256]', ['2:60: "secret" must be a text']],
    ['secret: "${NO_SUCH}", algorithms: [HS256]', [expect.stringContaining('NO_SUCH is not set') as string]],
    [
      'jwks: "https://i.example/jwks", algorithms: [RS256, HS512]',
      ['2:104: "HS512" is never accepted beside a JWKS: with it a public key would be used as a secret'],
    ],
    [
      'algorithms: [HS256]',
      ['2:65: "HS256" is never accepted beside a JWKS: with it a public key would be used as a secret'],
    ],
    [
      'public_key: k.pem, algorithms: [HS256]',
      ['2:84: "HS256" is never accepted beside a public key: with it a public key would be used as a secret'],
    ],
  ])('with the keys %j is an error', async (written, problems) => {
    expect(await problemsOf(issuerWith(written))).toEqual(problems);
  });

  it('is in no error, neither in its text nor in the line that it shows', async () => {
    for (const written of [
      `secret: ${SECRET}`,
      `secret: ${SECRET}, algorithms: [RS256]`,
      `secret: ${SECRET}, jwks: x`,
      `{secret: ${SECRET}`,
      `secret: [${SECRET}], algorithms: [HS256]`,
      `secret: ${SECRET.slice(1)}, algorithms: [HS256]`,
    ]) {
      const error: unknown = await load(issuerWith(written)).catch((each: unknown) => each);
      expect(error).toBeInstanceOf(ConfigError);
      const { problems, message } = error as ConfigError;
      const shown = [message, ...problems.flatMap((each) => each.toLines())].join('\n');
      expect(shown).not.toContain(SECRET.slice(1, 20));
    }
    const config = {
      issuers: { main: { issuer: 'a', audience: 'a', secret: SECRET } },
      upstreams: {},
      routes: [],
    };
    let shown = '';
    try {
      compileConfig(config, { env: {}, baseFolder: '.' });
    } catch (error) {
      shown = inspect(error, { depth: 9 });
    }
    expect(shown).toContain('missing key');
    expect(shown).not.toContain(SECRET);
  });

  it('has no example in the schema', () => {
    expect(JSON.stringify(jsonSchema())).not.toMatch(/secret"?:\s*"(?!\$)[^"]{32,}"[,}].*examples/);
    expect(JSON.stringify(jsonSchema())).not.toContain('examples');
  });
});

describe('the public key of an issuer', () => {
  it('is read from a file, SPKI or a certificate, whose path starts at the folder of the configuration', async () => {
    for (const file of ['cert.pem', 'public.pem']) {
      const text = issuerWith(`public_key: "\${FIXTURES}/${file}", algorithms: [ES256]`);
      expect(await problemsOf(text)).toEqual([]);
      const { settings } = await load(text);
      expect(settings.issuers[0]?.keys.kind).toBe('public_key_file');
      // So that a change of the file reloads the gateway.
      expect(settings.files).toEqual([expect.stringMatching(new RegExp(`${file}$`)) as string]);
    }
  });

  it('is the text itself where it is PEM', async () => {
    const pem = pemOf(rsa.publicKey);
    const { settings } = await load(inline(pem, 'RS256, PS256'));
    expect(settings.issuers[0]?.keys).toEqual({ kind: 'public_key', pem });
    expect(await problemsOf(inline(pemOf(makeEcKeyPair('P-384').publicKey), 'ES384'))).toEqual([]);
    expect(await problemsOf(inline(pemOf(makeEd25519KeyPair().publicKey), 'EdDSA'))).toEqual([]);
    expect(await problemsOf(inline(pemOf(makeEd25519KeyPair().publicKey), 'Ed25519'))).toEqual([]);
  });

  const at = '2:64: the public key';
  const block = 'must hold one PEM block, "BEGIN PUBLIC KEY" or "BEGIN CERTIFICATE"';
  const privatePem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  it.each<[string, string, string]>([
    ['that is private', inline(privatePem, 'RS256'), `${at} holds a private key`],
    ['beside a private one', inline(pemOf(rsa.publicKey) + privatePem, 'RS256'), `${at} holds a private key`],
    [
      'in PKCS #1',
      inline(rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString(), 'RS256'),
      `${at} ${block}`,
    ],
    ['twice', inline(pemOf(rsa.publicKey).repeat(2), 'RS256'), `${at} ${block}`],
    ['that is cut off', inline(pemOf(rsa.publicKey).slice(0, 100), 'RS256'), `${at} ${block}`],
    [
      'of no bytes',
      inline('-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----', 'RS256'),
      `${at} holds no RSA, EC or Ed25519 public key`,
    ],
    [
      'of 1024 bits',
      inline(pemOf(makeRsaKeyPair(1024).publicKey), 'RS256'),
      `${at} is too weak: fewer than 2048 bits, or an exponent that is 1 or even: RS256`,
    ],
    ['of another type', inline(pemOf(rsa.publicKey), 'EdDSA'), `${at} is for none of the algorithms: EdDSA`],
    [
      'on a curve of another algorithm',
      inline(pemOf(makeEcKeyPair('P-256').publicKey), 'ES384'),
      `${at} is for none of the algorithms: ES384`,
    ],
    ['on Ed448', inline(pemOf(ED448), 'EdDSA'), `${at} is no RSA, EC or Ed25519 public key: EdDSA`],
    [
      'in no file',
      issuerWith('public_key: nope.pem'),
      '2:64: cannot read folder/nope.pem: there is no such file',
    ],
    ['in a private file', issuerWith('public_key: "${FIXTURES}/key.pem"'), `${at} holds a private key`],
    [
      'at a URL',
      issuerWith('public_key: "https://a/k.pem"'),
      '2:64: "public_key" must be a file path or PEM text, not a URL',
    ],
    ['that is empty', issuerWith('public_key: ""'), '2:64: "public_key" must not be empty'],
    [
      'beside a JWKS',
      issuerWith('public_key: k.pem, jwks: "https://a/jwks"'),
      '2:52: an issuer has keys of one kind: "public_key" is never beside "jwks"',
    ],
  ])('%s is an error', async (_title, text, problem) => {
    expect(await problemsOf(text)).toEqual([problem]);
  });
});
