/** What `tollgate check --online` finds out about real servers: those that work, and each way in which they may not. */
import { once } from 'node:events';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkOnline, type OnlineResult } from '../../src/app/online/check-online.js';
import { compileConfig, type GatewayConfig } from '../../src/config/config.js';
import { createAuthority, type Authority, type Certificate } from '../support/certificates.js';
import { createDatabase } from '../support/postgres.js';
import { freePort, serverArgs, startRedis, type OwnRedis } from '../support/redis.js';
import { startCluster } from '../support/redis-cluster.js';
import { startSentinels } from '../support/redis-sentinels.js';
import { createSigningKey } from '../support/tokens.js';

const TIMEOUT_MS = 1500;

let authority: Authority;
let certificate: Certificate;
let folder: string;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  authority = createAuthority();
  certificate = authority.issue('server');
  folder = await mkdtemp(join(tmpdir(), 'tollgate-online-'));
  await writeFile(join(folder, 'ca.pem'), authority.cert);
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(async () => {
  authority.close();
  await rm(folder, { recursive: true });
});

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const http = async (listener: RequestListener) => `http://127.0.0.1:${await listen(createHttp(listener))}`;
const https = async (listener: RequestListener = (_request, response) => void response.end()) =>
  `https://127.0.0.1:${await listen(createHttps({ cert: certificate.cert, key: certificate.key }, listener))}`;
/** Accepts connections and sends nothing. */
const silent = async () => `127.0.0.1:${await listen(createTcp())}`;

const JWKS = { keys: [createSigningKey().jwk] };
const serveJwks: RequestListener = (_request, response) => void response.end(JSON.stringify(JWKS));

/** Asks with a file that has this alone; the result of each question as text. */
async function ask(config: Partial<GatewayConfig>): Promise<readonly string[]> {
  return (await results(config)).map(({ ok, text }) => `${ok ? 'ok' : 'FAILED'}: ${text}`);
}

async function results(config: Partial<GatewayConfig>): Promise<readonly OnlineResult[]> {
  const upstreams = config.upstreams ?? { only: await http((_request, response) => void response.end()) };
  const [name] = Object.keys(upstreams);
  const whole = {
    issuers: {},
    jwks_cache: false,
    ...config,
    upstreams,
    routes: [{ match: 'GET /a', upstream: name, public: true, limit: 'none' }],
  };
  const { settings } = compileConfig(whole, { env: {}, baseFolder: folder });
  const found = await checkOnline(settings, {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    timeoutMs: TIMEOUT_MS,
  });
  for (const { durationMs } of found) expect(durationMs).toBeLessThan(TIMEOUT_MS + 1000);
  return config.upstreams ? found : found.slice(1);
}

describe('a target', () => {
  const one = (upstream: NonNullable<GatewayConfig['upstreams']>[string]) =>
    ask({ upstreams: { one: upstream } });
  const withHealth = async (listener: RequestListener) =>
    one({ targets: [await http(listener)], health: { path: '/health' } });

  it('that accepts connections is ok', async () => {
    expect(await one(await http(() => undefined))).toEqual(['ok: accepts connections']);
  });

  it('where nothing listens, or whose name is unknown, is not', async () => {
    expect(await one(`http://127.0.0.1:${await freePort()}`)).toEqual([
      'FAILED: nothing listens there (ECONNREFUSED); start it, or correct "targets"',
    ]);
    expect(await one('http://no-such-host.invalid')).toEqual([
      expect.stringMatching(
        /^FAILED: its name is not known here \(E\w+\); correct "targets", or the resolver$/,
      ),
    ]);
  });

  it('is asked for its health path where it has one', async () => {
    expect(
      await withHealth(
        (request, response) => void response.writeHead(request.url === '/health' ? 204 : 500).end(),
      ),
    ).toEqual(['ok: GET /health is good']);
    expect(await withHealth((_request, response) => void response.writeHead(500).end())).toEqual([
      'FAILED: GET /health fails: status 500; correct "health.path", or the service',
    ]);
    expect(await withHealth(() => undefined)).toEqual([
      'FAILED: GET /health: no response in time; correct "health.path", or the service',
    ]);
  });

  it('with TLS needs the right authority and name', async () => {
    const origin = await https();
    expect(await one({ targets: [origin], tls: { ca: 'ca.pem' } })).toEqual(['ok: accepts connections']);
    expect(await one(origin)).toEqual([
      'FAILED: its certificate is of an unknown authority (UNABLE_TO_VERIFY_LEAF_SIGNATURE); name that authority with "tls.ca"',
    ]);
    expect(await one({ targets: [origin], tls: { ca: 'ca.pem', server_name: 'other.test' } })).toEqual([
      'FAILED: its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID); correct "targets", or name it with "tls.server_name"',
    ]);
  });

  it('that does not speak TLS, or hangs in the handshake, is not ok', async () => {
    const plain = (await http(() => undefined)).replace('http:', 'https:');
    expect(await one(plain)).toEqual([
      expect.stringMatching(/^FAILED: TLS fails \(\w+\); it may speak plain text there/),
    ]);
    expect(await one(`https://${await silent()}`)).toEqual([
      expect.stringMatching(/^FAILED: no reply in time; check that it runs/),
    ]);
  });

  it('is one of several, all of which are asked at once', async () => {
    const hanging = `https://${await silent()}`;
    const start = performance.now();
    const found = await results({
      upstreams: { a: { targets: [hanging, await http(() => undefined)] }, b: hanging },
    });
    expect(performance.now() - start).toBeLessThan(TIMEOUT_MS + 1000);
    expect(found.map(({ name, ok }) => [name, ok])).toEqual([
      ['a', false],
      ['a', true],
      ['b', false],
    ]);
  });
});

