/** The kill switch, put together: revocations are kept in the registry where there is one, else in Redis, else not at all. */
import type { Log } from './model/log.js';
import type { Revocation } from './model/revocation.js';
import type { Settings } from './model/settings.js';
import type { RedisConnection } from './redis/connection.js';
import { subscribeRedis } from './redis/subscription.js';
import { createRedisBell } from './revocation/bell.js';
import { createRedisSource } from './revocation/redis-source.js';
import { createRegistrySource, type RevocationRegistry } from './revocation/registry-source.js';
import { createRevocations, type Revocations } from './revocation/revocation.js';

export interface OpenRevocations {
  readonly revocations: Revocations;
  /** All that are kept. */
  list(): Promise<readonly Revocation[] | 'away'>;
  /** The key in Redis whose number rides in the limiter's calls. */
  readonly key: string;
}

/**
 * @param held what was known to be revoked before a reload
 * @returns undefined where there is nothing to keep revocations in
 */
export function openRevocations(
  { redis: settings }: Pick<Settings, 'redis'>,
  redis: RedisConnection | undefined,
  registry: RevocationRegistry | undefined,
  { now, log }: { readonly now: () => number; readonly log: Log },
  held?: Revocations['held'],
): OpenRevocations | undefined {
  const key = `${settings?.keyPrefix ?? ''}revocations`;
  const bell =
    settings && redis
      ? createRedisBell({
          connection: redis,
          subscribe: (channel, onMessage) => subscribeRedis(settings, channel, onMessage),
          key,
        })
      : undefined;
  const kept = registry
    ? createRegistrySource({ registry, bell, now, log })
    : redis && createRedisSource({ connection: redis, key });
  if (!kept) return undefined;
  const patienceMs = settings?.timeoutMs ?? 0;
  return {
    revocations: createRevocations({ source: kept, bell, log, patienceMs, held }),
    key,
    async list() {
      const snapshot = await kept.read();
      return snapshot === 'away' ? 'away' : snapshot.revocations;
    },
  };
}
