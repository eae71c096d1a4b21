/** Keeps one client subscribed to one channel of Redis or a Sentinel, for `subscription.ts` and `sentinels.ts`. */
import type { Redis } from 'ioredis';

/** Before the next attempt, where a connected server refused to subscribe. */
const RETRY_MS = 1000;

/** A connection that only receives would not notice a peer that has vanished. */
const PING_MS = 500;

/**
 * Subscribes a client to a channel, again after each reconnect.
 *
 * @returns a function that disconnects the client
 */
export function subscribe(redis: Redis, channel: string, onMessage: (message: string) => void): () => void {
  let retryTimer: NodeJS.Timeout | undefined;

  function resubscribe(): void {
    clearTimeout(retryTimer);
    redis.subscribe(channel).catch(() => {
      // Without a connection, the next `ready` event subscribes again.
      if (redis.status === 'ready') retryTimer = setTimeout(resubscribe, RETRY_MS);
    });
  }

  function ping(): void {
    if (redis.status !== 'ready') return;
    const { stream } = redis;
    redis.ping().catch(() => stream.destroy());
  }

  const pingTimer = setInterval(ping, PING_MS);
  redis.on('ready', resubscribe);
  redis.on('message', (_channel, message) => onMessage(message));
  // A `close` event follows, and the client reconnects by itself.
  redis.on('error', () => undefined);
  return () => {
    clearInterval(pingTimer);
    clearTimeout(retryTimer);
    redis.disconnect();
  };
}
