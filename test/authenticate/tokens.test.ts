import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Refusal } from '../../src/model/refusal.js';
import { AUDIENCE, createTestIssuer, signTexts, type TestIssuer } from '../support/tokens.js';
import { createStage, headOf, outcome, routeOf, SCOPED, type Stage } from './support.js';

let issuer: TestIssuer;
let other: TestIssuer;
let elliptic: TestIssuer;
let stage: Stage;

const seconds = () => Math.floor(Date.now() / 1000);

beforeAll(async () => {
  [issuer, other, elliptic] = await Promise.all([
    createTestIssuer(),
    createTestIssuer(),
    createTestIssuer({ alg: 'ES256' }),
  ]);
  stage = createStage([
    issuer.model(),
    other.model({ name: 'other', grants: ['orders:*'] }),
    elliptic.model({ name: 'elliptic' }),
  ]);
});

afterAll(async () => {
  stage.close();
  await Promise.all([issuer.close(), other.close(), elliptic.close()]);
});

const shown = async (token: string) => outcome(await stage.show(token));

describe('A request without one Bearer token', () => {
  it.each([undefined, 'Basic dXNlcjpwYXNz', 'Bearerish abc', 'Token abc', ''])(
    'gets a challenge without an error: %s',
    async (authorization) => {
      const refusal = await stage.authenticate(headOf(authorization), SCOPED);
      expect(refusal).toBeInstanceOf(Refusal);
      expect(refusal).toMatchObject({
        status: 401,
        reason: 'no_token',
        headers: ['WWW-Authenticate', 'Bearer realm="tollgate"'],
      });
    },
  );

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a,b',
    'Bearer\ta',
    'Bearer =a',
    'bearer "a"',
    'Bearer,a',
    'Bearer a\u00e9',
  ])('is malformed if the scheme is Bearer: %j', async (authorization) => {
    const refusal = await stage.authenticate(headOf(authorization), SCOPED);
    expect(refusal).toMatchObject({ status: 400, reason: 'malformed_credentials' });
    expect((refusal as Refusal).headers[1]).toMatch(/^Bearer realm="tollgate", error="invalid_request"/);
    expect((refusal as Refusal).body).toContain('"code":214');
  });

  it.each(['bearer', 'BEARER', 'Bearer ', 'Bearer   '])(
    'does not include the spelling %j',
    async (scheme) => {
      expect(outcome(await stage.authenticate(headOf(`${scheme} ${issuer.sign()}`), SCOPED))).toBe(
        'test-issuer/app-1',
      );
    },
  );
});

describe('A public route', () => {
  it('is anonymous, with any token', () => {
    const found = stage.authenticate(headOf('Bearer of bad news'), routeOf({ kind: 'public' }));
    expect(found).toMatchObject({ issuer: '', app: '', scopes: [] });
  });
});

