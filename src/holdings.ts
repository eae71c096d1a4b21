/**
 * What a gate stands on and a reload must not lose: connections, counts, keys, the kill switch. Each is asked of the
 * estate (`estate.ts`) under a name and with what it is made of; while that stays the same, so does the thing itself.
 *
 * The place that chooses: which limit store, where an issuer's keys come from. The token service and the kill switch
 * are put together beside it, in `open-tokens.ts` and `open-revocations.ts`.
 */
import { createKeyCache, type KeyCache } from './authenticate/key-cache.js';
import { createKeySet, type KeySet } from './authenticate/key-set.js';
import { createLiveKeySet } from './authenticate/live-key-set.js';
import type { Keep } from './estate.js';
import { openUpstream, type UpstreamPools } from './forward/forward.js';
import { createMemoryStore, type MemoryStore } from './limit/memory-store.js';
import { createRedisStore } from './limit/redis-store.js';
import type { LimitStore } from './limit/store.js';
import type { Issuer } from './model/issuer.js';
import type { Log } from './model/log.js';
import type { Settings } from './model/settings.js';
import type { Upstream } from './model/upstream.js';
import { openRevocations, type OpenRevocations, type Siblings } from './open-revocations.js';
import type { OpenTokens, TokenBounds } from './open-tokens.js';
import { connectRedis, type RedisConnection } from './redis/connection.js';
import { createLeash, type Leash, type LeashHand } from './revocation/revocation.js';

