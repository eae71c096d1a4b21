/**
 * A gateway that starts while its revocations cannot be read uses the last known ones, or admits no scoped
 * request.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';
import { freePort, startRedis, type OwnRedis } from '../support/redis.js';
import { administer, get } from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { get as ask, startWorkersGate, type WorkersGate } from '../support/workers-gate.js';

let issuer: TestIssuer;
let upstream: Server;
let redis: OwnRedis;
let folder: string;
let gate: TestGate | undefined;

beforeAll(async () => {
  issuer = await createTestIssuer();
  upstream = createServer((_req, res) => res.end('ok'));
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
});
beforeEach(async () => {
  redis = await startRedis();
  folder = await mkdtemp(join(tmpdir(), 'tollgate-known-'));
});
afterEach(async () => {
  await gate?.stop();
  gate = undefined;
  await redis.close();
  await rm(folder, { recursive: true });
});
afterAll(async () => {
  upstream.closeAllConnections();
  upstream.close();
  await issuer.close();
});

const config = (more: object = {}) => ({
  redis: { url: redis.url, key_prefix: 'known:', timeout: '200ms' },
  issuers: { outside: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE, grants: ['*'] } },
  upstreams: { service: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` },
  routes: [
    { match: 'GET /orders', upstream: 'service', scope: 'orders:read', limit: 'none' },
    { match: 'GET /open', upstream: 'service', public: true, limit: 'none' },
  ],
  revocation_cache: join(folder, 'revocations'),
  ...more,
});

const tokenOf = (app: string) => issuer.sign({ sub: app, scope: 'orders:read' });
const readiness = async (of: TestGate) => (await fetch(`${of.adminUrl}/readyz`)).status;
const statuses = async (of: TestGate, ...apps: string[]) =>
  Promise.all(apps.map(async (app) => (await get(of, '/orders', tokenOf(app))).status));

async function revoke(at: TestGate, app: string): Promise<void> {
  const response = await administer(at, 'POST', '/api/revocations', { app, issuer: 'outside' });
  expect(response.status).toBe(201);
}

describe('a gateway whose revocations cannot be read at its start', () => {
  it('refuses callers known to be revoked, and admits the others', async () => {
    gate = await startGate(config());
    await revoke(gate, 'bad');
    await gate.stop();
    await redis.kill();
    gate = await startGate(config());
    expect(await statuses(gate, 'bad', 'good')).toEqual([401, 200]);
    expect(await readiness(gate)).toBe(200);
    // Redis has lost everything: it is filled again by a gateway that has the revocations only from its disk.
    await redis.restart();
    await gate.stop();
    gate = await startGate(config());
    expect(await statuses(gate, 'bad', 'good')).toEqual([401, 200]);
    await gate.stop();
    gate = await startGate(config({ revocation_cache: false }));
    expect(await statuses(gate, 'bad', 'good')).toEqual([401, 200]);
  });

  it('responds with 503 and is not ready if it never knew any, and serves as soon as they are available', async () => {
    await redis.kill();
    gate = await startGate(config());
    const refused = await get(gate, '/orders', tokenOf('good'));
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('www-authenticate')).toBeNull();
    expect((await get(gate, '/open')).status).toBe(200);
    expect((await get(gate, '/orders')).status).toBe(401);
    expect(await readiness(gate)).toBe(503);
    await redis.restart();
    const open = gate;
    await expect.poll(() => readiness(open), { timeout: 5000 }).toBe(200);
    expect(await statuses(gate, 'good')).toEqual([200]);
  });

  it('does the same with an unavailable database', async () => {
    const port = await freePort();
    const tokens = {
      issuer: 'https://api.gate.test',
      audience: AUDIENCE,
      database: `postgres://root@127.0.0.1:${port}/test`,
    };
    gate = await startGate(config({ tokens }));
    expect(await statuses(gate, 'good')).toEqual([503]);
    expect(await readiness(gate)).toBe(503);
  });
});

it(
  'A worker that replaces another while Redis is unavailable knows the same revocations as the others',
  { timeout: 40_000 },
  async () => {
    const file = join(folder, 'gateway.yaml');
    const env = { listen: '127.0.0.1:0', admin: '127.0.0.1:0', workers: 2, revocation_cache: false };
    const workers: WorkersGate = await startWorkersGate({ file, cwd: folder, config: config(env) });
    try {
      const operator = await startGate(config({ revocation_cache: false }));
      await revoke(operator, 'bad');
      await operator.stop();
      const headers = { authorization: `Bearer ${tokenOf('bad')}` };
      const status = async (of: object = headers) =>
        (await fetch(`http://127.0.0.1:${workers.port}/orders`, { headers: { ...of, connection: 'close' } }))
          .status;
      await expect.poll(() => Promise.all([1, 2, 3, 4].map(() => status()))).toEqual([401, 401, 401, 401]);
      await redis.kill();
      for (const [place, opened] of [
        [1, 3],
        [2, 4],
      ] as const) {
        process.kill(workers.pidOf(place), 'SIGKILL');
        await workers.untilLines('worker started', opened);
      }
      for (let round = 0; round < 10; round++) {
        expect(await status()).toBe(401);
        expect(await status({ authorization: `Bearer ${tokenOf('good')}` })).toBe(200);
      }
      expect(await ask(workers.port, '/open')).toMatchObject({ status: 200 });
    } finally {
      workers.command.signal('SIGTERM');
      await workers.command.ended;
    }
  },
);
