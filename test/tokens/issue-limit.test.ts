/** `tokens.issue_limit`: how many tokens an app, or a user, is issued. */
import { afterEach, describe, expect, it } from 'vitest';
import type { NamedToken } from '../../src/tokens/registry/registry.js';
import { connectRedis } from '../../src/redis/connection.js';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import { redisAt } from '../support/route.js';
import { basic, logInto, PASSWORD, read, startTokenService, type TestService } from './support.js';

const issueLimit = { requests: 3, windowMs: 60_000 };
const services: TestService[] = [];

async function start(...[options = {}]: Parameters<typeof startTokenService>): Promise<TestService> {
  const service = await startTokenService({ ...options, settings: { issueLimit } });
  services.push(service);
  return service;
}

afterEach(() => Promise.all(services.splice(0).map((service) => service.close())));

describe('tokens.issue_limit', () => {
  it('refuses an app over its limit at every endpoint, and no other app', async () => {
    const stored: NamedToken[] = [];
    const service = await start({
      registry: (real) => ({
        ...real,
        addNamedToken(token) {
          stored.push(token);
          return real.addNamedToken(token);
        },
      }),
    });
    const [app, other] = [await service.createApp(), await service.createApp()];
    const connect = (of = app) =>
      service.post('/connect/token', { grant_type: 'client_credentials' }, basic(of.key, of.secret));
    const keySecret = () => service.post('/auth/token', { key: app.key, secret: app.secret });
    const named = () => service.post('/token/create', { secret: app.secret, name: 'n', description: 'd' });
    for (const ask of [connect, keySecret, named]) expect((await ask()).status).toBe(200);
    for (const ask of [connect, keySecret, named]) {
      const refused = await ask();
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
      expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
      expect(await refused.json()).toEqual({
        error: 'temporarily_unavailable',
        error_description: 'Too many tokens issued; try again later',
      });
    }
    expect(stored).toHaveLength(1);
    expect((await connect(other)).status).toBe(200);
  });

  it('counts neither wrong secrets nor scopes that cannot be granted', async () => {
    const service = await start();
    const { key, secret } = await service.createApp();
    const ask = (given: string, scope = 'scope_api') =>
      service.post('/connect/token', { grant_type: 'client_credentials', scope }, basic(key, given));
    for (let i = 0; i < 4; i++) {
      expect((await ask('wrong')).status).toBe(401);
      expect((await ask(secret, 'admin')).status).toBe(400);
    }
    for (let i = 0; i < 3; i++) expect((await ask(secret)).status).toBe(200);
    expect((await ask(secret)).status).toBe(429);
  });

  it('counts logins and refreshes of a user, and does not use up a refresh token', async () => {
    const service = await start();
    await service.addUser();
    const login = () => read(service.postJson('/token', { username: 'grace', password: PASSWORD }));
    const [, { refresh_token }] = await login();
    const [, second] = await login();
    await login();
    const refresh = () => service.postJson('/token', { refresh_token });
    expect(second).toHaveProperty('token');
    expect((await refresh()).status).toBe(429);
    const family = await service.registry.findFamily(
      service.hash(String(refresh_token)),
      service.clock.nowMs,
    );
    expect(family).toMatchObject({ user: 'grace' });
    expect((await login())[0]).toBe(429);
  });

  it('is counted once by all gateways that share a Redis', async () => {
    const keyPrefix = randomPrefix();
    const redis = connectRedis(redisAt(redisUrl(), 1000), {
      log: logInto([]),
      now: () => performance.now(),
    });
    await redis.attempted;
    const gates = [await start({ redis, keyPrefix }), await start({ redis, keyPrefix })];
    const app = await gates[0]!.createApp();
    await gates[1]!.registry.createApp(app);
    const ask = (gate: TestService) => gate.post('/auth/token', { key: app.key, secret: app.secret });
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push((await ask(gates[i % 2]!)).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    redis.close();
    await removeKeys(keyPrefix);
  });
});
