/** `POST /api/explain` shows what the running gateway knows: its counts, its keys and its revocations, and changes none. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/model/explanation.js';
import { startGate, type Config, type TestGate } from '../support/gate.js';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import {
  administer,
  bearer,
  createDatabaseFile,
  issueToken,
  makeApp,
  tokensIn,
  type DatabaseFile,
} from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { until } from '../support/until.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

const prefix = randomPrefix();
let upstream: EchoUpstream;
let issuer: TestIssuer;
let file: DatabaseFile;
let inMemory: TestGate;
let inRedis: TestGate;

beforeAll(async () => {
  [upstream, issuer, file] = await Promise.all([
    startEchoUpstream(),
    createTestIssuer(),
    createDatabaseFile(),
  ]);
  const config: Config = {
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE, grants: ['*'] } },
    upstreams: { service: upstream.origin },
    routes: [
      { match: 'GET /orders', upstream: 'service', scope: 'orders:read', limit: '2 per 5m' },
      { match: 'GET /free', upstream: 'service', scope: 'orders:read' },
    ],
  };
  inMemory = await startGate({ ...config, tokens: tokensIn(file.database) });
  inRedis = await startGate({ ...config, redis: { url: redisUrl(), key_prefix: prefix } });
});

afterAll(async () => {
  await Promise.all([inMemory.stop(), inRedis.stop()]);
  await Promise.all([upstream.close(), issuer.close(), removeKeys(prefix)]);
  await file.remove();
});

async function explain(gate: TestGate, target: string, caller: object): Promise<Explanation> {
  const body = { method: 'GET', target, host: 'api.test', ...caller };
  const response = await administer(gate, 'POST', '/api/explain', body);
  expect(response.status).toBe(200);
  return (await response.json()) as Explanation;
}

const statusOf = async (gate: TestGate, path: string, token: string): Promise<number> =>
  (await fetch(`${gate.url}${path}`, { headers: bearer(token) })).status;

describe('the counts', () => {
  it.each([
    ['in memory', () => inMemory],
    ['in Redis', () => inRedis],
  ])('%s are those of the caller, and a question does not count', async (_where, gateOf) => {
    const gate = gateOf();
    const token = issuer.sign({ sub: 'counted', scope: 'orders:read' });
    const sent = upstream.count();
    const asked = async () => {
      const { verdict, status, limits } = await explain(gate, '/orders', { token });
      const [limit] = limits?.limits ?? [];
      return [verdict, status, limits?.counts, limit?.count, limit?.remaining];
    };
    expect(await asked()).toEqual(['forward', 200, 'gateway', 0, 2]);
    expect(await statusOf(gate, '/orders', token)).toBe(200);
    for (let time = 0; time < 3; time++) expect(await asked()).toEqual(['forward', 200, 'gateway', 1, 1]);
    expect(await statusOf(gate, '/orders', token)).toBe(200);
    expect(await asked()).toEqual(['refuse', 429, 'gateway', 2, 0]);
    expect(await statusOf(gate, '/orders', token)).toBe(429);
    expect(upstream.count()).toBe(sent + 2);

    // The counts of an assumed caller are those of the app that it names.
    const assumed = (app: string) => ({ assumed: { scopes: ['orders:read'], app, issuer: 'main' } });
    expect((await explain(gate, '/orders', assumed('counted'))).status).toBe(429);
    expect((await explain(gate, '/orders', assumed('another'))).status).toBe(200);
  });
});

describe('the revocations', () => {
  it('of an app of another issuer are seen, and not of other apps', async () => {
    const token = issuer.sign({ sub: 'revoked', scope: 'orders:read' });
    const other = issuer.sign({ sub: 'not-revoked', scope: 'orders:read' });
    const revocation = { app: 'revoked', issuer: 'main' };
    expect((await administer(inRedis, 'POST', '/api/revocations', revocation)).status).toBe(201);
    await until(async () => (await explain(inRedis, '/free', { token })).status === 401);
    const { reason, token: explained } = await explain(inRedis, '/free', { token });
    expect(reason).toBe('invalid_token');
    expect(explained?.checks.find(({ result }) => result === 'failed')?.name).toBe('revocation');
    expect((await explain(inRedis, '/free', { token: other })).status).toBe(200);
  });

  it('of an app of the gateway itself are seen at once where it was deleted', async () => {
    const app = await makeApp(inMemory, { name: 'Sample', scopes: ['orders:read'] });
    const token = await issueToken(inMemory, app);
    expect((await explain(inMemory, '/free', { token })).verdict).toBe('forward');
    await administer(inMemory, 'DELETE', `/api/apps/${app.key}`);
    await until(async () => (await explain(inMemory, '/free', { token })).status === 401, 2000);
    expect(await statusOf(inMemory, '/free', token)).toBe(401);
  });
});

describe('the keys', () => {
  it('are those that the gateway has: a token of a new key is explained as it would be decided', async () => {
    const before = issuer.sign({ sub: 'rotated', scope: 'orders:read' });
    expect((await explain(inRedis, '/free', { token: before })).verdict).toBe('forward');
    issuer.rotate({ keepOld: true });
    const token = issuer.sign({ sub: 'rotated', scope: 'orders:read' });
    // An unknown key makes the gateway read the JWKS again.
    await until(async () => (await explain(inRedis, '/free', { token })).verdict === 'forward', 40_000);
    expect(await statusOf(inRedis, '/free', token)).toBe(200);
    const { token: explained } = await explain(inRedis, '/free', { token });
    expect(explained).toMatchObject({ issuer: 'main', kid: issuer.key.kid, app: 'rotated' });

    issuer.rotate({ publish: false, keepOld: true });
    const unknown = issuer.sign({ sub: 'rotated', scope: 'orders:read' });
    expect(await explain(inRedis, '/free', { token: unknown })).toMatchObject({
      verdict: 'refuse',
      status: 401,
      reason: 'invalid_token',
    });
    expect(await statusOf(inRedis, '/free', unknown)).toBe(401);
  }, 60_000);
});
