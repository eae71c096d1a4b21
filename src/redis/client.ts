/** How every client of Redis is fenced: no queue, no replay, and Redis is sought again for as long as it takes. */
import { Redis } from 'ioredis';
import type { RedisSettings } from '../model/settings.js';

/** Connecting may take longer than a call, but no longer than counting may take to come back. */
const SHORTEST_CONNECT_MS = 500;

export function createClient({ servers, timeoutMs }: RedisSettings): Redis {
  if (servers.kind !== 'single') throw new TypeError(`${servers.kind} is not spoken to yet`);
  const connectMs = Math.max(timeoutMs, SHORTEST_CONNECT_MS);
  return new Redis(servers.url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 50, 500),
    // A former primary that is read-only now may have a successor at the same name.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    connectTimeout: connectMs,
    // For the handshake and for subscribing; scripts have their own, in `runScript`.
    commandTimeout: connectMs,
    // A connection that is given up is not waited for.
    disconnectTimeout: 0,
    disableClientInfo: true,
  });
}
