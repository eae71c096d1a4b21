/**
 * A validated configuration becomes a gate: the stages, each bound to the stores and issuers it stands on.
 *
 * The place that chooses: which limit store, where an issuer's keys come from. The token service and the kill switch
 * are put together beside it, in `open-tokens.ts` and `open-revocations.ts`.
 */
import { createAuthenticate, TOKEN_REVOKED } from './authenticate/authenticate.js';
import { createKeyCache, type KeyCache } from './authenticate/key-cache.js';
import { createKeySet, type KeySet } from './authenticate/key-set.js';
import { createLiveKeySet } from './authenticate/live-key-set.js';
import { createVerifyOwn } from './authenticate/verify-own.js';
import { createAuthorize } from './authorize/authorize.js';
import { createForwarder, openUpstream } from './forward/forward.js';
import { createAdmit, type Gateway } from './gateway.js';
import { createLimit } from './limit/limit.js';
import { createMemoryStore } from './limit/memory-store.js';
import { createRedisStore } from './limit/redis-store.js';
import { createMatch, createReadPath } from './match/match.js';
import type { Issuer } from './model/issuer.js';
import type { Log } from './model/log.js';
import type { Settings } from './model/settings.js';
import { openRevocations } from './open-revocations.js';
import { openTokens, type OpenTokens } from './open-tokens.js';
import { createReader } from './read/read.js';
import { connectRedis } from './redis/connection.js';
import { createLeash, type Revocations } from './revocation/revocation.js';
import type { Administration } from './tokens/administration.js';

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
}

export interface Assembly {
  readonly gateway: Gateway;
  /** Undefined where the file has no token service. */
  readonly administration: Administration | undefined;
  /** Undefined where there is nothing to keep revocations in. */
  readonly revocations: Revocations | undefined;
  /** Ends the connections and timers that the gate holds; requests under way should have ended before. */
  readonly close: () => Promise<void>;
}

/** Resolves when the gate's Redis was reached or found to be away. Rejects where the token service cannot be opened. */
export async function assemble(settings: Settings, surroundings: Surroundings): Promise<Assembly> {
  const { now, monotonic, newId, log } = surroundings;
  const tokens = settings.tokens && (await openTokens(settings.tokens, surroundings));
  const redis = settings.redis && connectRedis(settings.redis, { log, now: monotonic });
  const killSwitch = openRevocations(settings, redis, tokens?.registry, surroundings);
  const revocations = killSwitch?.revocations;
  const isRevoked: Revocations['isRevoked'] = (principal) => revocations?.isRevoked(principal) ?? false;

  const cache =
    settings.jwksCache === undefined
      ? undefined
      : createKeyCache(settings.jwksCache, { now, newId, log, maxStaleMs: settings.jwksMaxStaleMs });
  const issuers = settings.issuers.map((issuer) => ({
    issuer,
    keys: keysOf(issuer, settings, tokens, cache, surroundings),
  }));
  const memory = createMemoryStore({ maxKeys: settings.maxLimitKeys, now });
  const store =
    settings.redis && redis
      ? createRedisStore({
          connection: redis,
          ...settings.redis,
          monotonic,
          ...(killSwitch && {
            rider: { key: killSwitch.key, follow: (revision) => killSwitch.revocations.follow(revision) },
          }),
        })
      : memory;
  const skews = new Map(settings.issuers.map(({ name, clockSkewMs }) => [name, clockSkewMs]));
  const upstreams = new Map(
    settings.upstreams.map((upstream) => [
      upstream.name,
      openUpstream(upstream, { now: monotonic, random: () => fraction(surroundings.random(4)), log }),
    ]),
  );
  const forwarder = createForwarder(upstreams, {
    now: monotonic,
    bodyTimeoutMs: settings.client.bodyTimeoutMs,
    log,
    leash: createLeash({ revocations, clockSkewMs: (issuer) => skews.get(issuer) ?? 0, now }),
  });

  const { allowSemicolon } = settings;
  const match = createMatch(settings.routes, { allowSemicolon });
  const authenticate = createAuthenticate({ issuers, cacheSize: settings.tokenCacheSize, now, isRevoked });
  const admit = createAdmit({
    match,
    authenticate,
    authorize: createAuthorize(),
    limit: createLimit({
      store,
      local: memory,
      draftHeaders: settings.limitHeaders === 'draft',
      recheck: (principal) => (isRevoked(principal) ? TOKEN_REVOKED : undefined),
    }),
  });
  const read = createReader({ trustProxy: settings.trustProxy, newId });
  const passes =
    tokens && revocations
      ? tokens.serve({ verify: createVerifyOwn(authenticate), revocations }, redis, settings.redis)
      : undefined;

  await Promise.all([redis?.attempted, revocations?.attempted]);
  return {
    gateway: {
      read,
      match,
      admit,
      forwarder,
      cors: settings.cors,
      tokens: passes && { service: passes, readPath: createReadPath({ allowSemicolon }) },
    },
    administration: tokens?.administer(async () => revocations?.announce()),
    revocations,
    async close() {
      for (const { keys } of issuers) keys.close();
      revocations?.close();
      redis?.close();
      await Promise.all([...upstreams.values()].map((pools) => pools.close()));
      await tokens?.close();
    },
  };
}

/** Random bytes as a number from 0 to below 1. */
function fraction(bytes: Uint8Array): number {
  return bytes.reduceRight((rest, byte) => (rest + byte) / 256, 0);
}

function keysOf(
  issuer: Issuer,
  settings: Settings,
  tokens: OpenTokens | undefined,
  cache: KeyCache | undefined,
  { now, log }: Surroundings,
): KeySet {
  if (issuer.keys.kind === 'own' && tokens) return createLiveKeySet(tokens.signer, issuer.algorithms, now);
  return createKeySet(issuer, {
    now,
    log,
    maxAgeMs: settings.jwksMaxAgeMs,
    maxStaleMs: settings.jwksMaxStaleMs,
    cache,
  });
}
