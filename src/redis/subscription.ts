/**
 * The connection that listens: Redis wants one of its own for it. What is published while it is away is lost, so whoever
 * listens must have another way to find out; its outages are those that `connection.ts` tells of.
 */
import type { RedisSettings } from '../model/settings.js';
import { createClient } from './client.js';

/** Until a Redis that is there, but would not let us listen, is asked again. */
const RETRY_MS = 1000;

/** Listens to one channel, and goes on trying for as long as it takes. @returns ends it */
export function subscribeRedis(
  settings: RedisSettings,
  channel: string,
  onMessage: (message: string) => void,
): () => void {
  const redis = createClient(settings);
  let retry: NodeJS.Timeout | undefined;

  function listen(): void {
    clearTimeout(retry);
    redis.subscribe(channel).catch(() => {
      // Without a connection the next one begins anew.
      if (redis.status === 'ready') retry = setTimeout(listen, RETRY_MS);
    });
  }

  redis.on('ready', listen);
  redis.on('message', (_channel, message) => onMessage(message));
  // Its end is an event of its own, and it is sought again.
  redis.on('error', () => undefined);
  return () => {
    clearTimeout(retry);
    redis.disconnect();
  };
}