describe('an issuer', () => {
  const one = (keys: object) =>
    ask({ issuers: { one: { issuer: 'https://i.test', audience: 'a', ...keys } } });

  it('is ok with usable keys: from a URL, by discovery, or in the file', async () => {
    expect(await one({ jwks: `${await http(serveJwks)}/jwks` })).toEqual(['ok: 1 usable key']);
    const origin: string = await http((request, response) => {
      if (request.url === '/jwks') serveJwks(request, response);
      else response.end(JSON.stringify({ issuer: 'https://i.test', jwks_uri: `${origin}/jwks` }));
    });
    expect(await one({ discovery: `${origin}/meta` })).toEqual(['ok: 1 usable key']);
    expect(await one({ jwks: JWKS })).toEqual(['ok: 1 usable key']);
  });

  it.each([
    [
      '404',
      (_request, response) => void response.writeHead(404).end(),
      /^FAILED: http:\S+\/jwks answered with status 404; correct "jwks" or "issuer"$/,
    ],
    [
      'no JSON',
      (_request, response) => void response.end('<html>'),
      /^FAILED: http:\S+\/jwks is not JSON; correct/,
    ],
    [
      'no usable key',
      (_request, response) => void response.end('{"keys":[]}'),
      /^FAILED: none of its keys can be used with RS256; correct "algorithms", or the keys there$/,
    ],
    [
      'no response',
      () => undefined,
      /^FAILED: no reply in time; check that it runs, the firewall between, and "jwks" or "issuer"$/,
    ],
  ] as const satisfies readonly (readonly [string, RequestListener, RegExp])[])(
    'with %s is not',
    async (_what, listener, text) => {
      expect(await one({ jwks: `${await http(listener)}/jwks` })).toEqual([expect.stringMatching(text)]);
    },
  );

  it('of another name in its metadata is not ok, and the secret of its URL is not shown', async () => {
    const origin = await http((_request, response) => void response.end('{"issuer":"https://other.test"}'));
    const [found] = await results({
      issuers: { one: { issuer: 'https://i.test', audience: 'a', discovery: `${origin}/meta?key=s3cret` } },
    });
    expect(found).toMatchObject({ ok: false, place: `${origin}/meta` });
    expect(found?.text).toContain('it names https://other.test, the file https://i.test');
    expect(JSON.stringify(found)).not.toContain('s3cret');
  });

  it('with the wrong certificate is not ok, and the age of its keys on disk is reported', async () => {
    const text =
      'its certificate is of an unknown authority (UNABLE_TO_VERIFY_LEAF_SIGNATURE); name that authority with "tls.ca"';
    const jwks = `${await https(serveJwks)}/jwks`;
    expect(await one({ jwks })).toEqual([`FAILED: ${text}`]);
    expect(await one({ jwks, tls: { ca: 'ca.pem' } })).toEqual(['ok: 1 usable key']);
    const issuers = { one: { issuer: 'https://i.test', audience: 'a', jwks } };
    expect(await ask({ jwks_cache: 'cache', issuers })).toEqual([
      `FAILED: ${text}; there are no earlier keys on disk`,
    ]);
    expect(existsSync(join(folder, 'cache'))).toBe(false);
  });
});

