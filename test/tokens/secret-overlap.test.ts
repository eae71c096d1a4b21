/** A rotation with an overlap: both secrets get tokens until its end, at every endpoint; then only the new one does. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTokenService, type TestService } from './support.js';

const HOUR_MS = 3_600_000;

let service: TestService;
beforeEach(async () => {
  service = await startTokenService();
});
afterEach(() => service.close());

const ENDPOINTS = [
  ['key_secret', (key: string, secret: string) => service.post('/auth/token', { key, secret })],
  [
    'client_credentials',
    (key: string, secret: string) =>
      service.post('/connect/token', {
        grant_type: 'client_credentials',
        client_id: key,
        client_secret: secret,
      }),
  ],
  [
    'named',
    (_key: string, secret: string) =>
      service.post('/token/create', { secret, name: 'n', description: 'd', permission: 'scope_api' }),
  ],
  [
    'introspect',
    (key: string, secret: string) =>
      service.post('/introspect', { client_id: key, client_secret: secret, token: 'x' }),
  ],
] as const;

async function rotate(key: string, untilMs?: number): Promise<string> {
  const secret = randomBytes(32).toString('base64url');
  await service.registry.rotateSecret(key, service.hash(secret), untilMs);
  return secret;
}

describe.each(ENDPOINTS)('at %s', (_, ask) => {
  const accepts = async (key: string, secret: string) => (await ask(key, secret)).status === 200;

  it('the old secret works until the overlap ends, the new one before and after', async () => {
    const { key, secret } = await service.createApp();
    const untilMs = service.clock.nowMs + HOUR_MS;
    const fresh = await rotate(key, untilMs);
    for (const [nowMs, isOldAccepted] of [
      [service.clock.nowMs, true],
      [untilMs - 1, true],
      [untilMs, false],
    ] as const) {
      service.clock.nowMs = nowMs;
      expect([await accepts(key, secret), await accepts(key, fresh)]).toEqual([isOldAccepted, true]);
    }
  });

  it('a second rotation within the overlap ends the oldest secret at once', async () => {
    const { key, secret } = await service.createApp();
    const untilMs = service.clock.nowMs + HOUR_MS;
    const second = await rotate(key, untilMs);
    const third = await rotate(key, untilMs);
    const accepted = [];
    for (const each of [secret, second, third]) accepted.push(await accepts(key, each));
    expect(accepted).toEqual([false, true, true]);
  });

  it('without an overlap the old secret is refused at once', async () => {
    const { key, secret } = await service.createApp();
    const fresh = await rotate(key);
    expect([await accepts(key, secret), await accepts(key, fresh)]).toEqual([false, true]);
  });
});

// A secret alone is enough for `named`: there it is the other app's own.
it.each(ENDPOINTS.filter(([name]) => name !== 'named'))(
  "at %s another app's old secret is refused during its overlap",
  async (_, ask) => {
    const [one, other] = [await service.createApp(), await service.createApp({ name: 'Other' })];
    await rotate(one.key, service.clock.nowMs + HOUR_MS);
    expect((await ask(one.key, one.secret)).status).toBe(200);
    expect((await ask(other.key, one.secret)).status).toBe(401);
  },
);
