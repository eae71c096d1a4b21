import { describe, expect, it } from 'vitest';
import {
  compileConfig,
  ConfigError,
  ConfigUnreadable,
  loadConfig,
  type GatewayConfig,
} from '../../src/config/config.js';
import { load, onRoute, onTop, planted, problemsOf, VALID } from './planted.js';
import { redisAt } from '../support/route.js';

const OBJECT: GatewayConfig = {
  issuers: { main: { issuer: 'https://i.example', audience: 'a' } },
  upstreams: { api: 'http://127.0.0.1:9001' },
  routes: [{ match: 'GET /a', upstream: 'api', scope: 'a:read' }],
};
const compile = (config: unknown, env = {}) => compileConfig(config, { env, baseFolder: '/etc/gate' });

function problemsOfObject(config: unknown): string[] {
  try {
    compile(config);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(String);
  }
}

describe('a configuration file', () => {
  it('has sensible defaults for missing keys', async () => {
    const { settings, expectations } = await load(VALID);
    expect(expectations).toEqual([]);
    expect(settings).toMatchObject({
      listen: { host: '127.0.0.1', port: 8080, tls: undefined },
      admin: { host: '127.0.0.1', port: 8081, tls: undefined },
      trustProxy: [],
      redis: undefined,
      cors: undefined,
      client: { headerTimeoutMs: 10_000, bodyTimeoutMs: 60_000, keepAliveMs: 60_000 },
      log: { level: 'info', file: undefined, access: true, pretty: false, paths: false, clientIds: false },
      metrics: { byApp: false },
      drainTimeoutMs: 30_000,
      allowSemicolon: false,
      maxLimitKeys: 1_000_000,
      onFailure: 'local',
      limitHeaders: 'legacy',
      tokenCacheSize: 10_000,
      jwksMaxAgeMs: 600_000,
      jwksMaxStaleMs: 86_400_000,
    });
    expect(settings.issuers[0]).toMatchObject({
      algorithms: ['RS256'],
      claims: { app: [['sub']], scope: [['scope']] },
      requireExp: true,
      clockSkewMs: 30_000,
      grants: ['*'],
    });
    expect(settings.upstreams[0]).toMatchObject({
      connectTimeoutMs: 2000,
      timeoutMs: 30_000,
      idleTimeoutMs: 60_000,
      tunnelIdleMs: 3_600_000,
      keepAliveMs: 4000,
      retries: 1,
      maxConnections: 256,
      forwardAuthorization: true,
      host: 'target',
      headers: { set: [], remove: [] },
      tls: { ca: undefined },
    });
    expect(settings.routes[0]).toMatchObject({
      limits: [],
      onFailure: 'local',
      maxBodyBytes: 10 * 1024 ** 2,
    });
  });

  it('gives Redis its defaults, in both forms', async () => {
    const redis = redisAt('redis://h:1', 100, 'tollgate:');
    expect((await load(onTop('redis: redis://h:1'))).settings.redis).toEqual(redis);
    expect((await load(onTop('redis: {url: "redis://h:1"}'))).settings.redis).toEqual(redis);
  });

  it('includes the texts of its certificates', async () => {
    const files = 'cert: "${FIXTURES}/cert.pem", key: "${FIXTURES}/key.pem"';
    const { settings } = await load(
      onTop(
        `listen: {host: "::1", port: 0, tls: {${files}}}\nadmin: {host: "::1", port: 0, tls: {${files}, client_ca: "\${FIXTURES}/ca.pem"}}`,
      ),
    );
    expect(settings.listen?.tls?.cert).toContain('BEGIN CERTIFICATE');
    expect(settings.listen?.tls?.clientCa).toBeUndefined();
    expect(settings.admin?.tls?.key).toContain('PRIVATE KEY');
    expect(settings.admin?.tls?.clientCa).toContain('BEGIN CERTIFICATE');
  });

  it('reports all of its problems at once, in file order', async () => {
    const text = `listen: 127.0.0.1:8081
log: {level: "\${LEVEL}"}
issuers:
  tokens: {issuer: "https://i.example", jwks: ./nope.json, audience: a}
  two: {issuer: "https://i.example", audience: a, algorithms: [none], grants: [a]}
upstreams:
  api: ftp://127.0.0.1:9001
routes:
  - match: GET /a
    upstream: apo
    scope_key: a:read
    limit: 10 per 2 minutes
  - match: GET /a
    upstream: api
client: {}
client: {}
`;
    expect(await problemsOf(text)).toEqual([
      '1:9: "listen" and "admin" have one address (port 8081); health and metrics must not be public',
      '2:14: the environment variable LEVEL is not set; set it or give a default: ${LEVEL:-default}',
      '4:3: "tokens" is a name reserved for the token service; choose another',
      '4:3: missing key "grants": with two issuers or more, each says the most that its tokens can open',
      '4:47: cannot read folder/nope.json: there is no such file',
      '5:17: the issuer "tokens" has this iss already; a token must belong to one issuer',
      '5:64: the algorithm "none" is refused: anybody can make such a token',
      '7:8: "api" must begin with http:// or https://, not with ftp://',
      '10:15: unknown upstream "apo"; did you mean "api"?',
      '11:5: unknown key "scope_key"; did you mean "scope"?',
      '12:12: "limit" must be a limit such as "10 per 2m", its long form {requests, window, by}, a list of these, or none; "10 per 2 minutes" is none of these',
      '13:5: the route has neither "scope" nor "public: true"; no endpoint is open by accident: give it one',
      '13:12: the same shape and method (GET) as "GET /a" in line 9',
      '16:1: duplicate key "client"; a key may stand once',
    ]);
  });

  it('reports a problem in the format of compilers', async () => {
    const file = 'test/fixtures/config/faulty.yaml';
    const error: unknown = await loadConfig(file, {}).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toBe(
      `ConfigError: ${file}:3:1: unknown key "lissen"; did you mean "listen"?\n${file}:7:5: unknown key "scope_key"; did you mean "scope"?`,
    );
  });

  it('may have a bounded number of aliases', async () => {
    const shared = planted('scope: a:read', 'scope: &s [a]').concat(
      '  - {match: GET /b, upstream: api, scope: *s}\n',
    );
    expect((await load(shared)).settings.routes[1]?.access).toMatchObject({ requirement: { scopes: ['a'] } });
    expect(await problemsOf(shared.replace('[a]', '["a b"]'))).toHaveLength(1);
    const bomb =
      'a: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c]\n';
    expect(await problemsOf(bomb)).toEqual(['1:1: the file has too many aliases']);
    expect(await problemsOf('a: &a [*a, *a]\n')).toContain('1:8: is nested too deeply, or contains itself');
  });

  it.each(['['.repeat(20_000), '- '.repeat(20_000), '{a: '.repeat(20_000)])(
    'is refused if it is nested too deeply',
    async (text) => {
      expect(await problemsOf(text)).toEqual(['1:1: the file is nested too deeply']);
    },
  );

  it('that cannot be read is distinct from an invalid one', async () => {
    const unreadable = (file: string) => loadConfig(file, {}).catch((reason: unknown) => String(reason));
    expect(await unreadable('test/nope.yaml')).toBe(
      'ConfigUnreadable: cannot read test/nope.yaml: there is no such file',
    );
    expect(await unreadable('test/config')).toBe('ConfigUnreadable: cannot read test/config: it is a folder');
    expect(await unreadable('a\0b')).toBe('ConfigUnreadable: cannot read a\0b: ERR_INVALID_ARG_VALUE');
    await expect(loadConfig('test/nope.yaml', {})).rejects.toBeInstanceOf(ConfigUnreadable);
  });

  it('as in the example is valid', async () => {
    const { settings, expectations } = await loadConfig('config/gateway.yaml', {});
    expect(settings.routes.length).toBeGreaterThan(0);
    expect(expectations.length).toBeGreaterThan(0);
  });
});

