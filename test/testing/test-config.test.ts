/** A user's own file with test issuers: everything but the keys stays as in the file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { jsonSchema } from '../../src/config/config.js';
import { ConfigError, tollgate, type GatewayConfig, type Tollgate } from '../../src/index.js';
import { testConfig } from '../../src/testing/testing.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

const FILE = `
listen: \${TEST_CONFIG_LISTEN:-127.0.0.1:8080}
log: { level: error, file: gateway.log }
issuers:
  main:
    issuer: https://id.example.com
    jwks: https://id.example.com/keys
    audience: \${TEST_CONFIG_AUDIENCE}
    algorithms: [ES256, RS256]
    grants: ['orders:*']
  realm:
    issuer: https://realm.example.com
    audience: [https://api.example.com, https://other.example.com]
    algorithms: [ES256]
    token_types: [at+jwt]
    require: [{ claim: token_use, is: access }]
    claims: { app: azp, scope: [realm_access, roles] }
    grants: ['*']
upstreams:
  orders: \${TEST_CONFIG_ORDERS}
routes:
  - { match: 'GET /orders/{id}', upstream: orders, scope: orders:read, limit: none }
  - { match: 'GET /files/{id}', upstream: orders, scope: files:read, limit: none }
`;

let folder: string;
let upstream: EchoUpstream;
let gateway: Tollgate | undefined;

beforeAll(async () => {
  process.env['TEST_CONFIG_AUDIENCE'] = 'https://api.example.com';
  folder = await mkdtemp(join(tmpdir(), 'tollgate-testing-'));
  upstream = await startEchoUpstream();
});

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

afterAll(async () => {
  delete process.env['TEST_CONFIG_AUDIENCE'];
  await upstream.close();
  await rm(folder, { recursive: true });
});

async function write(text: string): Promise<string> {
  const file = join(folder, 'gateway.yaml');
  await writeFile(file, text);
  return file;
}

async function open(config: GatewayConfig): Promise<Tollgate> {
  gateway = await tollgate({ ...config, upstreams: { orders: upstream.origin } });
  return gateway;
}

function errorOf(file: string): ConfigError {
  try {
    testConfig(file);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('no problem was found');
}

describe('a file with remote keys', () => {
  it('is opened by tokens of its issuer, which have its iss and audience', async () => {
    const { config, issuer } = testConfig(await write(FILE.replace('    algorithms: [ES256, RS256]\n', '')));
    const gate = await open(config);
    const ask = (authorization: string) => request(gate).get('/orders/7').set('Authorization', authorization);
    await request(gate).get('/orders/7').expect(401);
    await ask(issuer.authorization({ scope: 'orders:read' })).expect(200);
    await ask(issuer.authorization({ scope: 'orders:write' })).expect(403);
    await ask(issuer.authorization({ scope: 'orders:read' }, { expiresIn: '-1m' })).expect(401);
    await ask(`Bearer ${issuer.forge({ scope: 'orders:read' })}`).expect(401);
    expect([issuer.issuer, issuer.audience]).toEqual(['https://id.example.com', 'https://api.example.com']);
  });

  it('keeps what its issuers can grant at most', async () => {
    const { config, issuers } = testConfig(await write(FILE));
    const gate = await open(config);
    const ask = (token: string) => request(gate).get('/files/7').set('Authorization', `Bearer ${token}`);
    await ask(issuers['main']!.sign({ scope: 'files:read' })).expect(403);
    await ask(issuers['realm']!.signFor('app-1', ['files:read'])).expect(200);
  });

  it('keeps the algorithms, token types, claims and conditions of its issuers', async () => {
    const { config, issuers } = testConfig(await write(FILE));
    const gate = await open(config);
    const { realm } = issuers;
    const ask = (token: string) => request(gate).get('/orders/7').set('Authorization', `Bearer ${token}`);
    await ask(realm!.signFor('app-1', ['orders:read'])).expect(200);
    await ask(realm!.sign({ realm_access: { roles: ['orders:read'] } })).expect(200);
    await ask(realm!.sign({ scope: 'orders:read' })).expect(403);
    await ask(realm!.signFor('app-1', ['orders:read'], { token_use: 'id' })).expect(401);
    await ask(realm!.sign({ realm_access: { roles: ['orders:read'] } }, { header: { typ: 'JWT' } })).expect(
      401,
    );
    expect(realm!.jwks.keys[0]).toMatchObject({ kty: 'EC', alg: 'ES256' });
    expect(realm!.audience).toEqual(['https://api.example.com', 'https://other.example.com']);
  });

  it('has the relative paths of its folder, also in a copy', async () => {
    const { config } = testConfig(await write(FILE));
    await open({ ...config });
    await gateway?.close();
    expect(existsSync(join(folder, 'gateway.log'))).toBe(true);
  });

  it('keeps each key of its issuers except those that say where the keys are', async () => {
    const { config } = testConfig(await write(FILE));
    const written = { ...config.issuers!['realm'] };
    expect(written.jwks).toHaveProperty('keys');
    delete written.jwks;
    expect(written).toEqual({
      issuer: 'https://realm.example.com',
      audience: ['https://api.example.com', 'https://other.example.com'],
      algorithms: ['ES256'],
      token_types: ['at+jwt'],
      require: [{ claim: 'token_use', is: 'access' }],
      claims: { app: 'azp', scope: ['realm_access', 'roles'] },
      grants: ['*'],
    });
  });

  it('is not changed, and each reading has keys of its own', async () => {
    const file = await write(FILE);
    const one = testConfig(file);
    const other = testConfig(file);
    const gate = await open(one.config);
    await request(gate)
      .get('/orders/7')
      .set('Authorization', other.issuer.authorization({ scope: 'orders:read' }))
      .expect(401);
  });
});

it('a file whose issuer has neither iss nor audience gets tokens without them', async () => {
  const text = `
log: { level: silent }
issuers:
  main: { issuer: false, audience: false, jwks: https://id.example.com/keys }
upstreams: { orders: http://127.0.0.1:9 }
routes:
  - { match: GET /orders, upstream: orders, scope: orders:read, limit: none }
`;
  const { config, issuer } = testConfig(await write(text));
  const gate = await open(config);
  await request(gate)
    .get('/orders')
    .set('Authorization', issuer.authorization({ scope: 'orders:read' }))
    .expect(200);
  expect([issuer.issuer, issuer.audience]).toEqual([false, false]);
});

it('a file whose issuers have a secret or a public key gets other keys, of which neither is needed', async () => {
  const text = `
log: { level: silent }
issuers:
  in-house: { issuer: in-house, audience: api, secret: '\${NO_SUCH_SECRET}', algorithms: [HS512], grants: ['*'] }
  partner: { issuer: partner, audience: api, public_key: no-such.pem, algorithms: [EdDSA], grants: ['*'] }
upstreams: { orders: http://127.0.0.1:9 }
routes:
  - { match: GET /orders, upstream: orders, scope: orders:read, limit: none }
`;
  const { config, issuers } = testConfig(await write(text));
  const gate = await open(config);
  for (const issuer of Object.values(issuers)) {
    const ask = (token: string) => request(gate).get('/orders').set('Authorization', `Bearer ${token}`);
    await ask(issuer.sign({ scope: 'orders:read' })).expect(200);
    await ask(issuer.forge({ scope: 'orders:read' })).expect(401);
  }
});

it('the example file is opened without its token service and database', async () => {
  const { config, issuer } = testConfig('config/gateway.yaml');
  gateway = await tollgate({
    ...config,
    redis: '',
    tokens: undefined,
    log: { level: 'silent' },
    upstreams: { notarizations: upstream.origin },
  });
  const ask = (scope: string) =>
    request(gateway!).get('/notarizations/stamps').set('Authorization', issuer.authorization({ scope }));
  await ask('notarization:*').expect(200);
  await ask('storage:read').expect(403);
});

describe('testConfig throws', () => {
  it('where the file cannot be read', () => {
    expect(() => testConfig(join(folder, 'nothing.yaml'))).toThrow(/nothing\.yaml/);
  });

  it('with line and column where the file is not YAML', async () => {
    const [problem] = errorOf(await write('issuers: {main: [}\n')).problems;
    expect(problem?.line).toBe(1);
  });

  it('with line and column where an issuer is not valid', async () => {
    const file = await write(FILE.replace('audience: ${TEST_CONFIG_AUDIENCE}', 'audiences: x'));
    const { problems } = errorOf(file);
    expect(problems.map(String)).toContainEqual(
      expect.stringContaining(`${file}:8:5: unknown key "audiences"`),
    );
  });

  it('where a variable of an issuer is not set', async () => {
    const { problems } = errorOf(await write(FILE.replaceAll('TEST_CONFIG_AUDIENCE', 'TEST_CONFIG_UNSET')));
    expect(String(problems[0])).toMatch(/:8:\d+: the environment variable TEST_CONFIG_UNSET is not set/);
  });

  it.each([
    ['no issuers', 'upstreams: {orders: http://127.0.0.1:9}\nroutes: []\n'],
    ['an empty list of issuers', 'issuers: {}\n'],
    ['nothing', ''],
  ])('where the file has %s', async (_what, text) => {
    const file = await write(text);
    expect(() => testConfig(file)).toThrow(/has no issuers/);
  });

  it('where the issuers are not a map', async () => {
    expect(
      errorOf(await write('issuers: [main]\n'))
        .problems.map(String)
        .join(),
    ).toContain('issuers by name');
  });
});

it('every key of an issuer is either kept or one that says where its keys are', () => {
  type Node = { properties: Record<string, { additionalProperties: Node }> } & { properties: object };
  const { properties } = jsonSchema() as Node;
  // A new key that says where keys are must be replaced by `testConfig`: src/config/replace-keys.ts.
  expect(Object.keys(properties['issuers']!.additionalProperties.properties).toSorted()).toEqual([
    'algorithms',
    'audience',
    'claims',
    'clock_skew',
    'discovery',
    'forward_token',
    'grants',
    'headers',
    'insecure_http',
    'issuer',
    'jwks',
    'public_key',
    'require',
    'require_exp',
    'secret',
    'tls',
    'token_from',
    'token_types',
  ]);
});