describe('A valid token', () => {
  it('makes a frozen Principal of all its claims', async () => {
    const iat = seconds();
    const exp = iat + 60;
    const token = issuer.sign({
      iat,
      exp,
      scope: ['orders:read', 'with space', 5, 'a"b', 5.5, null, ['x'], 'orders:write'],
      app_name: 'Till',
      organization: 'Shop',
      jti: 'token-1',
    });
    const found = await stage.show(token);
    expect(found).toEqual({
      issuer: 'test-issuer',
      app: 'app-1',
      appName: 'Till',
      organization: 'Shop',
      subject: 'app-1',
      tokenId: 'token-1',
      scopes: ['orders:read', '5', 'orders:write'],
      expiresAtMs: exp * 1000,
      issuedAtMs: iat * 1000,
      family: undefined,
      generation: 0,
      claims: {},
    });
    expect(Object.isFrozen(found)).toBe(true);
    expect(Object.isFrozen((found as { scopes: unknown }).scopes)).toBe(true);
  });

  it('may have its scopes as one string with spaces', async () => {
    expect(await stage.show(issuer.sign({ scope: 'a  b:c a"b' }))).toMatchObject({ scopes: ['a', 'b:c'] });
  });

  it('has only scopes that its issuer may grant', async () => {
    expect(await stage.show(other.sign({ scope: 'orders:read admin' }))).toMatchObject({
      scopes: ['orders:read'],
    });
    expect(await stage.show(other.sign({ scope: '*' }))).toMatchObject({ scopes: ['orders:*'] });
  });

  it.each([undefined, 5.5, null, {}, { a: false, b: null }, { 'a b': 1 }, true])(
    'grants nothing with a scope claim of %j',
    async (scope) => {
      expect(await stage.show(issuer.sign({ scope }))).toMatchObject({ scopes: [] });
    },
  );

  it('has no value for a text claim that is not a string', async () => {
    const token = issuer.sign({ app_name: 5.5, organization: '', jti: ['a'] });
    expect(await stage.show(token)).toMatchObject({
      appName: undefined,
      organization: undefined,
      tokenId: undefined,
    });
  });

  it.each([
    [42, '42'],
    [0, '0'],
    [-7, '-7'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ])('may have the number %d as its app', async (id, text) => {
    const claims = { sub: id, app_name: id, organization: id, jti: id, scope: id };
    const found = { app: text, appName: text, organization: text, subject: text, tokenId: text };
    expect(await stage.show(issuer.sign(claims))).toMatchObject({ ...found, scopes: [text] });
  });

  it('may be as large as a header allows', async () => {
    const groups = Array.from({ length: 240 }, () => '0d1f5a52-9d3e-4a52-8f0f-0a6f6c1f2a3b');
    const token = issuer.sign({ groups });
    expect(token.length).toBeGreaterThan(12_000);
    expect(await shown(token)).toBe('test-issuer/app-1');
  });

  it.each([AUDIENCE, [AUDIENCE], ['https://elsewhere.test', AUDIENCE]])(
    'is accepted with the audience %j',
    async (aud) => {
      expect(await shown(issuer.sign({ aud }))).toBe('test-issuer/app-1');
    },
  );

  it.each(['JWT', 'jwt', 'at+jwt', 'AT+JWT', 'application/at+jwt', 'application/JWT', undefined])(
    'may be of type %s',
    async (typ) => {
      expect(await shown(issuer.sign({}, { typ }))).toBe('test-issuer/app-1');
    },
  );

  it('may have no kid if only one key fits its algorithm', async () => {
    expect(await shown(issuer.sign({}, { kid: undefined }))).toBe('test-issuer/app-1');
  });

  it.each(['RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'] as const)(
    'may be signed with %s if its issuer uses it',
    async (alg) => {
      const signer = await createTestIssuer({ alg });
      const single = createStage([signer.model()]);
      expect(outcome(await single.show(signer.sign()))).toBe('test-issuer/app-1');
      expect(outcome(await single.show(signer.sign({}, { alg: 'RS256' })))).toBe(
        '401 The algorithm of the token is not accepted',
      );
      single.close();
      await signer.close();
    },
  );
});

describe('A token with invalid claims', () => {
  it.each(['https://elsewhere.test', '', 5, null, ['x'], { a: 1 }, undefined])(
    'is refused with iss %j',
    async (iss) => {
      expect(await shown(issuer.sign({ iss }))).toBe('401 The issuer of the token is not accepted');
    },
  );

  it.each([
    '',
    undefined,
    null,
    AUDIENCE.slice(0, -1),
    `${AUDIENCE}/`,
    AUDIENCE.toUpperCase(),
    [],
    [[AUDIENCE]],
    [AUDIENCE, 5],
    [AUDIENCE, null],
    { aud: AUDIENCE },
    { 0: AUDIENCE, length: 1 },
  ])('is refused with aud %j', async (aud) => {
    expect(await shown(issuer.sign({ aud }))).toBe('401 The token is for another audience');
  });

  it('is refused without exp if the issuer requires one', async () => {
    expect(await shown(issuer.sign({ exp: undefined }))).toBe('401 The token does not expire');
  });

  it.each(['exp', 'nbf', 'iat'])('is refused with an %s that is no finite number', async (claim) => {
    for (const value of ['"1"', 'null', '1e400', '-1e400', '[1]', '{}', 'true']) {
      const claims = JSON.stringify({
        iss: issuer.iss,
        aud: AUDIENCE,
        sub: 'a',
        ...(claim !== 'exp' && { exp: 4e9 }),
      });
      const payload = `${claims.slice(0, -1)},"${claim}":${value}}`;
      const header = JSON.stringify({ alg: 'RS256', kid: issuer.key.kid });
      expect(await shown(signTexts(header, payload, issuer.key))).toMatch(/^401 The /);
    }
  });

  it.each([
    undefined,
    '',
    5.5,
    2 ** 53,
    true,
    null,
    ['a'],
    { a: 1 },
    'x'.repeat(257),
    'a\nb',
    'a\u0000',
    '\ud800',
  ])('is refused with an app of %j', async (sub) => {
    expect(await shown(issuer.sign({ sub }))).toBe('401 The token does not name an app');
  });

  it('is refused on a route for other issuers, also the second time', async () => {
    const route = routeOf({
      kind: 'scoped',
      requirement: { mode: 'all', scopes: ['a'] },
      issuers: new Set(['other']),
    });
    const token = issuer.sign({ jti: 'narrowed' });
    const refusal = '401 The issuer of the token is not accepted';
    expect(outcome(await stage.show(token, route))).toBe(refusal);
    expect(await shown(token)).toBe('test-issuer/app-1');
    expect(outcome(await stage.show(token, route))).toBe(refusal);
    expect(outcome(await stage.show(other.sign(), route))).toBe('other/app-1');
  });
});

describe('A refusal', () => {
  it('is a challenge that names the error and reveals nothing of the token', async () => {
    const refusal = await stage.show(issuer.sign({ exp: 1, sub: 'canary' }));
    expect(refusal).toMatchObject({
      status: 401,
      reason: 'invalid_token',
      headers: [
        'WWW-Authenticate',
        'Bearer realm="tollgate", error="invalid_token", error_description="The token has expired"',
      ],
      body: '{"errors":[{"code":89,"message":"Invalid or expired token"}]}',
    });
    expect(JSON.stringify(refusal)).not.toContain('canary');
  });
});

describe('An issuer of another kind', () => {
  it('without an iss is tried only for tokens without one, and its app and scopes may be nested', async () => {
    const legacy = createStage([
      issuer.model(),
      other.model({
        name: 'legacy',
        iss: undefined,
        audience: undefined,
        requireExp: false,
        claims: { app: [['owner', 'uid']], scope: [['access', 'scopes']] },
      }),
    ]);
    const claims = {
      iss: undefined,
      aud: undefined,
      exp: undefined,
      owner: { uid: 'u1' },
      access: { scopes: ['a'] },
    };
    expect(await legacy.show(other.sign(claims, { kid: undefined }))).toMatchObject({
      issuer: 'legacy',
      app: 'u1',
      scopes: ['a'],
      expiresAtMs: Infinity,
    });
    expect(outcome(await legacy.show(other.sign({ ...claims, iss: null })))).toMatch(/issuer of the token/);
    expect(outcome(await legacy.show(other.sign({ ...claims, owner: 'u1' })))).toMatch(
      /does not name an app/,
    );
    expect(outcome(await legacy.show(other.sign({ ...claims, owner: { uid: 'u2' }, exp: 1 })))).toMatch(
      /expired/,
    );
    legacy.close();
  });

  it.each([[['__proto__']], [['constructor', 'name']], [['toString']], [['a', 'length']]])(
    'whose app is at %j does not read it from a prototype',
    async (app) => {
      const odd = createStage([issuer.model({ claims: { app: [app], scope: [['scope']] } })]);
      expect(outcome(await odd.show(issuer.sign({ a: ['x'] })))).toBe('401 The token does not name an app');
      odd.close();
    },
  );
});
