/**
 * Subscribes to a channel over a connection of its own, which Redis requires. Messages during an outage are lost, so
 * the caller must also poll. `connection.ts` logs the outages.
 */
import type { Redis } from 'ioredis';
import type { HostPort, RedisServers, RedisSettings } from '../model/settings.js';
import { createClient } from './client.js';
import { subscribe } from './subscriber.js';
import { followFailovers } from './sentinels.js';
import { readSlots } from './slots.js';

/** Before the next server of a cluster is tried. */
const NEXT_MS = 100;

/**
 * Subscribes to one channel and reconnects until it is stopped. Messages can be lost.
 *
 * @returns a function that stops it
 */
export function subscribeRedis(
  { servers, timeoutMs }: RedisSettings,
  channel: string,
  onMessage: (message: string) => void,
): () => void {
  if (servers.kind === 'cluster')
    return subscribeToCluster(servers, timeoutMs, (client) => subscribe(client, channel, onMessage));
  // Channels are not bound to a database.
  const client = createClient(servers.kind === 'single' ? { ...servers, db: 0 } : servers, timeoutMs);
  const stopFollowing = followFailovers(client, servers, timeoutMs);
  const stop = subscribe(client, channel, onMessage);
  return () => {
    stopFollowing();
    stop();
  };
}

/** Subscribes at one server of a cluster, since a message reaches all; at the next when the connection ends. */
function subscribeToCluster(
  { nodes, access }: Extract<RedisServers, { kind: 'cluster' }>,
  timeoutMs: number,
  subscribeAt: (client: Redis) => () => void,
): () => void {
  let known: readonly HostPort[] = nodes;
  let nextIndex = 0;
  let stop = (): void => undefined;
  let isStopped = false;
  let retryTimer: NodeJS.Timeout | undefined;

  function connectNext(): void {
    const address = known[nextIndex++ % known.length];
    if (!address) return;
    const client = createClient({ kind: 'node', ...address, access }, timeoutMs);
    client.once('ready', () => {
      client.call('CLUSTER', ['SLOTS']).then(
        (reply) => updateKnown(reply, address),
        () => undefined,
      );
    });
    client.once('close', () => {
      if (isStopped) return;
      stop();
      retryTimer = setTimeout(connectNext, NEXT_MS);
    });
    stop = subscribeAt(client);
  }

  function updateKnown(reply: unknown, asked: HostPort): void {
    if (!Array.isArray(reply)) return;
    const others = readSlots(reply, asked).flatMap(({ primary, replicas }) => [primary, ...replicas]);
    known = [...nodes, ...others];
  }

  connectNext();
  return () => {
    isStopped = true;
    stop();
    clearTimeout(retryTimer);
  };
}