/** What a gate takes from the world around it. */
export interface Surroundings {
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

export interface Holdings {
  /** Undefined where the file has no token service. */
  readonly tokens: OpenTokens | undefined;
  /** Undefined where the file has no token service. */
  readonly bounds: TokenBounds | undefined;
  /** Undefined where limits are kept in this process. */
  readonly redis: RedisConnection | undefined;
  /** Undefined where there is nothing to keep revocations in. */
  readonly killSwitch: OpenRevocations | undefined;
  readonly issuers: readonly { readonly issuer: Issuer; readonly keys: KeySet }[];
  /** Where this process counts alone. */
  readonly memory: MemoryStore;
  /** Where requests are counted. */
  readonly store: LimitStore;
  /** By name. */
  readonly upstreams: ReadonlyMap<string, UpstreamPools>;
  readonly leash: Leash;
  /** Makes what is kept whatever the file says follow this one. */
  follow(): void;
}

/** For what no file changes. */
const ALWAYS = 'always';

/** Rejects where the token service cannot be opened. */
export async function hold(settings: Settings, surroundings: Surroundings, keep: Keep): Promise<Holdings> {
  const { now } = surroundings;
  const tokens = await keepTokens(settings, surroundings, keep);
  const redis = await keepRedis(settings, surroundings, keep);
  const registry = tokens?.registry;
  const killSwitch = await keep<OpenRevocations | undefined>(
    'revocations',
    { redis, registry, revocationCache: settings.revocationCache },
    (before) => openRevocations(settings, redis, registry, surroundings, before?.revocations.held),
    (opened) => opened?.revocations.close(),
  );
  const cache = await keepKeyCache(settings, surroundings, keep);
  const issuers = await Promise.all(
    settings.issuers.map(async (issuer) => ({
      issuer,
      keys: await keepKeys(issuer, settings, tokens, cache, surroundings, keep),
    })),
  );
  const { maxLimitKeys } = settings;
  const memory = await keep('counts', ALWAYS, () => createMemoryStore({ maxKeys: maxLimitKeys, now }));
  const store = await keep('store', { redis, killSwitch }, () =>
    storeOf(settings, redis, killSwitch, surroundings),
  );
  const bounds = await keepBounds(settings, redis, surroundings, keep);
  const hand = handOf(settings, killSwitch);
  const leash = await keep<Leash>('leash', ALWAYS, () => createLeash({ ...hand, now }));
  const upstreams = await Promise.all(
    settings.upstreams.map((upstream) => keepUpstream(upstream, leash, surroundings, keep)),
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
    leash,
    follow() {
      memory.resize(maxLimitKeys);
      leash.pass(hand);
    },
  };
}

/** Most gates hand out no passes, and what it takes to do so would take half of their start. */
function loadTokens() {
  return import('./open-tokens.js');
}

async function keepTokens({ tokens }: Settings, surroundings: Surroundings, keep: Keep) {
  if (!tokens) return undefined;
  const { openTokens, tokenGrounds } = await loadTokens();
  const grounds = tokenGrounds(tokens);
  return keep<OpenTokens>(
    'tokens',
    grounds,
    // At a reload there is something better than to wait for a database that is away: the old file stays.
    (before) => openTokens(grounds, surroundings, { mayBeAway: before === undefined }),
    (opened) => opened.close(),
  );
}

/** What callers have done stays counted, each kind until its own limit changes. */
async function keepBounds(
  { tokens, redis: redisSettings }: Settings,
  redis: RedisConnection | undefined,
  surroundings: Surroundings,
  keep: Keep,
): Promise<TokenBounds | undefined> {
  if (!tokens) return undefined;
  const { openAttempts, openRevokeLimit, openIssueLimit } = await loadTokens();
  return {
    attempts: await keep('failed attempts', { of: tokens.failedAttempts, redis }, () =>
      openAttempts(tokens, redis, redisSettings, surroundings),
    ),
    revokeLimit: await keep('revoke limit', { of: tokens.revokeLimit, redis }, () =>
      openRevokeLimit(tokens, redis, redisSettings),
    ),
    issueLimit: await keep('issue limit', { of: tokens.issueLimit, redis }, () =>
      openIssueLimit(tokens, redis, redisSettings),
    ),
  };
}

function keepRedis({ redis }: Settings, { log, monotonic }: Surroundings, keep: Keep) {
  return keep<RedisConnection | undefined>(
    'redis',
    redis,
    () => redis && connectRedis(redis, { log, now: monotonic }),
    (connection) => connection?.close(),
  );
}

function keepUpstream(
  upstream: Upstream,
  leash: Leash,
  { monotonic, random, log }: Surroundings,
  keep: Keep,
) {
  return keep(
    `upstream ${upstream.name}`,
    upstream,
    () => openUpstream(upstream, { now: monotonic, random: () => fraction(random(4)), log, leash }),
    (pools) => pools.close(),
  );
}

function keepKeyCache({ jwksCache, jwksMaxStaleMs }: Settings, surroundings: Surroundings, keep: Keep) {
  const { now, newId, log } = surroundings;
  return keep<KeyCache | undefined>('key cache', { jwksCache, jwksMaxStaleMs }, () =>
    jwksCache === undefined
      ? undefined
      : createKeyCache(jwksCache, { now, newId, log, maxStaleMs: jwksMaxStaleMs }),
  );
}

/** An issuer's keys outlive every change of what its tokens must be. Those of a file are read again with the gate's own. */
function keepKeys(
  issuer: Issuer,
  { jwksMaxAgeMs, jwksMaxStaleMs }: Settings,
  tokens: OpenTokens | undefined,
  cache: KeyCache | undefined,
  { now, log }: Surroundings,
  keep: Keep,
): Promise<KeySet> {
  const { name, keys, algorithms, tokenTypes } = issuer;
  const close = (set: KeySet): void => set.close();
  if (keys.kind === 'own' && tokens) {
    const { signer } = tokens;
    return keep(
      `keys of ${name}`,
      { signer, algorithms },
      () => createLiveKeySet(signer, algorithms, now),
      close,
    );
  }
  const reading = keys.kind === 'file' ? Symbol('each its own') : undefined;
  return keep(
    `keys of ${name}`,
    { keys, algorithms, tokenTypes, jwksMaxAgeMs, jwksMaxStaleMs, cache, reading },
    () => createKeySet(issuer, { now, log, maxAgeMs: jwksMaxAgeMs, maxStaleMs: jwksMaxStaleMs, cache }),
    close,
  );
}

/** Undefined where this process's memory is the store. */
function storeOf(
  { redis: settings }: Settings,
  connection: RedisConnection | undefined,
  killSwitch: OpenRevocations | undefined,
  { monotonic }: Surroundings,
): LimitStore | undefined {
  if (!settings || !connection) return undefined;
  return createRedisStore({
    connection,
    ...settings,
    monotonic,
    // In a cluster the number lies in another slot: there the bell must do, and asking twice a second.
    ...(killSwitch &&
      settings.servers.kind !== 'cluster' && {
        rider: { key: killSwitch.key, follow: (revision) => killSwitch.revocations.follow(revision) },
      }),
  });
}

function handOf({ issuers }: Settings, killSwitch: OpenRevocations | undefined): LeashHand {
  const skews = new Map(issuers.map(({ name, clockSkewMs }) => [name, clockSkewMs]));
  return { revocations: killSwitch?.revocations, clockSkewMs: (issuer) => skews.get(issuer) ?? 0 };
}

/** Random bytes as a number from 0 to below 1. */
function fraction(bytes: Uint8Array): number {
  return bytes.reduceRight((rest, byte) => (rest + byte) / 256, 0);
}
