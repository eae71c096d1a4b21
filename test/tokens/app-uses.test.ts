/** When an app last got a token: recorded after the response, at most once a minute, and never at the request's cost. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Registry } from '../../src/tokens/registry/registry.js';
import { until } from '../support/until.js';
import { startTokenService, type TestService } from './support.js';

/** A minute, and the time that writes may be late. */
const MINUTE_MS = 62_000;

let service: TestService;
afterEach(() => service.close());

type Record = Registry['recordAppUses'];

/** A token service whose writes of last uses are noted. @param fail whether they reject */
async function start(fail = false) {
  const writes: Parameters<Record>[] = [];
  service = await startTokenService({
    registry: (real) => ({
      ...real,
      recordAppUses: async (...args) => {
        writes.push(args);
        if (fail) throw new Error('the database is unavailable');
        await real.recordAppUses(...args);
      },
    }),
  });
  return writes;
}

const lastUse = async (key: string) => (await service.registry.findApp(key))?.lastUsedAtMs;

describe('the last use of an app', () => {
  it('is recorded for each endpoint that issues a token to it', async () => {
    await start();
    const requests = [
      (key: string, secret: string) => service.post('/auth/token', { key, secret }),
      (key: string, secret: string) =>
        service.post('/connect/token', {
          grant_type: 'client_credentials',
          client_id: key,
          client_secret: secret,
        }),
      (_key: string, secret: string) =>
        service.post('/token/create', { secret, name: 'n', description: 'd', permission: 'scope_api' }),
    ];
    for (const request of requests) {
      const { key, secret } = await service.createApp();
      expect(await lastUse(key)).toBeUndefined();
      expect((await request(key, secret)).status).toBe(200);
      await until(async () => (await lastUse(key)) === service.clock.nowMs);
    }
  });

  it('is not recorded where no token is issued', async () => {
    const writes = await start();
    const { key, secret } = await service.createApp();
    const other = await service.createApp();
    expect((await service.post('/auth/token', { key, secret: 'wrong' })).status).toBe(401);
    await service.post('/introspect', { client_id: key, client_secret: secret, token: 'x' });
    // Another app's use is written after both.
    await service.post('/auth/token', { key: other.key, secret: other.secret });
    await until(() => writes.length > 0);
    expect(writes.flatMap(([keys]) => keys)).toEqual([other.key]);
  });

  it('is written once for many tokens in a minute, and again in the next', async () => {
    const writes = await start();
    const { key, secret } = await service.createApp();
    const issue = async () => (await service.post('/auth/token', { key, secret })).status;
    const first = service.clock.nowMs;
    for (let i = 0; i < 20; i++) expect(await issue()).toBe(200);
    await until(() => writes.length > 0);
    service.clock.nowMs = first + MINUTE_MS - 1;
    for (let i = 0; i < 20; i++) expect(await issue()).toBe(200);
    service.clock.nowMs = first + MINUTE_MS;
    expect(await issue()).toBe(200);
    await until(async () => (await lastUse(key)) === first + MINUTE_MS);
    expect(writes.map(([keys]) => keys)).toEqual([[key], [key]]);
  });

  it('fails no token request where it cannot be written, and is logged once', async () => {
    const writes = await start(true);
    const { key, secret } = await service.createApp();
    const other = await service.createApp();
    expect((await service.post('/auth/token', { key, secret })).status).toBe(200);
    await until(() => writes.length === 1);
    expect((await service.post('/auth/token', { key, secret })).status).toBe(200);
    expect((await service.post('/auth/token', { key: other.key, secret: other.secret })).status).toBe(200);
    await until(() => writes.length === 2);
    const logged = () => service.lines.filter((line) => line.includes('could not be recorded'));
    await until(() => logged().length > 0);
    expect(logged()).toHaveLength(1);
    expect(await lastUse(key)).toBeUndefined();
  });
});
