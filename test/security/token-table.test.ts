/**
 * Invalid tokens of every kind: exactly one response each, no part of the token in any output, and no request
 * to the upstream.
 */
import { createHmac, createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WireResponse } from '../support/dialogue.js';
import { startTokenFixture, type TokenFixture } from '../support/token-fixture.js';
import { AUDIENCE, base64url, createSigningKey, signTexts } from '../support/tokens.js';

let fixture: TokenFixture;
let forwarded: number;

beforeAll(async () => {
  fixture = await startTokenFixture();
  // Loads its keys, so that the responses below depend on tokens only.
  const response = await fixture.show(good());
  expect(response.status).toBe(200);
  forwarded = fixture.upstream.requests.length;
});

/** No refused request has reached the upstream, and no presented token is in the log. */
afterAll(async () => {
  expect(fixture.upstream.requests.length).toBe(forwarded);
  const log = await fixture.log();
  expect(log).toContain('invalid_token');
  for (const part of fixture.shown.flatMap((each) => each.replace(/^bearer /i, '').split('.'))) {
    if (part.length > 12) expect(log).not.toContain(part);
  }
  expect(log).not.toMatch(/jwt |jws|secretOrPublicKey|PEM|UnauthorizedError|JsonWebTokenError/);
  await fixture.close();
});

const SCOPE = { scope: 'orders:read' };
const good = (claims = {}, header = {}) => fixture.main.sign({ ...SCOPE, ...claims }, header);
const seconds = () => Math.floor(Date.now() / 1000);
/** A valid token except for the text of its payload. */
const withPayload = (payload: string) =>
  signTexts(JSON.stringify({ alg: 'RS256', kid: fixture.main.key.kid }), payload, fixture.main.key);
/** The claims of a valid token as JSON, with more text before the last brace. */
function claimsWith(more: string, claims: object = {}): string {
  const all = {
    iss: fixture.main.iss,
    aud: AUDIENCE,
    sub: 'app-1',
    exp: seconds() + 600,
    ...SCOPE,
    ...claims,
  };
  return `${JSON.stringify(all).slice(0, -1)}${more}}`;
}

const CHALLENGE = 'Bearer realm="tollgate"';

function expectA(response: WireResponse, description: string): void {
  expect(response.status).toBe(401);
  expect(response.body).toBe('{"errors":[{"code":89,"message":"Invalid or expired token"}]}');
  expect(response.field('www-authenticate')).toBe(
    `${CHALLENGE}, error="invalid_token", error_description="${description}"`,
  );
  expect(response.field('content-type')).toBe('application/json');
  expect(response.field('x-request-id')).toBeTruthy();
}

type Row = readonly [title: string, token: () => string, description: string];

const ALGORITHM = 'The algorithm of the token is not accepted';
const MALFORMED = 'The token is malformed';
const UNKNOWN_KEY = 'The token is signed with an unknown key';
const SIGNATURE = 'The signature of the token is wrong';
const CRITICAL = 'The token requires extensions that are not supported';
const TYPE = 'The token is not of an accepted type';
const TIMES = 'The times of the token are malformed';
const DOUBLED = 'The token has a name twice';
const AUDIENCE_OTHER = 'The token is for another audience';
const ISSUER = 'The issuer of the token is not accepted';
const CONFIRMATION = 'The token is bound to a key that the request does not prove';
const EARLY = 'The token is not valid yet';

const unsigned = (alg: unknown) =>
  `${base64url(JSON.stringify({ alg, typ: 'JWT' }))}.${good().split('.')[1]!}.`;
const input = (token: string) => token.split('.').slice(0, 2).join('.');
const publicPem = () =>
  createPublicKey(fixture.main.key.privateKey).export({ type: 'spki', format: 'pem' }).toString();
const hs256 = (kid: string | undefined) => {
  const signing = input(good({}, { alg: 'HS256', kid }));
  return `${signing}.${createHmac('sha256', publicPem()).update(signing).digest('base64url')}`;
};
const zeroSigned = (length: number) => {
  const signing = input(fixture.elliptic.sign(SCOPE));
  return `${signing}.${Buffer.alloc(length).toString('base64url')}`;
};

