/**
 * Shared by the tests of revocation: callers, revocations, and connections to Redis that are closed after
 * each test.
 */
import { afterEach } from 'vitest';
import { ANONYMOUS, type Principal } from '../../src/model/principal.js';
import type { Revocation } from '../../src/model/revocation.js';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.js';
import { subscribeRedis } from '../../src/redis/subscription.js';
import { createRedisNotifier, type RevocationNotifier } from '../../src/revocation/revocation-notifier.js';
import { SILENT } from '../redis/logs.js';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import { redisAt } from '../support/route.js';

export function revocation(given: Partial<Revocation> = {}): Revocation {
  return {
    kind: 'app',
    issuer: 'project',
    id: 'app-1',
    revokedAtMs: 1_700_000_000_000,
    issuedBeforeMs: undefined,
    generation: undefined,
    endsAtMs: undefined,
    cause: 'revoked',
    ...given,
  };
}

export function caller(given: Partial<Principal> = {}): Principal {
  return { ...ANONYMOUS, issuer: 'project', app: 'app-1', issuedAtMs: 1000, ...given };
}

const closing: (() => unknown)[] = [];

/** Runs after the test, last first. */
export function afterwards(close: () => unknown): void {
  closing.push(close);
}

afterEach(async () => {
  for (let close = closing.pop(); close; close = closing.pop()) await close();
});

/** A key of the shared Redis, removed afterwards. */
export function ownKey(): string {
  const prefix = randomPrefix();
  afterwards(() => removeKeys(prefix));
  return `${prefix}revocations`;
}

export async function connect(url = redisUrl(), timeoutMs = 2000): Promise<RedisConnection> {
  const connection = connectRedis(redisAt(url, timeoutMs), { log: SILENT, now: () => performance.now() });
  afterwards(() => connection.close());
  await connection.attempted;
  return connection;
}

/** A notifier whose listeners stop after the test. */
export function notifierOf(connection: RedisConnection, key: string, url = redisUrl()): RevocationNotifier {
  const settings = redisAt(url, 2000);
  return createRedisNotifier({
    connection,
    key,
    subscribe(channel, onMessage) {
      const stop = subscribeRedis(settings, channel, onMessage);
      afterwards(stop);
      return stop;
    },
  });
}
