/** How every client of Redis is fenced: no queue, no replay, and its server is sought again for as long as it takes. */
import { Redis, type RedisOptions } from 'ioredis';
import type { HostPort, RedisAccess, RedisServers } from '../model/settings.js';
import { tlsOptions } from './tls.js';

/** A server of a cluster, at an address that the cluster has told or the file has named; or a Sentinel itself. */
export interface ClusterNode extends HostPort {
  readonly kind: 'node';
  readonly access: RedisAccess;
}

/** As the client takes them, under which the form of a reply is not to be chosen. */
type Options = Omit<RedisOptions, 'replyMapping'>;

/** Where one client connects to. */
export type Endpoint = Exclude<RedisServers, { readonly kind: 'cluster' }> | ClusterNode;

/** Connecting may take longer than a call, but no longer than counting may take to come back. */
const SHORTEST_CONNECT_MS = 500;

/** Between two attempts at most; where Sentinels are asked in between there is more to do within the second. */
const LONGEST_PAUSE_MS = 500;
const LONGEST_PAUSE_BY_SENTINELS_MS = 200;

/**
 * Creates a client, which connects by itself. It emits `error` for each failed attempt: the caller listens to that.
 *
 * @param timeoutMs the most that a call may take
 */
export function createClient(place: Endpoint, timeoutMs: number): Redis {
  const connectMs = Math.max(timeoutMs, SHORTEST_CONNECT_MS);
  const safeDefaults: Options = {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: pauses(LONGEST_PAUSE_MS),
    // It asks INFO, which some providers forbid. `server.ts` finds out by a script whether the server can be used.
    enableReadyCheck: false,
    connectTimeout: connectMs,
    // For the handshake and for subscribing; scripts have their own, in `server.ts`.
    commandTimeout: connectMs,
    // A connection that is given up is not waited for.
    disconnectTimeout: 0,
    disableClientInfo: true,
  };
  return keepTrying(new Redis({ ...safeDefaults, ...optionsOf(place, timeoutMs) }));
}

function optionsOf(place: Endpoint, timeoutMs: number): Options {
  switch (place.kind) {
    case 'single':
      return { ...known(place.access), ...place.address, db: place.db };
    case 'sentinel':
      return { ...known(place.access), ...bySentinels(place, timeoutMs) };
    case 'node':
      return { ...known(place.access, place.host), host: place.host, port: place.port };
  }
}

/** Where an attempt fails before there is a socket, such as at an impossible port, the client itself gives up. */
function keepTrying(client: Redis): Redis {
  let isOver = false;
  const disconnect = client.disconnect.bind(client);
  client.disconnect = (reconnect) => {
    isOver ||= reconnect !== true;
    disconnect(reconnect);
  };
  client.on('end', () => {
    if (isOver) return;
    setTimeout(() => {
      if (!isOver) client.connect().catch(() => undefined);
    }, LONGEST_PAUSE_MS).unref();
  });
  return client;
}

function pauses(longestMs: number): (attempt: number) => number {
  return (attempt) => Math.min(attempt * 50, longestMs);
}

function known({ username, password, tls }: RedisAccess, host?: string): Options {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: tlsOptions(tls, host) }),
  };
}

/** The Sentinels are asked for the primary at each attempt to connect, so that a failover is followed. */
function bySentinels(
  { sentinels, name, sentinelAccess }: Extract<Endpoint, { kind: 'sentinel' }>,
  timeoutMs: number,
): Options {
  const { username, password, tls } = sentinelAccess;
  return {
    sentinels: sentinels.map(({ host, port }) => ({ host, port })),
    name,
    retryStrategy: pauses(LONGEST_PAUSE_BY_SENTINELS_MS),
    sentinelRetryStrategy: pauses(LONGEST_PAUSE_BY_SENTINELS_MS),
    // One that says nothing may be on the machine that is lost with the primary: soon the next is asked.
    sentinelCommandTimeout: Math.max(timeoutMs, 200),
    ...(username !== undefined && { sentinelUsername: username }),
    ...(password !== undefined && { sentinelPassword: password }),
    ...(tls && { sentinelTLS: tlsOptions(tls), enableTLSForSentinelMode: true }),
  };
}
