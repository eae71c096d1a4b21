/**
 * Creates every ioredis client of the gateway with safe defaults: no offline queue, no replay, and endless reconnects.
 * The other files of this folder call it.
 */
import { Redis, type RedisOptions } from 'ioredis';
import type { HostPort, RedisAccess, RedisServers } from '../model/settings.js';
import { tlsOptions } from './tls.js';

/** A server of a cluster, at an address from the cluster or from the file; or a Sentinel. */
export interface ClusterNode extends HostPort {
  readonly kind: 'node';
  readonly access: RedisAccess;
}

/** ioredis's options without `replyMapping`, which would change the form of replies. */
type Options = Omit<RedisOptions, 'replyMapping'>;

/** Where one client connects to. */
export type Endpoint = Exclude<RedisServers, { readonly kind: 'cluster' }> | ClusterNode;

/** Connecting may take longer than a call, but it also bounds how soon counting works again after an outage. */
const MIN_CONNECT_MS = 500;

/** The longest pause between two attempts. It is shorter with Sentinels, which are queried within the same second. */
const MAX_PAUSE_MS = 500;
const MAX_PAUSE_BY_SENTINELS_MS = 200;

/**
 * Creates a client, which connects by itself and reconnects until `disconnect()`. It emits `error` for each failed
 * attempt; the caller must listen to that.
 *
 * @param timeoutMs the longest time for one call
 */
export function createClient(endpoint: Endpoint, timeoutMs: number): Redis {
  const connectMs = Math.max(timeoutMs, MIN_CONNECT_MS);
  const safeDefaults: Options = {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: retryDelay(MAX_PAUSE_MS),
    // ioredis's check calls INFO, which some providers forbid. `server.ts` checks the server with a script instead.
    enableReadyCheck: false,
    connectTimeout: connectMs,
    // For the handshake and for subscribing. Scripts have their own timeout, in `server.ts`.
    commandTimeout: connectMs,
    // Closing does not wait for a connection that was abandoned.
    disconnectTimeout: 0,
    disableClientInfo: true,
  };
  return reconnectForever(new Redis({ ...safeDefaults, ...optionsOf(endpoint, timeoutMs) }));
}

function optionsOf(endpoint: Endpoint, timeoutMs: number): Options {
  switch (endpoint.kind) {
    case 'single':
      return { ...accessOptions(endpoint.access), ...endpoint.address, db: endpoint.db };
    case 'sentinel':
      return { ...accessOptions(endpoint.access), ...sentinelOptions(endpoint, timeoutMs) };
    case 'node':
      return { ...accessOptions(endpoint.access, endpoint.host), host: endpoint.host, port: endpoint.port };
  }
}

/** Reconnects where ioredis stops: an attempt failed before there was a socket, for example at an impossible port. */
function reconnectForever(client: Redis): Redis {
  let isDisconnected = false;
  const disconnect = client.disconnect.bind(client);
  client.disconnect = (reconnect) => {
    isDisconnected ||= reconnect !== true;
    disconnect(reconnect);
  };
  client.on('end', () => {
    if (isDisconnected) return;
    setTimeout(() => {
      if (!isDisconnected) client.connect().catch(() => undefined);
    }, MAX_PAUSE_MS).unref();
  });
  return client;
}

function retryDelay(longestMs: number): (attempt: number) => number {
  return (attempt) => Math.min(attempt * 50, longestMs);
}

function accessOptions({ username, password, tls }: RedisAccess, host?: string): Options {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: tlsOptions(tls, host) }),
  };
}

/** Each attempt to connect asks the Sentinels for the primary, so the client follows a failover. */
function sentinelOptions(
  { sentinels, name, sentinelAccess }: Extract<Endpoint, { kind: 'sentinel' }>,
  timeoutMs: number,
): Options {
  const { username, password, tls } = sentinelAccess;
  return {
    sentinels: sentinels.map(({ host, port }) => ({ host, port })),
    name,
    retryStrategy: retryDelay(MAX_PAUSE_BY_SENTINELS_MS),
    sentinelRetryStrategy: retryDelay(MAX_PAUSE_BY_SENTINELS_MS),
    // A silent Sentinel may have been lost together with the primary's machine. The next one is asked soon.
    sentinelCommandTimeout: Math.max(timeoutMs, 200),
    ...(username !== undefined && { sentinelUsername: username }),
    ...(password !== undefined && { sentinelPassword: password }),
    ...(tls && { sentinelTLS: tlsOptions(tls), enableTLSForSentinelMode: true }),
  };
}
