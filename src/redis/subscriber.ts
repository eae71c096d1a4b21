/** One client that listens to one channel, of Redis or of a Sentinel, for as long as it takes. */
import type { Redis } from 'ioredis';

/** Until one that is there, but would not let us listen, is asked again. */
const RETRY_MS = 1000;

/** Who only listens would never find out that the other side has gone without a word. */
const PING_MS = 500;

/** @returns ends the client */
export function subscribe(redis: Redis, channel: string, onMessage: (message: string) => void): () => void {
  let retry: NodeJS.Timeout | undefined;

  function subscribe(): void {
    clearTimeout(retry);
    redis.subscribe(channel).catch(() => {
      // Without a connection the next one begins anew.
      if (redis.status === 'ready') retry = setTimeout(subscribe, RETRY_MS);
    });
  }

  function ping(): void {
    if (redis.status !== 'ready') return;
    const { stream } = redis;
    redis.ping().catch(() => stream.destroy());
  }

  const pinging = setInterval(ping, PING_MS);
  redis.on('ready', subscribe);
  redis.on('message', (_channel, message) => onMessage(message));
  // Its end is an event of its own, and it is sought again.
  redis.on('error', () => undefined);
  return () => {
    clearInterval(pinging);
    clearTimeout(retry);
    redis.disconnect();
  };
}
