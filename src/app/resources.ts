/**
 * Opens the resources of a gateway that a reload keeps: connections, counts, keys, revocations. Each comes from the pool
 * (`resource-pool.ts`) by name and settings, and is reused while its settings are equal. Called by `build-gateway.ts`.
 *
 * This file chooses the limit store, and `issuer-keys.ts` the source of each issuer's keys.
 */
import type { KeySet } from '../authenticate/key-set.js';
import { reuseIssuerKeys, reuseJwksFileCaches } from './issuer-keys.js';
import type { Reuse } from './resource-pool.js';
import { openUpstream, type UpstreamPools } from '../forward/forward.js';
import { createMemoryStore, type MemoryStore } from '../limit/memory-store.js';
import { createRedisStore } from '../limit/redis-store.js';
import type { LimitStore } from '../limit/store.js';
import type { Audit } from '../model/audit.js';
import type { Issuer } from '../model/issuer.js';
import type { Log } from '../model/log.js';
import type { Measures } from '../model/measures.js';
import type { Settings } from '../model/settings.js';
import type { Upstream } from '../model/upstream.js';
import { openRevocations, type RevocationHandle, type Siblings } from './revocations.js';
import type { TokenServiceLimits } from './token-service-limits.js';
import type { TokenServiceHandle } from './token-service.js';
import { connectRedis, type RedisConnection } from '../redis/connection.js';
import {
  createStreamWatcher,
  type StreamWatcher,
  type StreamWatcherContext,
} from '../revocation/revocation.js';

/** The clocks, randomness and log of the process that runs a gateway. */
export interface Runtime {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Monotonic milliseconds, from any origin. */
  readonly monotonic: () => number;
  /** Returns a new request id. */
  readonly newId: () => string;
  /** Returns that many random bytes. */
  readonly random: (size: number) => Uint8Array;
  /** Replaces the token registry's own pepper. */
  readonly pepper: string | undefined;
  readonly log: Log;
  readonly measures: Measures;
  /** Records administrative changes. */
  readonly audit: Audit;
  /** The other workers, and the number of this one. Undefined for a gateway of one process. */
  readonly siblings?: Siblings | undefined;
  readonly worker?: number | undefined;
  /** The id of the gateway that serves; undefined for one that does not serve. */
  readonly gateway?: string | undefined;
}

export interface GatewayResources {
  /** Undefined where the file has no token service. */
  readonly tokens: TokenServiceHandle | undefined;
  /** Undefined where the file has no token service. */
  readonly tokenServiceLimits: TokenServiceLimits | undefined;
  /** Undefined where limits are counted in this process. */
  readonly redis: RedisConnection | undefined;
  /** Undefined where there is no store for revocations. */
  readonly revocationHandle: RevocationHandle | undefined;
  readonly issuers: readonly { readonly issuer: Issuer; readonly keys: KeySet }[];
  /** The counts of this process alone. */
  readonly memory: MemoryStore;
  /** The store in which requests are counted. */
  readonly store: LimitStore;
  /** By name. */
  readonly upstreams: ReadonlyMap<string, UpstreamPools>;
  readonly streamWatcher: StreamWatcher;
  /** Applies these settings to the resources that every instance uses. */
  applySettings(): void;
}

/** The settings of a resource that every instance uses. */
const ALWAYS = 'always';

/** Opens or reuses every resource that the settings need. Rejects where the token service cannot be opened. */
export async function openResources(
  settings: Settings,
  runtime: Runtime,
  reuse: Reuse,
): Promise<GatewayResources> {
  const { now } = runtime;
  const tokens = await reuseTokenService(settings, runtime, reuse);
  const redis = await reuseRedis(settings, runtime, reuse);
  const registry = tokens?.registry;
  const { revocationCache } = settings;
  const revocationHandle = await reuse<RevocationHandle | undefined>(
    'revocations',
    { redis, registry, revocationCache, hasConsole: settings.console !== undefined },
    (before) => openRevocations(settings, redis, registry, runtime, before?.revocations.currentSet),
    (opened) => opened?.close(),
  );
  const cache = await reuseJwksFileCaches(settings, runtime, reuse);
  const issuers = await Promise.all(
    settings.issuers.map(async (issuer) => ({
      issuer,
      keys: await reuseIssuerKeys(issuer, settings, tokens, cache, runtime, reuse),
    })),
  );
  const { maxLimitKeys } = settings;
  const memory = await reuse('counts', ALWAYS, () => createMemoryStore({ maxKeys: maxLimitKeys, now }));
  const store = await reuse('store', { redis, revocationHandle }, () =>
    createSharedStore(settings, redis, revocationHandle, runtime),
  );
  const tokenServiceLimits = await openTokenServiceLimits(settings, tokens, redis, runtime, reuse);
  const streamContext = streamContextOf(settings, revocationHandle);
  const streamWatcher = await reuse<StreamWatcher>('streamWatcher', ALWAYS, () =>
    createStreamWatcher({ ...streamContext, now }),
  );
  const upstreams = await Promise.all(
    settings.upstreams.map((upstream) => reuseUpstream(upstream, streamWatcher, runtime, reuse)),
  );
  return {
    tokens,
    tokenServiceLimits,
    redis,
    revocationHandle,
    issuers,
    memory,
    store: store ?? memory,
    upstreams: new Map(upstreams.map((pools) => [pools.upstream.name, pools])),
    streamWatcher,
    applySettings() {
      memory.resize(maxLimitKeys);
      streamWatcher.rebind(streamContext);
    },
  };
}

