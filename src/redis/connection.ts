/**
 * The connection to Redis, which `src/app/` opens. Every call has a time limit; there is no queue and no replay. So an
 * outage costs a request little while it is being detected, and nothing once it is known. Every failure is
 * `unavailable` to the caller, which decides what that means.
 *
 *   settings ─┬─ one server, or the primary of Sentinels ──▶ server.ts ──▶ client.ts
 *             └─ a cluster ──▶ cluster.ts ──▶ slot-map.ts ──▶ a server.ts for each that holds slots
 */
import type { Log } from '../model/log.js';
import type { Measures } from '../model/measures.js';
import type { RedisSettings } from '../model/settings.js';
import { createClient } from './client.js';
import { connectCluster } from './cluster.js';
import { createEvaluate, probe, type RedisConnection } from './scripts.js';
import { followFailovers } from './sentinels.js';
import { createRedisServer } from './server.js';

export type { RedisConnection } from './scripts.js';

export interface RedisConnectionOptions {
  readonly log: Log;
  /** Milliseconds from any origin, to measure outages. */
  readonly now: () => number;
  /** Measures the calls; by default nothing does. */
  readonly measures?: Pick<Measures, 'redisCall'>;
}

/** Starts to connect, and retries until `close()`. The gateway can start without its Redis. Throws nothing. */
export function connectRedis(settings: RedisSettings, options: RedisConnectionOptions): RedisConnection {
  const { servers, timeoutMs, keyPrefix } = settings;
  if (servers.kind === 'cluster') return connectCluster(settings, servers, options);
  const primary = createClient(servers, timeoutMs);
  const db = servers.kind === 'single' ? servers.db : 0;
  const server = createRedisServer({
    client: primary,
    async probe(client) {
      // Where the server refuses the database, ioredis continues in database 0.
      if (db !== 0) await client.select(db);
      await probe(client, `${keyPrefix}probe`);
    },
    timeoutMs,
    ...options,
  });
  const stopFollowing = followFailovers(primary, servers, timeoutMs);
  const evaluate = createEvaluate();
  return {
    get isUp() {
      return server.isUp;
    },
    attempted: server.attempted,
    runScript: (lua, keys, args, withinMs = timeoutMs) =>
      server.execute((client) => evaluate(client, lua, keys, args), withinMs, lua),
    close() {
      stopFollowing();
      server.close();
    },
  };
}