describe('the id of a count', () => {
  const idOf = async (limit: string, match = 'GET,POST /a') => {
    const { settings } = await load(planted('GET /a', match).concat(`    limit: ${limit}\n`));
    return settings.routes[0]?.limits[0]?.id ?? '';
  };

  it('stays while match, window and subject stay', async () => {
    const id = await idOf('10 per 2m');
    expect(id).toMatch(/^[\w-]{16}$/);
    expect(await idOf('20 per 120s')).toBe(id);
    expect(await idOf('{requests: 1, window: 2m, by: app}')).toBe(id);
    expect(await idOf('10 per 2m', 'GET,  POST   /a')).toBe(id);
    expect(await idOf('10 per 1m')).not.toBe(id);
    expect(await idOf('{requests: 1, window: 2m, by: ip}')).not.toBe(id);
    expect(await idOf('10 per 2m', 'GET /a')).not.toBe(id);
  });

  it('is one for all routes that share it, and never that of a route', async () => {
    const shared = '{requests: 10, window: 2m, share: both}';
    expect(await idOf(shared)).toBe(await idOf(shared, 'GET /b'));
    expect(await idOf(shared)).not.toBe(await idOf('10 per 2m'));
  });

  it('counts by address on a public route', async () => {
    const { settings } = await load(onRoute('limit: 10 per 2m').replace('scope: a:read', 'public: true'));
    expect(settings.routes[0]?.limits[0]?.by).toBe('ip');
  });
});

