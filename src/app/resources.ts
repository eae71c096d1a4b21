/**
 * What a gate stands on and a reload must not lose: connections, counts, keys, the kill switch. Each is asked of the
 * estate (`resource-pool.ts`) under a name and with what it is made of; while that stays the same, so does the thing itself.
 *
 * The place that chooses: which limit store, where an issuer's keys come from. The token service and the kill switch
 * are put together beside it, in `token-service.ts` and `revocations.ts`.
 */
import { createJwksFileCaches, type OpenJwksFileCache } from '../authenticate/jwks-file-cache.js';
import { createKeySet, type KeySet } from '../authenticate/key-set.js';
import { createLocalKeySet } from '../authenticate/local-jwks.js';
import type { Reuse } from './resource-pool.js';
import { openUpstream, type UpstreamPools } from '../forward/forward.js';
import { createMemoryStore, type MemoryStore } from '../limit/memory-store.js';
import { createRedisStore } from '../limit/redis-store.js';
import type { LimitStore } from '../limit/store.js';
import type { Issuer } from '../model/issuer.js';
import type { Log } from '../model/log.js';
import type { Settings } from '../model/settings.js';
import type { Upstream } from '../model/upstream.js';
import { openRevocations, type RevocationHandle, type Siblings } from './revocations.js';
import type { TokenServiceHandle, TokenBounds } from './token-service.js';
import { connectRedis, type RedisConnection } from '../redis/connection.js';
import {
  createStreamWatcher,
  type StreamWatcher,
  type StreamWatcherContext,
} from '../revocation/revocation.js';

/** What a gate takes from the world around it. */
export interface Runtime {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds that never step back, from any origin. */
  readonly monotonic: () => number;
  /** A new request id. */
  readonly newId: () => string;
  /** So many random bytes. */
  readonly random: (size: number) => Uint8Array;
  /** In place of the token registry's own pepper. */
  readonly pepper: string | undefined;
  readonly log: Log;
  /** Undefined for a gate of one process. */
  readonly siblings?: Siblings | undefined;
}

export interface GatewayResources {
  /** Undefined where the file has no token service. */
  readonly tokens: TokenServiceHandle | undefined;
  /** Undefined where the file has no token service. */
  readonly bounds: TokenBounds | undefined;
  /** Undefined where limits are kept in this process. */
  readonly redis: RedisConnection | undefined;
  /** Undefined where there is nothing to keep revocations in. */
  readonly killSwitch: RevocationHandle | undefined;
  readonly issuers: readonly { readonly issuer: Issuer; readonly keys: KeySet }[];
  /** Where this process counts alone. */
  readonly memory: MemoryStore;
  /** Where requests are counted. */
  readonly store: LimitStore;
  /** By name. */
  readonly upstreams: ReadonlyMap<string, UpstreamPools>;
  readonly streamWatcher: StreamWatcher;
  /** Makes what is kept whatever the file says follow this one. */
  applySettings(): void;
}

/** For what no file changes. */
const ALWAYS = 'always';

