/**
 * The connection to Redis, fenced so that an outage costs a request little while it is found out, and nothing while
 * it is known: no queue, no replay, a time limit on every call. Whatever goes wrong is `away` for the caller, who
 * decides what that means.
 *
 *   settings ─┬─ one server, or the primary of Sentinels ──▶ server.ts ──▶ client.ts
 *             └─ a cluster ──▶ cluster.ts ──▶ a server.ts for each that holds slots
 */
import type { Log } from '../model/log.js';
import type { RedisSettings } from '../model/settings.js';
import { createClient } from './client.js';
import { connectCluster } from './cluster.js';
import { createEvaluate, probe, type RedisConnection } from './scripts.js';
import { followFailovers } from './sentinels.js';
import { createRedisServer } from './server.js';

export type { RedisConnection } from './scripts.js';

export interface RedisConnectionOptions {
  readonly log: Log;
  /** Milliseconds from any origin, to tell how long an outage was. */
  readonly now: () => number;
}

/** Starts to connect, and goes on trying for as long as it takes: a gate starts without its Redis. */
export function connectRedis(settings: RedisSettings, options: RedisConnectionOptions): RedisConnection {
  const { servers, timeoutMs, keyPrefix } = settings;
  if (servers.kind === 'cluster') return connectCluster(settings, servers, options);
  const primary = createClient(servers, timeoutMs);
  const db = servers.kind === 'single' ? servers.db : 0;
  const server = createRedisServer({
    client: primary,
    async probe(client) {
      // The client itself goes on in database 0 where another one is refused.
      if (db !== 0) await client.select(db);
      await probe(client, `${keyPrefix}probe`);
    },
    timeoutMs,
    ...options,
  });
  const unfollow = followFailovers(primary, servers, timeoutMs);
  const evaluate = createEvaluate();
  return {
    get isUp() {
      return server.isUp;
    },
    attempted: server.attempted,
    runScript: (lua, keys, args, withinMs = timeoutMs) =>
      server.execute((client) => evaluate(client, lua, keys, args), withinMs, lua),
    close() {
      unfollow();
      server.close();
    },
  };
}
