/** docs/configuration.md has every key of the file, with the defaults that the gateway applies and examples that it accepts. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { compileConfig, keyReference, loadConfig } from '../../src/config/config.js';
import { schema } from '../../src/config/schema/schema.js';
import { createSigningKey } from '../support/tokens.js';

type Keys = Record<string, unknown>;

const PAGE = 'docs/configuration.md';
const keys = keyReference();
const examples = parse(readFileSync('scripts/configuration-examples.yaml', 'utf8')) as Keys;

const TLS = { cert: 'chain.pem', key: 'key.pem' };
const ADDRESS = { host: '127.0.0.1', port: 0 };
const LIMIT = { requests: 10, window: '2m' };
const CORS = { origins: ['https://app.example'] };
const SENTINELS = { sentinels: ['10.0.0.5:26379'], name: 'mymaster' };
/** What a section needs besides the key that is tried in it. */
const SECTIONS: Readonly<Record<string, Keys>> = {
  listen: ADDRESS,
  'listen.tls': TLS,
  admin: ADDRESS,
  redis: { url: 'rediss://127.0.0.1' },
  'defaults.limit': LIMIT,
  'routes.limit': LIMIT,
  cors: CORS,
  'routes.cors': CORS,
  tracing: { otlp: 'http://127.0.0.1:4318' },
  tokens: { issuer: 'https://api.example.com', audience: 'api' },
  'tokens.endpoints.named': { permissions: { orders: 1 } },
  'issuers.NAME': { issuer: 'https://id.example.com', audience: 'api' },
  'issuers.NAME.audience': { claim: 'client_id', any: ['web'] },
  'upstreams.NAME': { targets: ['https://127.0.0.1:9001'] },
  'upstreams.NAME.health': { path: '/healthz' },
  'routes.expect': { path: '/orders/7/acme', status: 401 },
};
/** The same, for keys that need something else. */
const BESIDE: Readonly<Record<string, Keys>> = {
  'admin.listen': {},
  'redis.url': {},
  'redis.username': { url: 'rediss://127.0.0.1', password: 'secret' },
  'redis.sentinels': { name: 'mymaster' },
  'redis.name': SENTINELS,
  'redis.cluster': {},
  'redis.sentinel_username': { ...SENTINELS, sentinel_password: 'secret' },
  'redis.sentinel_password': SENTINELS,
  'issuers.NAME.secret': { ...SECTIONS['issuers.NAME'], algorithms: ['HS256'] },
  ...Object.fromEntries(
    ['redis.tls', 'issuers.NAME.tls', 'upstreams.NAME.tls'].flatMap((section) => [
      [`${section}.cert`, { key: 'key.pem' }],
      [`${section}.key`, { cert: 'chain.pem' }],
    ]),
  ),
  ...Object.fromEntries(
    ['issuers.NAME.require', 'routes.require'].flatMap((section) => [
      [`${section}.claim`, { is: 'acme' }],
      [`${section}.is`, { claim: 'org_id' }],
      [`${section}.has`, { claim: 'org_id' }],
      [`${section}.absent`, { claim: 'org_id' }],
      [`${section}.shadow`, { claim: 'org_id', is: 'acme' }],
    ]),
  ),
};
/** Keys that exclude one of the usual configuration. */
const INSTEAD: Readonly<Record<string, string>> = {
  'issuers.NAME.secret': 'jwks',
  'issuers.NAME.public_key': 'jwks',
  'issuers.NAME.discovery': 'jwks',
  'issuers.NAME.insecure_http': 'jwks',
  'issuers.NAME.tls': 'jwks',
  'routes.scope': 'public',
};