/** Rejects where the token service cannot be opened. */
export async function openResources(
  settings: Settings,
  runtime: Runtime,
  reuse: Reuse,
): Promise<GatewayResources> {
  const { now } = runtime;
  const tokens = await reuseTokenService(settings, runtime, reuse);
  const redis = await reuseRedis(settings, runtime, reuse);
  const registry = tokens?.registry;
  const killSwitch = await reuse<RevocationHandle | undefined>(
    'revocations',
    { redis, registry, revocationCache: settings.revocationCache },
    (before) => openRevocations(settings, redis, registry, runtime, before?.revocations.currentSet),
    (opened) => opened?.revocations.close(),
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
  const store = await reuse('store', { redis, killSwitch }, () =>
    createSharedStore(settings, redis, killSwitch, runtime),
  );
  const bounds = await keepBounds(settings, redis, runtime, reuse);
  const streamContext = streamContextOf(settings, killSwitch);
  const streamWatcher = await reuse<StreamWatcher>('streamWatcher', ALWAYS, () =>
    createStreamWatcher({ ...streamContext, now }),
  );
  const upstreams = await Promise.all(
    settings.upstreams.map((upstream) => reuseUpstream(upstream, streamWatcher, runtime, reuse)),
  );
  return {
    tokens,
    bounds,
    redis,
    killSwitch,
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

/** Most gates hand out no passes, and what it takes to do so would take half of their start. */
function loadTokens() {
  return import('./token-service.js');
}

async function reuseTokenService({ tokens }: Settings, runtime: Runtime, reuse: Reuse) {
  if (!tokens) return undefined;
  const { openTokenService, tokenServiceConfig } = await loadTokens();
  const grounds = tokenServiceConfig(tokens);
  return reuse<TokenServiceHandle>(
    'tokens',
    grounds,
    // At a reload there is something better than to wait for a database that is away: the old file stays.
    (before) => openTokenService(grounds, runtime, { mayBeUnavailable: before === undefined }),
    (opened) => opened.close(),
  );
}

/** What callers have done stays counted, each kind until its own limit changes. */
async function keepBounds(
  { tokens, redis: redisSettings }: Settings,
  redis: RedisConnection | undefined,
  surroundings: Runtime,
  keep: Reuse,
): Promise<TokenBounds | undefined> {
  if (!tokens) return undefined;
  const { openFailedAttempts, openRevokeLimit, openIssueLimit } = await loadTokens();
  return {
    attempts: await keep('failed attempts', { of: tokens.failedAttempts, redis }, () =>
      openFailedAttempts(tokens, redis, redisSettings, surroundings),
    ),
    revokeLimit: await keep('revoke limit', { of: tokens.revokeLimit, redis }, () =>
      openRevokeLimit(tokens, redis, redisSettings),
    ),
    issueLimit: await keep('issue limit', { of: tokens.issueLimit, redis }, () =>
      openIssueLimit(tokens, redis, redisSettings),
    ),
  };
}

function reuseRedis({ redis }: Settings, { log, monotonic }: Runtime, reuse: Reuse) {
  return reuse<RedisConnection | undefined>(
    'redis',
    redis,
    () => redis && connectRedis(redis, { log, now: monotonic }),
    (connection) => connection?.close(),
  );
}

function reuseUpstream(
  upstream: Upstream,
  streamWatcher: StreamWatcher,
  { monotonic, random, log }: Runtime,
  reuse: Reuse,
) {
  return reuse(
    `upstream ${upstream.name}`,
    upstream,
    () => openUpstream(upstream, { now: monotonic, random: () => fraction(random(4)), log, streamWatcher }),
    (pools) => pools.close(),
  );
}

function reuseJwksFileCaches({ jwksCache, jwksMaxStaleMs }: Settings, runtime: Runtime, reuse: Reuse) {
  const { now, newId, log } = runtime;
  return reuse<OpenJwksFileCache | undefined>('key cache', { jwksCache, jwksMaxStaleMs }, () =>
    jwksCache === undefined
      ? undefined
      : createJwksFileCaches(jwksCache, { now, newId, log, maxStaleMs: jwksMaxStaleMs }),
  );
}

/** An issuer's keys outlive every change of what its tokens must be. Those of a file are read again with the gate's own. */
function reuseIssuerKeys(
  issuer: Issuer,
  { jwksMaxAgeMs, jwksMaxStaleMs }: Settings,
  tokens: TokenServiceHandle | undefined,
  cache: OpenJwksFileCache | undefined,
  { now, log }: Runtime,
  reuse: Reuse,
): Promise<KeySet> {
  const { name, keys, algorithms, tokenTypes } = issuer;
  const close = (set: KeySet): void => set.close();
  if (keys.kind === 'own' && tokens) {
    const { signer } = tokens;
    return reuse(
      `keys of ${name}`,
      { signer, algorithms },
      () => createLocalKeySet(signer, algorithms, now),
      close,
    );
  }
  const reading = keys.kind === 'file' ? Symbol('each its own') : undefined;
  return reuse(
    `keys of ${name}`,
    { keys, algorithms, tokenTypes, jwksMaxAgeMs, jwksMaxStaleMs, cache, reading },
    () => createKeySet(issuer, { now, log, maxAgeMs: jwksMaxAgeMs, maxStaleMs: jwksMaxStaleMs, cache }),
    close,
  );
}

/** Undefined where this process's memory is the store. */
function createSharedStore(
  { redis: settings }: Settings,
  connection: RedisConnection | undefined,
  killSwitch: RevocationHandle | undefined,
  { monotonic }: Runtime,
): LimitStore | undefined {
  if (!settings || !connection) return undefined;
  return createRedisStore({
    connection,
    ...settings,
    monotonic,
    // In a cluster the number lies in another slot: there the notifier must do, and asking twice a second.
    ...(killSwitch &&
      settings.servers.kind !== 'cluster' && {
        piggybacked: {
          key: killSwitch.key,
          follow: (revision) => killSwitch.revocations.onRevisionHint(revision),
        },
      }),
  });
}

function streamContextOf(
  { issuers }: Settings,
  killSwitch: RevocationHandle | undefined,
): StreamWatcherContext {
  const skews = new Map(issuers.map(({ name, clockSkewMs }) => [name, clockSkewMs]));
  return { revocations: killSwitch?.revocations, clockSkewMs: (issuer) => skews.get(issuer) ?? 0 };
}

/** Random bytes as a number from 0 to below 1. */
function fraction(bytes: Uint8Array): number {
  return bytes.reduceRight((rest, byte) => (rest + byte) / 256, 0);
}