describe('a configuration object', () => {
  it('listens nowhere by default', () => {
    const { settings } = compile(OBJECT);
    expect(settings).toMatchObject({ source: 'configuration', listen: undefined, admin: undefined });
    expect(settings.routes[0]?.line).toBe(0);
    expect(compile({ ...OBJECT, listen: '127.0.0.1:0' }).settings.listen?.port).toBe(0);
  });

  it('has its own base folder and the environment', () => {
    expect(compile({ ...OBJECT, log: { file: '${NAME}.log' } }, { NAME: 'gate' }).settings.log.file).toBe(
      '/etc/gate/gate.log',
    );
    expect(compile({ ...OBJECT, token_cache: '${N}' }, { N: '5' }).settings.tokenCacheSize).toBe(5);
  });

  it('has its problems located by key', () => {
    const [route] = OBJECT.routes;
    expect(
      problemsOfObject({
        ...OBJECT,
        routes: [route, route, { ...route, match: 'GET /b', limit: '10', extra: 1 }],
      }),
    ).toEqual([
      'routes[2].extra: unknown key "extra"',
      'routes[2].limit: "limit" must be a limit such as "10 per 2m", its long form {requests, window, by}, a list of these, or none; "10" is none of these',
      'routes[1].match: the same shape and method (GET) as "GET /a" (routes[0])',
    ]);
    expect(problemsOfObject(undefined)).toEqual([
      'configuration: the configuration must be keys with values',
    ]);
    expect(problemsOfObject([])).toContain('configuration: the configuration must be keys with values');
  });

  it('is not modified, and the compiled settings are frozen', () => {
    const jwks = {
      keys: [
        {
          kty: 'EC',
          crv: 'P-256',
          x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
          y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
        },
      ],
    };
    const config = {
      ...OBJECT,
      issuers: { main: { issuer: 'i', audience: 'a', algorithms: ['ES256'], jwks } },
    };
    const { settings } = compile(config);
    expect(settings.issuers[0]?.keys).toEqual({ kind: 'inline', jwks });
    expect(Object.isFrozen(jwks)).toBe(false);
    expect(unfrozen(settings, 'settings')).toEqual([]);
  });

  it('may contain itself without a hang', () => {
    const config: Record<string, unknown> = { ...OBJECT };
    config['log'] = config;
    expect(problemsOfObject(config)).toContain('log: is nested too deeply, or contains itself');
  });
});

function unfrozen(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, each]) => unfrozen(each, `${path}.${key}`));
  return Object.isFrozen(value) ? inner : [path, ...inner];
}
