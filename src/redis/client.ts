/** How every client of Redis is fenced: no queue, no replay, and its server is sought again for as long as it takes. */
import { Redis, type RedisOptions } from 'ioredis';
import type { HostPort, RedisAccess, RedisServers } from '../model/settings.js';

/** A server of a cluster, at an address that the cluster has told or the file has named; or a Sentinel itself. */
export interface ClusterNode extends HostPort {
  readonly kind: 'node';
  readonly access: RedisAccess;
}

/** As the client takes them, under which the form of a reply is not to be chosen. */
type Options = Omit<RedisOptions, 'replyMapping'>;

/** Where one client connects to. */
export type Place = Exclude<RedisServers, { readonly kind: 'cluster' }> | ClusterNode;

/** Connecting may take longer than a call, but no longer than counting may take to come back. */
const SHORTEST_CONNECT_MS = 500;

/** Between two attempts at most; where Sentinels are asked in between there is more to do within the second. */
const LONGEST_PAUSE_MS = 500;
const LONGEST_PAUSE_BY_SENTINELS_MS = 200;

export function createClient(place: Place, timeoutMs: number): Redis {
  const connectMs = Math.max(timeoutMs, SHORTEST_CONNECT_MS);
  const fences: Options = {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: pauses(LONGEST_PAUSE_MS),
    // A former primary that is read-only now may have a successor at the same name.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    connectTimeout: connectMs,
    // For the handshake and for subscribing; scripts have their own, in `server.ts`.
    commandTimeout: connectMs,
    // A connection that is given up is not waited for.
    disconnectTimeout: 0,
    disableClientInfo: true,
  };
  switch (place.kind) {
    case 'single':
      return new Redis({ ...fences, ...known(place.access), ...place.address, db: place.db });
    case 'sentinel':
      return new Redis({ ...fences, ...known(place.access), ...bySentinels(place, timeoutMs) });
    case 'node':
      return new Redis({ ...fences, ...known(place.access), host: place.host, port: place.port });
  }
}

function pauses(longestMs: number): (attempt: number) => number {
  return (attempt) => Math.min(attempt * 50, longestMs);
}

function known({ username, password, tls }: RedisAccess): Options {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: {} }),
  };
}

/** Their default user takes any password where it needs none, and they seldom have other users. */
export function sentinelAccess({ password, tls }: RedisAccess): RedisAccess {
  return { username: password === undefined ? undefined : 'default', password, tls };
}

/** The Sentinels are asked for the primary at each attempt to connect, so that a failover is followed. */
function bySentinels(
  { sentinels, name, access }: Extract<Place, { kind: 'sentinel' }>,
  timeoutMs: number,
): Options {
  const { username, password, tls } = sentinelAccess(access);
  return {
    sentinels: sentinels.map(({ host, port }) => ({ host, port })),
    name,
    retryStrategy: pauses(LONGEST_PAUSE_BY_SENTINELS_MS),
    sentinelRetryStrategy: pauses(LONGEST_PAUSE_BY_SENTINELS_MS),
    // One that says nothing may be on the machine that is lost with the primary: soon the next is asked.
    sentinelCommandTimeout: Math.max(timeoutMs, 200),
    ...(username !== undefined && { sentinelUsername: username }),
    ...(password !== undefined && { sentinelPassword: password }),
    ...(tls && { sentinelTLS: {}, enableTLSForSentinelMode: true }),
  };
}
