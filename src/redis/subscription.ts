/**
 * The connection that listens: Redis wants one of its own for it. What is published while it is away is lost, so whoever
 * listens must have another way to find out; its outages are those that `connection.ts` tells of.
 */
import type { RedisSettings } from '../model/settings.js';
import { createClient } from './client.js';

/** Listens to one channel, and goes on trying for as long as it takes. @returns ends it */
export function subscribeRedis(
  settings: RedisSettings,
  channel: string,
  onMessage: (message: string) => void,
): () => void {
  const redis = createClient(settings);
  redis.on('ready', () => {
    // Where that fails the connection is as good as none: another may do better.
    redis.subscribe(channel).catch(() => redis.stream.destroy());
  });
  redis.on('message', (_channel, message) => onMessage(message));
  // Its end is an event of its own, and it is sought again.
  redis.on('error', () => undefined);
  return () => redis.disconnect();
}