const ROWS: readonly Row[] = [
  ...['none', 'None', 'nOnE'].map((alg): Row => [
    `alg ${alg} without a signature`,
    () => unsigned(alg),
    MALFORMED,
  ]),
  ...['none', 'nOnE', undefined, 5, null, 'RS512', 'EdDSA', ''].map((alg): Row => [
    `alg ${JSON.stringify(alg)} and a signature`,
    () => good({}, { alg }),
    ALGORITHM,
  ]),
  ['HS256 signed with the public PEM', () => hs256(fixture.main.key.kid), ALGORITHM],
  ['the same without a kid', () => hs256(undefined), ALGORITHM],
  ['ES256 with r = s = 0', () => zeroSigned(64), SIGNATURE],
  ['ES256 of a wrong length', () => zeroSigned(63), 'The token could not be verified'],
  ['ES256 as DER', () => zeroSigned(72), 'The token could not be verified'],
  ...['no-such-key', '../../x', "' OR '1'='1", '__proto__', 'constructor', 'http://127.0.0.1:1/jwks', ''].map(
    (kid): Row => [`the kid ${JSON.stringify(kid)}`, () => good({}, { kid }), UNKNOWN_KEY],
  ),
  ...[{ a: 1 }, ['a'], 5, null].map((kid): Row => [
    `a kid that is ${JSON.stringify(kid)}`,
    () => good({}, { kid }),
    UNKNOWN_KEY,
  ]),
  ['an unknown kid and no signature', () => `${input(good({}, { kid: 'nobody' }))}.`, MALFORMED],
  [
    'no kid, by the key of somebody else',
    () => fixture.main.sign(SCOPE, { kid: undefined }, createSigningKey()),
    SIGNATURE,
  ],
  ['a key of its own as jwk', () => forged((key) => ({ jwk: key.jwk })), SIGNATURE],
  [
    'a key of its own by jku and x5u',
    () => forged(() => ({ jku: fixture.other.jwksUrl, x5u: fixture.other.jwksUrl })),
    SIGNATURE,
  ],
  ['a certificate of its own', () => forged(() => ({ x5c: ['MIIB'], x5t: 'AAAA' })), SIGNATURE],
  ['crit: [exp]', () => good({}, { crit: ['exp'] }), CRITICAL],
  ['an empty crit', () => good({}, { crit: [] }), CRITICAL],
  ['b64: false', () => good({}, { b64: false, crit: ['b64'] }), CRITICAL],
  ...['dpop+jwt', 'rt+jwt', 'refresh', 'secevent+jwt', 5, null].map((typ): Row => [
    `the type ${JSON.stringify(typ)}`,
    () => good({}, { typ }),
    TYPE,
  ]),
  ['no exp', () => good({ exp: undefined }), 'The token does not expire'],
  ['exp 1e400', () => withPayload(claimsWith(',"exp":1e400', { exp: undefined })), TIMES],
  ['exp as a string', () => good({ exp: '4000000000' }), 'The token could not be verified'],
  ['exp NaN', () => withPayload(claimsWith(',"exp":NaN', { exp: undefined })), MALFORMED],
  ['exp null', () => good({ exp: null }), 'The token could not be verified'],
  ['exp at now less the skew', () => good({ exp: seconds() - 30 }), 'The token has expired'],
  ['nbf past now and the skew', () => good({ nbf: seconds() + 32 }), EARLY],
  ['iat a day ahead', () => good({ iat: seconds() + 86_400 }), EARLY],
  ...['"foo"', '5', '[1]', 'null', 'true', '', '{', '{}{}'].map((payload): Row => [
    `the payload ${payload}`,
    () => withPayload(payload),
    MALFORMED,
  ]),
  ['the scope twice', () => withPayload(claimsWith(',"scope":"*"')), DOUBLED],
  ['the scope twice, once escaped', () => withPayload(claimsWith(',"sc\\u006fpe":"*"')), DOUBLED],
  ['a name twice in an object within', () => withPayload(claimsWith(',"a":{"b":1,"b":2}')), DOUBLED],
  [
    'alg twice',
    () =>
      signTexts(
        `{"alg":"none","alg":"RS256","kid":"${fixture.main.key.kid}"}`,
        claimsWith(''),
        fixture.main.key,
      ),
    DOUBLED,
  ],
  ...[
    '',
    undefined,
    [],
    [[AUDIENCE]],
    { aud: AUDIENCE },
    AUDIENCE.slice(0, -1),
    `${AUDIENCE}/`,
    `${AUDIENCE}.evil`,
    [AUDIENCE, 5],
  ].map((aud): Row => [`aud ${JSON.stringify(aud)}`, () => good({ aud }), AUDIENCE_OTHER]),
  ...['https://elsewhere.test', '', undefined, null, 5].map((iss): Row => [
    `iss ${JSON.stringify(iss)}`,
    () => good({ iss }),
    ISSUER,
  ]),
  ['iss as a list with ours in it', () => good({ iss: [fixture.main.iss] }), ISSUER],
  ['iss with a slash more', () => good({ iss: `${fixture.main.iss}/` }), ISSUER],
  [
    'the key of another issuer, under its kid',
    () => fixture.main.sign(SCOPE, {}, fixture.other.key),
    UNKNOWN_KEY,
  ],
  [
    'the key of another issuer, under ours',
    () => fixture.main.sign(SCOPE, { kid: fixture.main.key.kid }, fixture.other.key),
    SIGNATURE,
  ],
  ['no app', () => good({ sub: undefined }), 'The token does not name an app'],
  ['a line break in the app', () => good({ sub: 'a\r\nX-App-Id: b' }), 'The token does not name an app'],
  ...[
    { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' },
    { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' },
    { 'x5t#S256': 5 },
    { 'x5t#S256': '' },
    { jwk: { kty: 'RSA' } },
    { kid: 'a' },
    {},
    [],
    null,
    'key',
  ].map((cnf): Row => [`cnf ${JSON.stringify(cnf)}`, () => good({ cnf }), CONFIRMATION]),
  ['two parts', () => input(good()), MALFORMED],
  ['four parts', () => `${good()}.AAAA`, MALFORMED],
  [
    'another payload under a good signature',
    () => {
      const [header, , signature] = good().split('.') as [string, string, string];
      return `${header}.${base64url(claimsWith('', { scope: '*' }))}.${signature}`;
    },
    SIGNATURE,
  ],
];

function forged(header: (key: ReturnType<typeof createSigningKey>) => object): string {
  const key = createSigningKey();
  return fixture.main.sign(SCOPE, { kid: fixture.main.key.kid, ...header(key) }, key);
}

describe('A token with', () => {
  it.each(ROWS)('%s is refused', async (_, token, description) => {
    const response = await fixture.show(token());
    expectA(response, description);
    expect(fixture.gate.records.at(-1)).toMatchObject({
      status: 401,
      reason: 'invalid_token',
      detail: description,
    });
  });

  it('a non-canonical encoding of a valid signature is refused', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const token = good();
    const sibling = alphabet[alphabet.indexOf(token.at(-1)!) + 1]!;
    expectA(await fixture.show(`${token.slice(0, -1)}${sibling}`), MALFORMED);
  });

  it('five parts, a compressed bomb or a huge p2c is refused at once', async () => {
    const jwe = { alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', zip: 'DEF', p2c: 2 ** 31, p2s: 'AAAA' };
    const bomb = Buffer.alloc(4000).toString('base64url');
    const token = [JSON.stringify(jwe), 'a', 'b', bomb, 'c'].map(base64url).join('.');
    for (const each of [token, `${base64url(JSON.stringify(jwe))}.${base64url('{}')}.AAAA`]) {
      const durationsMs: number[] = [];
      // The fastest of several, since the machine may be busy during any one of them.
      for (let tries = 0; tries < 10; tries += 1) {
        expect((await fixture.show(each)).status).toBe(401);
        durationsMs.push(fixture.gate.records.at(-1)!.durationMs);
      }
      expect(Math.min(...durationsMs)).toBeLessThan(5);
    }
  });

  it('a key that its issuer should not have published is refused', async () => {
    const keys = {
      'use: enc': (jwk: object) => ({ ...jwk, use: 'enc' }),
      key_ops: (jwk: object) => ({ ...jwk, use: undefined, key_ops: ['encrypt'] }),
      private: (jwk: object) => ({ ...jwk, d: 'AQAB' }),
    };
    for (const change of Object.values(keys)) {
      const key = createSigningKey();
      fixture.main.jwks.keys.push(change(key.jwk));
      expectA(await fixture.show(fixture.main.sign(SCOPE, {}, key)), UNKNOWN_KEY);
    }
    const short = createSigningKey('RS256', 1024);
    fixture.main.jwks.keys.push(short.jwk, {
      kty: 'oct',
      kid: 'secret',
      k: base64url('secret'),
      alg: 'HS256',
    });
    expectA(await fixture.show(fixture.main.sign(SCOPE, {}, short)), UNKNOWN_KEY);
  });
});
