/**
 * The bell: one gate tells the others, by Redis, that revocations have changed, and that alone. What has changed is
 * read from where it is kept, so a message that is lost or comes twice does no harm.
 */
import { RING_SCRIPT } from './redis-scripts.js';

/** The connection as it is needed here. */
export interface ScriptRunner {
  /** `away` where Redis is, fails, or does not reply within the time. */
  runScript(
    lua: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    withinMs?: number,
  ): Promise<readonly unknown[] | 'away'>;
}

/** Hears what is published on a channel, until the returned function is called. */
export type Subscribe = (channel: string, onMessage: (message: string) => void) => () => void;

export interface Bell {
  /** Makes a new revision and tells it. Where Redis is away nobody hears, and all find out by asking the registry. */
  ring(): Promise<void>;
  /** Calls back with each revision that is told; until the returned function is called. */
  listen(onRing: (revision: number) => void): () => void;
}

export interface BellOptions {
  readonly connection: ScriptRunner;
  readonly subscribe: Subscribe;
  /** Of the hash that has the revision, and of the channel. */
  readonly key: string;
}

export function createRedisBell({ connection, subscribe, key }: BellOptions): Bell {
  return {
    async ring() {
      await connection.runScript(RING_SCRIPT, [key], []);
    },
    listen: (onRing) =>
      subscribe(key, (message) => {
        const revision = Number(message);
        if (Number.isSafeInteger(revision)) onRing(revision);
      }),
  };
}
