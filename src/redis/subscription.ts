/**
 * The connection that listens: Redis wants one of its own for it. What is published while it is away is lost, so whoever
 * listens must have another way to find out; its outages are those that `connection.ts` tells of.
 */
import type { Redis } from 'ioredis';
import type { HostPort, RedisServers, RedisSettings } from '../model/settings.js';
import { createClient } from './client.js';
import { subscribe } from './subscriber.js';
import { followFailovers } from './sentinels.js';
import { readSlots } from './slots.js';

/** Until another server of a cluster is tried. */
const NEXT_MS = 100;

/** Listens to one channel, and goes on trying for as long as it takes. @returns ends it */
export function subscribeRedis(
  { servers, timeoutMs }: RedisSettings,
  channel: string,
  onMessage: (message: string) => void,
): () => void {
  if (servers.kind === 'cluster')
    return listenToCluster(servers, timeoutMs, (client) => subscribe(client, channel, onMessage));
  // What is published is heard in every database.
  const client = createClient(servers.kind === 'single' ? { ...servers, db: 0 } : servers, timeoutMs);
  const unfollow = followFailovers(client, servers, timeoutMs);
  const stop = subscribe(client, channel, onMessage);
  return () => {
    unfollow();
    stop();
  };
}

/** What is published reaches all servers of a cluster, so one is listened to: the next, when its connection ends. */
function listenToCluster(
  { nodes, access }: Extract<RedisServers, { kind: 'cluster' }>,
  timeoutMs: number,
  listenAt: (client: Redis) => () => void,
): () => void {
  let known: readonly HostPort[] = nodes;
  let turn = 0;
  let stop = (): void => undefined;
  let isOver = false;
  let later: NodeJS.Timeout | undefined;

  function next(): void {
    const address = known[turn++ % known.length];
    if (!address) return;
    const client = createClient({ kind: 'node', ...address, access }, timeoutMs);
    client.once('ready', () => {
      client.call('CLUSTER', ['SLOTS']).then(
        (reply) => learn(reply, address),
        () => undefined,
      );
    });
    client.once('close', () => {
      if (isOver) return;
      stop();
      later = setTimeout(next, NEXT_MS);
    });
    stop = listenAt(client);
  }

  function learn(reply: unknown, asked: HostPort): void {
    if (!Array.isArray(reply)) return;
    const others = readSlots(reply, asked).flatMap(({ primary, replicas }) => [primary, ...replicas]);
    known = [...nodes, ...others];
  }

  next();
  return () => {
    isOver = true;
    stop();
    clearTimeout(later);
  };
}