describe('Redis', () => {
  const one = async (redis: GatewayConfig['redis']) => ask({ redis });
  const own = async (...args: string[]): Promise<OwnRedis> => {
    const redis = await startRedis(args.length > 0 ? { args: serverArgs(...args) } : {});
    closing.push(() => redis.close());
    return redis;
  };

  it('is ok where it responds, and not where it is stopped or killed', async () => {
    const redis = await own();
    expect(await one(redis.url)).toEqual(['ok: responds, and counts can be written']);
    redis.stop();
    expect(await one(redis.url)).toEqual([expect.stringMatching(/^FAILED: .*(no reply|timed out)/i)]);
    redis.continue();
    await redis.kill();
    expect(await one(redis.url)).toEqual([
      'FAILED: nothing listens there (ECONNREFUSED); start it, or correct "redis"',
    ]);
  });

  it('needs the right password, which is not shown', async () => {
    const { port } = await own('--requirepass', 'right-one');
    const at = (password: string) => results({ redis: { url: `redis://127.0.0.1:${port}`, password } });
    expect((await at('right-one'))[0]?.ok).toBe(true);
    const [wrong] = await at('wrong-one');
    expect(wrong).toMatchObject({ ok: false, place: `127.0.0.1:${port}` });
    expect(wrong?.text).toMatch(/WRONGPASS.*; correct "password" and "username" of redis$/);
    expect(JSON.stringify(wrong)).not.toContain('wrong-one');
  });

  it('is found by Sentinels and in a cluster', { timeout: 60_000 }, async () => {
    const sentinels = await startSentinels();
    closing.push(() => sentinels.close());
    expect(await one({ sentinels: sentinels.addresses, name: 'mymaster' })).toEqual([
      'ok: responds, and counts can be written',
    ]);
    const cluster = await startCluster({ replicas: 0 });
    closing.push(() => cluster.close());
    expect(await one({ cluster: cluster.addresses })).toEqual(['ok: responds, and counts can be written']);
  });
});

describe("the token service's database", () => {
  const one = (database: string) =>
    results({ tokens: { issuer: 'http://127.0.0.1:1', audience: 'a', database, endpoints: { whoami: {} } } });

  it('is ok as a server that accepts connections, and as a file that does not exist yet, which is not created', async () => {
    const database = await createDatabase();
    closing.push(() => database.drop());
    expect((await one(database.url))[0]).toMatchObject({ ok: true, text: 'accepts connections' });
    expect((await one('sqlite:new.db'))[0]).toMatchObject({
      ok: true,
      text: 'does not exist yet; tollgate start creates it',
    });
    expect(existsSync(join(folder, 'new.db'))).toBe(false);
  });

  it('is not ok where nothing listens, the database is another, or the file is something else', async () => {
    const [refused] = await one(`postgres://u:s3cret@127.0.0.1:${await freePort()}/x`);
    expect(refused?.text).toBe(
      'nothing listens there (ECONNREFUSED); start it, or correct "tokens.database"',
    );
    expect(JSON.stringify(refused)).not.toContain('s3cret');
    expect((await one(`postgres://u:s3cret@${await silent()}/x`))[0]?.text).toMatch(/^no reply in time/);
    await writeFile(join(folder, 'text.db'), 'this is no database');
    expect((await one('sqlite:text.db'))[0]?.text).toBe('it is no SQLite file; correct "tokens.database"');
  });
});

describe('a collector of traces', () => {
  const asked = (otlp: string) => ask({ tracing: { otlp, headers: { Authorization: 'Bearer canary' } } });

  it('is asked with the fields of the file to accept no spans', async () => {
    const seen: unknown[] = [];
    const otlp = await http((request, response) => {
      seen.push([request.method, request.url, request.headers.authorization]);
      request.resume().once('end', () => response.end('{}'));
    });
    expect(await asked(otlp)).toEqual(['ok: accepts spans']);
    expect(seen).toEqual([['POST', '/v1/traces', 'Bearer canary']]);
  });

  it.each([
    [401, 'it responds with 401; correct "headers"'],
    [404, 'it responds with 404; correct "otlp": spans are sent to /v1/traces below it'],
    [500, 'it responds with 500; correct "otlp", or the service there'],
  ])('that responds with %s cannot be used', async (status, text) => {
    const otlp = await http((request, response) => {
      request.resume().once('end', () => response.writeHead(status).end('canary'));
    });
    expect(await asked(otlp)).toEqual([`FAILED: ${text}`]);
  });

  it('that does not listen, does not respond or speaks no TLS cannot be used', async () => {
    expect(await asked(`http://127.0.0.1:${await freePort()}`)).toEqual([
      'FAILED: nothing listens there (ECONNREFUSED); start it, or correct "otlp"',
    ]);
    expect(await asked(`http://${await silent()}`)).toEqual([
      'FAILED: no reply in time; check that it runs, the firewall between, and "otlp"',
    ]);
    expect(await asked(await https())).toEqual([
      expect.stringContaining('its certificate is of an unknown authority'),
    ]);
  });
});
