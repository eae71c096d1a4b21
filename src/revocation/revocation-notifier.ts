/**
 * The notifier: one gate tells the others, by Redis, that revocations have changed, and that alone. What has changed is
 * read from where it is kept, so a message that is lost or comes twice does no harm.
 */
import { PUBLISH_SCRIPT } from './redis-scripts.js';

/** The connection as it is needed here. */
export interface ScriptRunner {
  /** `away` where Redis is, fails, or does not reply within the time. */
  runScript(
    lua: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    withinMs?: number,
  ): Promise<readonly unknown[] | 'unavailable'>;
}

/** Hears what is published on a channel, until the returned function is called. */
export type Subscribe = (channel: string, onMessage: (message: string) => void) => () => void;

export interface RevocationNotifier {
  /** Makes a new revision and tells it. Where Redis is unavailable nobody hears, and all find out by asking the registry. */
  publish(): Promise<void>;
  /** Calls back with each revision that is told; until the returned function is called. */
  subscribe(onRing: (revision: number) => void): () => void;
}

export interface RevocationNotifierOptions {
  readonly connection: ScriptRunner;
  readonly subscribe: Subscribe;
  /** Of the hash that has the revision, and of the channel. */
  readonly key: string;
}

export function createRedisNotifier({
  connection,
  subscribe,
  key,
}: RevocationNotifierOptions): RevocationNotifier {
  return {
    async publish() {
      await connection.runScript(PUBLISH_SCRIPT, [key], []);
    },
    subscribe: (onRing) =>
      subscribe(key, (message) => {
        const revision = Number(message);
        if (Number.isSafeInteger(revision)) onRing(revision);
      }),
  };
}
