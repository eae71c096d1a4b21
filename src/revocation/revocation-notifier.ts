/**
 * Notifies other gateways, by Redis, that revocations have changed. The message has only the revision. The changes are
 * read from the source, so a lost or repeated message does no harm.
 */
import { PUBLISH_SCRIPT } from './redis-scripts.js';

/** The part of the Redis connection that is used here. */
export interface RevocationRedis {
  /** `unavailable` where Redis is unavailable, fails, or does not reply in time. */
  runScript(
    lua: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    withinMs?: number,
  ): Promise<readonly unknown[] | 'unavailable'>;
}

/** Receives the messages of a channel, until the returned function is called. */
export type Subscribe = (channel: string, onMessage: (message: string) => void) => () => void;

export interface RevocationNotifier {
  /** Publishes a new revision. While Redis is unavailable nothing is sent; other gateways find it by polling. */
  publish(): Promise<void>;
  /** Calls back with each published revision, until the returned function is called. */
  subscribe(onRevision: (revision: number) => void): () => void;
}

export interface RevocationNotifierOptions {
  readonly connection: RevocationRedis;
  readonly subscribe: Subscribe;
  /** The key of the hash with the revision, and the name of the channel. */
  readonly key: string;
}

/** Creates the notifier. Nothing rejects. */
export function createRedisNotifier({
  connection,
  subscribe,
  key,
}: RevocationNotifierOptions): RevocationNotifier {
  return {
    async publish() {
      await connection.runScript(PUBLISH_SCRIPT, [key], []);
    },
    subscribe: (onRevision) =>
      subscribe(key, (message) => {
        const revision = Number(message);
        if (Number.isSafeInteger(revision)) onRevision(revision);
      }),
  };
}
