/**
 * A validated configuration becomes a gate: the stages, each bound to the stores and issuers it stands on.
 *
 * The one place that chooses: which limit store, where an issuer's keys come from.
 */
import { createAuthenticate } from './authenticate/authenticate.js';
import { createKeySet } from './authenticate/key-set.js';
import { createAuthorize } from './authorize/authorize.js';
import { createForwarder } from './forward/forward.js';
import { createAdmit, type Gateway } from './gateway.js';
import { createLimit } from './limit/limit.js';
import { createMemoryStore } from './limit/memory-store.js';
import { createRedisStore } from './limit/redis-store.js';
import { createMatch } from './match/match.js';
import type { Log } from './model/log.js';
import type { Settings } from './model/settings.js';
import { createReader } from './read/read.js';
import { connectRedis } from './redis/connection.js';

/** What a gate takes from the world around it. */
export interface Surroundings {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds that never step back, from any origin. */
  readonly monotonic: () => number;
  /** A new request id. */
  readonly newId: () => string;
  readonly log: Log;
}

export interface Assembly {
  readonly gateway: Gateway;
  /** Settles when the gate's Redis was reached or found to be away; the first requests are then counted right. */
  readonly ready: Promise<void>;
  /** Ends the connections and timers that the gate holds; requests under way should have ended before. */
  readonly close: () => Promise<void>;
}

export function assemble(settings: Settings, { now, monotonic, newId, log }: Surroundings): Assembly {
  const issuers = settings.issuers.map((issuer) => ({
    issuer,
    keys: createKeySet(issuer, {
      now,
      log,
      maxAgeMs: settings.jwksMaxAgeMs,
      maxStaleMs: settings.jwksMaxStaleMs,
    }),
  }));
  const memory = createMemoryStore({ maxKeys: settings.maxLimitKeys, now });
  const redis = settings.redis && connectRedis(settings.redis, { log, now: monotonic });
  const store =
    settings.redis && redis ? createRedisStore({ connection: redis, ...settings.redis, monotonic }) : memory;
  const forwarder = createForwarder(settings.upstreams, {
    now: monotonic,
    bodyTimeoutMs: settings.client.bodyTimeoutMs,
    log,
  });

  const match = createMatch(settings.routes, { allowSemicolon: settings.allowSemicolon });
  const admit = createAdmit({
    match,
    authenticate: createAuthenticate({ issuers, cacheSize: settings.tokenCacheSize, now }),
    authorize: createAuthorize(),
    limit: createLimit({ store, local: memory, draftHeaders: settings.limitHeaders === 'draft' }),
  });
  const read = createReader({ trustProxy: settings.trustProxy, newId });

  return {
    ready: redis?.attempted ?? Promise.resolve(),
    gateway: { read, match, admit, forwarder, cors: settings.cors },
    async close() {
      for (const { keys } of issuers) keys.close();
      redis?.close();
      await forwarder.close();
    },
  };
}