async function reuseTokenService({ tokens }: Settings, runtime: Runtime, reuse: Reuse) {
  if (!tokens) return undefined;
  // Loaded on demand: most gateways issue no tokens, and loading this would take half of their start time.
  const { openTokenService, tokenServiceConfig } = await import('./token-service.js');
  const config = tokenServiceConfig(tokens);
  return reuse<TokenServiceHandle>(
    'tokens',
    config,
    // If the database is unavailable at a reload, the previous file stays in force instead of waiting.
    (before) => openTokenService(config, runtime, { mayBeUnavailable: before === undefined }),
    (opened) => opened.close(),
  );
}

async function openTokenServiceLimits(
  { tokens: settings, redis: redisSettings }: Settings,
  tokens: TokenServiceHandle | undefined,
  redis: RedisConnection | undefined,
  { now, log, measures }: Runtime,
  reuse: Reuse,
): Promise<TokenServiceLimits | undefined> {
  if (!settings || !tokens) return undefined;
  // Loaded on demand, as the token service.
  const { reuseTokenServiceLimits } = await import('./token-service-limits.js');
  const { fingerprintOfId } = tokens;
  const store = { redis, keyPrefix: redisSettings?.keyPrefix, fingerprintOfId, now, log, measures };
  return reuseTokenServiceLimits(settings, store, reuse);
}

function reuseRedis({ redis }: Settings, { log, monotonic, measures }: Runtime, reuse: Reuse) {
  return reuse<RedisConnection | undefined>(
    'redis',
    redis,
    () => redis && connectRedis(redis, { log, now: monotonic, measures }),
    (connection) => connection?.close(),
  );
}

function reuseUpstream(upstream: Upstream, streamWatcher: StreamWatcher, runtime: Runtime, reuse: Reuse) {
  const { monotonic, random, log } = runtime;
  return reuse(
    `upstream ${upstream.name}`,
    upstream,
    () => openUpstream(upstream, { now: monotonic, random: () => fraction(random(4)), log, streamWatcher }),
    (pools) => pools.close(),
  );
}

/** Returns undefined where this process's memory is the store. */
function createSharedStore(
  { redis: settings }: Settings,
  connection: RedisConnection | undefined,
  revocationHandle: RevocationHandle | undefined,
  { monotonic }: Runtime,
): LimitStore | undefined {
  if (!settings || !connection) return undefined;
  return createRedisStore({
    connection,
    ...settings,
    monotonic,
    // In a cluster the revision is in another slot, so notifications and polling twice a second must suffice.
    ...(revocationHandle &&
      settings.servers.kind !== 'cluster' && {
        piggybacked: {
          key: revocationHandle.key,
          onRevision: (revision) => revocationHandle.revocations.onRevisionHint(revision),
        },
      }),
  });
}

function streamContextOf(
  { issuers }: Settings,
  revocationHandle: RevocationHandle | undefined,
): StreamWatcherContext {
  const skews = new Map(issuers.map(({ name, clockSkewMs }) => [name, clockSkewMs]));
  return { revocations: revocationHandle?.revocations, clockSkewMs: (issuer) => skews.get(issuer) ?? 0 };
}

/** Returns random bytes as a number in [0, 1). */
function fraction(bytes: Uint8Array): number {
  return bytes.reduceRight((rest, byte) => (rest + byte) / 256, 0);
}
