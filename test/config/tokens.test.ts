/** The token service's section: what it compiles to, the issuers that it adds, and every mistake in it. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { compileConfig, ConfigError } from '../../src/config/config.js';

const TOKENS = {
  issuer: 'https://api.example.org',
  audience: 'https://developers.example.org',
  endpoints: {
    key_secret: {},
    client_credentials: { path: '/oauth/token' },
    password: { lifetime: '2h' },
    named: { permissions: { scope_api: 1, service_api: 2 } },
    whoami: {},
  },
};
const BASE = {
  tokens: TOKENS,
  upstreams: { a: 'http://127.0.0.1:9001' },
  routes: [{ match: 'GET /a', upstream: 'a', scope: 'a:read' }],
};

function compile(config: object) {
  return compileConfig(config, { env: {}, baseFolder: '/etc/gate' }).settings;
}

function problemsOf(config: object): string[] {
  try {
    compile(config);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(String);
  }
}

describe('the token service', () => {
  it('is off if the file does not have it', () => {
    const issuers = { i: { issuer: 'https://i.example', audience: 'a' } };
    expect(compile({ ...BASE, tokens: undefined, issuers }).tokens).toBeUndefined();
  });

  it('compiles to its settings, with the usual paths and lifetimes', () => {
    expect(compile(BASE).tokens).toEqual({
      issuer: 'https://api.example.org',
      audience: ['https://developers.example.org'],
      database: { kind: 'sqlite', path: '/etc/gate/data/tollgate.db' },
      failedAttempts: { attempts: 20, windowMs: 60_000, cooldownMs: 600_000 },
      issueLimit: { requests: 60, windowMs: 60_000 },
      keyEncryptionKey: undefined,
      previousKeyEncryptionKey: undefined,
      revokeLimit: { requests: 60, windowMs: 60_000 },
      endpoints: {
        revoke: { path: '/revoke' },
        introspect: { path: '/introspect' },
        keySecret: { path: '/auth/token', lifetimeMs: undefined },
        clientCredentials: { path: '/oauth/token', lifetimeMs: 86_400_000 },
        password: { path: '/token', lifetimeMs: 7_200_000, refreshLifetimeMs: 2_592_000_000 },
        named: {
          path: '/token/create',
          permissions: new Map([
            ['scope_api', 1],
            ['service_api', 2],
          ]),
        },
        whoami: { path: '/token/whoami' },
      },
    });
  });

  it('keeps its registry in PostgreSQL by a URL', () => {
    const database = 'postgres://gate@db.example/tollgate';
    expect(compile({ ...BASE, tokens: { ...TOKENS, database } }).tokens?.database).toEqual({
      kind: 'postgres',
      url: database,
    });
  });

  it.each(['base64', 'base64url', 'hex'] as const)('accepts 32 random bytes in %s as a key', (form) => {
    for (let i = 0; i < 20; i++) {
      const key_encryption_key = randomBytes(32).toString(form);
      const { tokens } = compile({ ...BASE, tokens: { ...TOKENS, key_encryption_key } });
      expect(tokens?.keyEncryptionKey).toBe(key_encryption_key);
    }
  });

  it.each([
    ['5 per 1h', { requests: 5, windowMs: 3_600_000 }],
    ['none', undefined],
  ])('issues %s', (issue_limit, issueLimit) => {
    expect(compile({ ...BASE, tokens: { ...TOKENS, issue_limit } }).tokens?.issueLimit).toEqual(issueLimit);
  });

  it('accepts the key before it, which may be empty', () => {
    const [now, before] = [randomBytes(32), randomBytes(32)].map((bytes) => bytes.toString('base64'));
    const keys = { key_encryption_key: now, previous_key_encryption_key: before };
    const { tokens } = compile({ ...BASE, tokens: { ...TOKENS, ...keys } });
    expect(tokens).toMatchObject({ keyEncryptionKey: now, previousKeyEncryptionKey: before });
    const without = { ...TOKENS, previous_key_encryption_key: '' };
    expect(compile({ ...BASE, tokens: without }).tokens?.previousKeyEncryptionKey).toBeUndefined();
  });

  it('treats an empty key as missing', () => {
    const { tokens } = compile({ ...BASE, tokens: { ...TOKENS, key_encryption_key: '' } });
    expect(tokens?.keyEncryptionKey).toBeUndefined();
  });

  it('is two issuers to the routes, whose tokens only its own keys can sign', () => {
    const [tokens, named] = compile(BASE).issuers;
    expect(tokens).toMatchObject({
      name: 'tokens',
      iss: TOKENS.issuer,
      keys: { kind: 'own' },
      requireExp: false,
    });
    expect(named).toMatchObject({
      name: 'named',
      iss: `${TOKENS.issuer}/named`,
      claims: { app: [['client_id']] },
    });
  });

  it('requires exp of its tokens if all of them have one', () => {
    const endpoints = { client_credentials: {} };
    expect(compile({ ...BASE, tokens: { ...TOKENS, endpoints } }).issuers[0]?.requireExp).toBe(true);
  });

  it('lets named tokens be used only on routes that name their issuer', () => {
    const { routes } = compile({
      ...BASE,
      routes: [...BASE.routes, { match: 'GET /b', upstream: 'a', scope: 'scope_api', issuer: 'named' }],
    });
    const [usual, named] = routes.map(({ access }) =>
      access.kind === 'scoped' ? access.issuers : undefined,
    );
    expect([...(usual ?? [])]).toEqual(['tokens']);
    expect([...(named ?? [])]).toEqual(['named']);
  });

  it.each([
    [
      { database: 'mysql://x' },
      'tokens.database: "database" must be sqlite:PATH or postgres://user@host/database',
    ],
    [{ issuer: 'http://api.example.org' }, /^tokens\.issuer: .*must be https/],
    [{ audience: [] }, /^tokens\.audience: .*empty/],
    [{ endpoints: { whoami: { path: '/a/../b' } } }, /^tokens\.endpoints\.whoami\.path: /],
    [{ endpoints: { named: {} } }, /permissions/],
    [{ endpoints: { key_secret: { lifetime: 'never' } } }, /or none/],
    [{ endpoints: { name: {} } }, /unknown key "name"; did you mean "named"\?/],
    [
      { endpoints: { key_secret: { path: '/t' }, whoami: { path: '/t' } } },
      /is the path of the token endpoint key_secret/,
    ],
    [{ endpoints: { whoami: { path: '/introspect' } } }, /is the path of the token endpoint introspect/],
    [{ endpoints: { revoke: { path: '/.well-known/jwks.json' } } }, /is the path of the token service/],
    [{ endpoints: { revoke: { path: 'revoke' } } }, /^tokens\.endpoints\.revoke\.path: .*must be a path/],
    [{ failed_attempts: { limit: 'none' } }, /must be/],
    [{ issue_limit: 'many' }, /^tokens\.issue_limit: .*must be a number such as 60 per 1m, or none/],
    [{ key_encryption_key: 'short' }, /must hold 32 random bytes; make one with: openssl rand -base64 32/],
    [{ key_encryption_key: 'a'.repeat(64) }, /must hold 32 random bytes/],
    [{ key_encryption_key: 'correct horse battery staple' }, /must hold 32 random bytes/],
    [{ key_encryption_key: '0123456789abcdef'.repeat(3) }, /must hold 32 random bytes/],
    [{ key_encryption_key: '0123456789'.repeat(7) }, /must hold 32 random bytes/],
    [{ previous_key_encryption_key: 'short' }, /must hold 32 random bytes/],
    [
      { previous_key_encryption_key: randomBytes(32).toString('base64') },
      /^tokens\.previous_key_encryption_key: decrypts what "key_encryption_key" encrypts again, which is missing/,
    ],
  ])('refuses %j in the section', (change, problem) => {
    const problems = problemsOf({ ...BASE, tokens: { ...TOKENS, ...change } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });

  it('refuses a route at the path of an endpoint', () => {
    const routes = [{ match: 'POST /token', upstream: 'a', public: true, limit: 'none' }];
    expect(problemsOf({ ...BASE, routes })).toEqual([
      'routes[0].match: the path is that of the token endpoint password, so the route is never reached',
    ]);
  });

  it.each([
    ['GET /.well-known/openid-configuration', 'the path is that of the token service'],
    ['GET /.well-known/oauth-authorization-server', 'the path is that of the token service'],
    ['POST /Revoke', 'the path is too much like /revoke of the token endpoint revoke'],
    ['GET /token/whoami/', 'the path is too much like /token/whoami of the token endpoint whoami'],
    ['GET /re%76oke', 'the path is that of the token endpoint revoke'],
  ])('refuses the unreachable route %s', (match, text) => {
    const routes = [{ match, upstream: 'a', public: true, limit: 'none' }];
    expect(problemsOf({ ...BASE, routes })).toEqual([expect.stringContaining(`routes[0].match: ${text}`)]);
  });

  it.each(['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server/deep'])(
    "refuses a route at %s where the issuer's path puts its metadata",
    (path) => {
      const tokens = { ...TOKENS, issuer: 'https://api.example.org/deep' };
      const routes = [{ match: `GET ${path}`, upstream: 'a', public: true, limit: 'none' }];
      expect(problemsOf({ ...BASE, tokens, routes })).toHaveLength(1);
    },
  );

  it('accepts a route that only contains part of such a path', () => {
    const routes = ['/revoke/all', '/token/{name}', '/.well-known/{name*}', '/Token/list'].map((path) => ({
      match: `GET ${path}`,
      upstream: 'a',
      public: true,
      limit: 'none',
    }));
    expect(problemsOf({ ...BASE, routes })).toEqual([]);
  });

  it('leaves /revoke and /introspect to routes if its own are elsewhere', () => {
    const endpoints = { revoke: { path: '/oauth/revoke' }, introspect: { path: '/oauth/introspect' } };
    const tokens = { ...TOKENS, endpoints: { ...TOKENS.endpoints, ...endpoints } };
    const route = { upstream: 'a', public: true, limit: 'none' };
    const taken = ['POST /revoke', 'POST /introspect'].map((match) => ({ ...route, match }));
    expect(problemsOf({ ...BASE, routes: taken })).toEqual([
      expect.stringContaining('routes[0].match: the path is that of the token endpoint revoke'),
      expect.stringContaining('routes[1].match: the path is that of the token endpoint introspect'),
    ]);
    expect(problemsOf({ ...BASE, tokens, routes: taken })).toEqual([]);
    expect(problemsOf({ ...BASE, tokens, routes: [{ ...route, match: 'POST /oauth/revoke' }] })).toEqual([
      expect.stringContaining('routes[0].match: the path is that of the token endpoint revoke'),
    ]);
  });

  it('counts as an issuer, so that another one must state its grants', () => {
    const other = { issuer: 'https://i.example', audience: 'a' };
    expect(problemsOf({ ...BASE, issuers: { other } })).toEqual([
      expect.stringContaining('issuers.other: missing key "grants"'),
    ]);
  });

  it("refuses an external issuer with this gateway's own iss", () => {
    const issuers = { other: { issuer: TOKENS.issuer, audience: 'a', grants: ['*'] } };
    expect(problemsOf({ ...BASE, issuers })).toEqual([expect.stringContaining('issuers.other.issuer: ')]);
  });
});
