/** Composes revocation, stored in the registry, else in Redis, else nowhere. Called by `resources.ts` and `src/cli/`. */
import type { Log } from '../model/log.js';
import type { Revocation } from '../model/revocation.js';
import type { Settings } from '../model/settings.js';
import type { RedisConnection } from '../redis/connection.js';
import { subscribeRedis } from '../redis/subscription.js';
import { createRedisNotifier } from '../revocation/revocation-notifier.js';
import type { RevocationCache } from '../revocation/revocation-cache.js';
import { createFileCache } from '../revocation/known-file.js';
import { createWorkerCache, type FetchPage } from '../revocation/known-pages.js';
import { createRedisSource } from '../revocation/redis-source.js';
import { createRegistrySource, type RevocationRegistry } from '../revocation/registry-source.js';
import { AppliedRevisions, type GatewaysReached } from '../revocation/applied-revisions.js';
import { createRevocations, type Revocations } from '../revocation/revocation.js';

export interface RevocationHandle {
  readonly revocations: Revocations;
  /** Lists all stored revocations. */
  list(): Promise<readonly Revocation[] | 'unavailable'>;
  /** The Redis key of the revision, which limit checks also read. */
  readonly key: string;
  /**
   * Waits up to a second until all gateways that share the Redis have applied what is revoked now; undefined where their
   * number is not known.
   */
  reached(): Promise<GatewaysReached | undefined>;
  close(): Promise<void>;
}

/** A worker's relation to the other workers of its gateway. */
export interface Siblings {
  /** Whether this worker writes the last known set to disk, for all workers. */
  readonly isFirst: boolean;
  /** Asks another worker for the revocations that it knows. */
  readonly fetchPage: FetchPage;
}

/** The clock, ids and log for the revocations. */
export interface RevocationRuntime {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: Log;
  /** Undefined for a gateway of one process. */
  readonly siblings?: Siblings | undefined;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /** The id of the gateway that serves, the same for all its workers; undefined for one that does not serve. */
  readonly gateway?: string | undefined;
}

type RevocationSettings = Pick<Settings, 'redis' | 'tokens' | 'revocationCache' | 'console'>;

/**
 * Opens the source, the notifier and the file of revocations. Does not wait for the source.
 *
 * @param currentSet the revocations known before a reload
 * @returns undefined where there is no store for revocations
 */
export function openRevocations(
  settings: RevocationSettings,
  redis: RedisConnection | undefined,
  registry: RevocationRegistry | undefined,
  runtime: RevocationRuntime,
  currentSet?: Revocations['currentSet'],
): RevocationHandle | undefined {
  const { now, log } = runtime;
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
  const maxWaitMs = redisSettings?.timeoutMs ?? 0;
  const cache = openCache(settings, source.name, runtime);
  const applied = registry && redis && openApplied(settings, redis, `${key}:applied`, runtime);
  const onApplied = (revision: number | undefined): void => applied?.onApplied(revision);
  const initialSet = currentSet;
  const revocations = createRevocations({
    source,
    notifier,
    log,
    now,
    maxWaitMs,
    initialSet,
    cache,
    onApplied,
  });
  return {
    revocations,
    key,
    list: () => source.list(),
    async reached() {
      const revision = applied ? await source.revision() : 'unavailable';
      return revision === 'unavailable' ? undefined : applied?.reached(revision);
    },
    async close() {
      await Promise.all([applied?.close(), revocations.close()]);
    },
  };
}

/** Only for the console, and for a registry: its revisions are the same for all gateways. */
function openApplied(
  { console }: RevocationSettings,
  redis: RedisConnection,
  key: string,
  { gateway, newId, monotonic: now }: RevocationRuntime,
): AppliedRevisions | undefined {
  if (!console || gateway === undefined) return undefined;
  return new AppliedRevisions({ redis, key, gateway, process: newId(), now });
}

function openCache(
  { revocationCache: folder }: RevocationSettings,
  source: string,
  { siblings, newId, log }: RevocationRuntime,
): RevocationCache | undefined {
  const file =
    folder === undefined
      ? undefined
      : createFileCache({ folder, source, isWriter: siblings?.isFirst ?? true, newId, log });
  return siblings ? createWorkerCache(siblings.fetchPage, file) : file;
}