describe('the reference of the keys', () => {
  it('is what npm run schema makes of the schema, in docs/configuration.md', () => {
    const args = ['scripts/configuration-page.js', '--print'];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe(readFileSync(PAGE, 'utf8'));
  });

  it('has each key once, with a sentence', () => {
    const paths = keys.map(({ path }) => path);
    expect(paths).toEqual([...new Set(paths)]);
    expect(paths.length).toBeGreaterThan(200);
    expect(keys.filter(({ description }) => !/^.{8,}\.$/s.test(description))).toEqual([]);
  });

  it('has an example of each key that is no section, and of no other', () => {
    const paths = keys.map(({ path }) => path);
    expect(Object.keys(examples).filter((path) => !paths.includes(path))).toEqual([]);
    const rows = readFileSync(PAGE, 'utf8').matchAll(/^\| `[\w.]+` \| ([^|]+) \| [^|]+ \| ([^|]*) \|/gm);
    const without = [...rows].filter(([, types, example]) => example === '' && !isSection(types!));
    expect(without.map(([row]) => row)).toEqual([]);
  });

  it.each(Object.keys(examples))('has an example of %s that the gateway accepts', (path) => {
    const value = JSON.parse(
      JSON.stringify(examples[path])
        .replace('${DATABASE_URL}', 'postgres://tollgate@127.0.0.1/tollgate')
        .replace(/\$\{(JWT_SECRET|TOLLGATE_(?:PREVIOUS_)?KEK:-)\}/, randomBytes(32).toString('base64')),
    ) as unknown;
    expect(schema.safeParse(withKey(path, value)).error?.issues ?? []).toEqual([]);
  });

  it.each(keys.filter((key) => key.default !== undefined).map((key) => [key.path, key.default] as const))(
    'has the default of %s that the gateway applies: %j',
    (path, value) => {
      const without = compiled(withKey(path, undefined));
      expect(compiled(withKey(path, value))).toEqual(without);
    },
  );

  it.each([
    ['listen', '127.0.0.1:8080'],
    ['admin', '127.0.0.1:8081'],
  ])('has the default of %s that a command applies: %s', async (path, value) => {
    expect(readFileSync(PAGE, 'utf8')).toContain(`| \`${path}\` | text, keys | \`${value}\` |`);
    const { settings } = await loadConfig('config/starter.yaml', {});
    expect(settings[path as 'listen' | 'admin']).toMatchObject({
      host: value.split(':')[0],
      port: Number(value.split(':')[1]),
    });
  });
});

function isSection(types: string): boolean {
  return /(^|, )(keys|names with values)$/.test(types) || types === 'list';
}

function compiled(config: Keys): unknown {
  const { settings } = compileConfig(config, { env: {}, baseFolder: '.' });
  return settings;
}

/** A valid configuration with a value of one key, or for `undefined` without it. */
function withKey(path: string, value: unknown): Keys {
  const config: Keys = {
    redis: 'redis://127.0.0.1:6379',
    trust_proxy: ['10.0.0.0/8'],
    issuers: {
      NAME: { issuer: 'https://id.example.com', audience: 'api', grants: ['*'], jwks: { keys: [jwk] } },
    },
    upstreams: { orders: 'http://127.0.0.1:9001' },
    routes: [{ match: 'GET /orders/{id}/{org}', upstream: 'orders', public: true }],
  };
  place(config, path.split('.'), '', value);
  return config;
}

const { jwk } = createSigningKey();

function place(into: Keys, [name = '', ...rest]: readonly string[], prefix: string, value: unknown): void {
  const path = `${prefix}${name}`;
  if (rest.length === 0) {
    if (value !== undefined) into[name] = value;
    return;
  }
  const isList = /^routes$|\.(require|token_from|expect)$/.test(path);
  const found = into[name];
  const old = isList ? (found as readonly Keys[] | undefined)?.[0] : found;
  const section: Keys = typeof old === 'object' ? { ...old } : {};
  const key = `${path}.${rest[0] ?? ''}`;
  for (const [each, given] of Object.entries(BESIDE[key] ?? SECTIONS[path] ?? {})) {
    if (each !== rest[0]) section[each] ??= given;
  }
  if (key in INSTEAD) section[INSTEAD[key] ?? ''] = undefined;
  place(section, rest, `${path}.`, value);
  into[name] = isList ? [section] : section;
}
