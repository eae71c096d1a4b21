/** The kill switch, put together: revocations are kept in the registry where there is one, else in Redis, else not at all. */
import type { Log } from '../model/log.js';
import type { Revocation } from '../model/revocation.js';
import type { Settings } from '../model/settings.js';
import type { RedisConnection } from '../redis/connection.js';
import { subscribeRedis } from '../redis/subscription.js';
import { createRedisNotifier } from '../revocation/revocation-notifier.js';
import type { Keeper } from '../revocation/keeper.js';
import { createKnownFile } from '../revocation/known-file.js';
import { askFirst, type AskForPage } from '../revocation/known-pages.js';
import { createRedisSource } from '../revocation/redis-source.js';
import { createRegistrySource, type RevocationRegistry } from '../revocation/registry-source.js';
import { createRevocations, type Revocations } from '../revocation/revocation.js';

export interface RevocationHandle {
  readonly revocations: Revocations;
  /** All that are kept. */
  list(): Promise<readonly Revocation[] | 'unavailable'>;
  /** The key in Redis whose number rides in the limiter's calls. */
  readonly key: string;
}

/** Where a worker stands among those of its gate. */
export interface Siblings {
  /** Keeps the last known set on disk for all. */
  readonly isFirst: boolean;
  /** Asks another worker for what it knows. */
  readonly askForPage: AskForPage;
}

export interface RevocationSurroundings {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: Log;
  /** Undefined for a gate of one process. */
  readonly siblings?: Siblings | undefined;
}

type RevocationSettings = Pick<Settings, 'redis' | 'tokens' | 'revocationCache'>;

/**
 * @param held what was known to be revoked before a reload
 * @returns undefined where there is nothing to keep revocations in
 */
export function openRevocations(
  settings: RevocationSettings,
  redis: RedisConnection | undefined,
  registry: RevocationRegistry | undefined,
  surroundings: RevocationSurroundings,
  held?: Revocations['currentSet'],
): RevocationHandle | undefined {
  const { now, log } = surroundings;
  const { redis: redisSettings, tokens } = settings;
  const key = `${redisSettings?.keyPrefix ?? ''}revocations`;
  const notifier =
    redisSettings && redis
      ? createRedisNotifier({
          connection: redis,
          subscribe: (channel, onMessage) => subscribeRedis(redisSettings, channel, onMessage),
          key,
        })
      : undefined;
  const source = registry
    ? createRegistrySource({ registry, name: JSON.stringify(tokens?.database), notifier, now, log })
    : redis &&
      createRedisSource({ connection: redis, key, name: JSON.stringify([redisSettings?.servers, key]) });
  if (!source) return undefined;
  const patienceMs = redisSettings?.timeoutMs ?? 0;
  const keeper = openKeeper(settings, source.name, surroundings);
  return {
    revocations: createRevocations({ source, notifier, log, now, patienceMs, held, keeper }),
    key,
    list: () => source.list(),
  };
}

function openKeeper(
  { revocationCache: folder }: RevocationSettings,
  source: string,
  { siblings, newId, log }: RevocationSurroundings,
): Keeper | undefined {
  const file =
    folder === undefined
      ? undefined
      : createKnownFile({ folder, source, isWriter: siblings?.isFirst ?? true, newId, log });
  return siblings ? askFirst(siblings.askForPage, file) : file;
}
