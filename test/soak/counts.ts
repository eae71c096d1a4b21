/** What Redis has counted, watched over its shoulder through all that happens to it. */
import { monitorRedis, type RedisMonitor } from '../support/redis-monitor.js';

/** One request that was counted for an app. */
export interface Counted {
  readonly key: string;
  /** Redis's own time of the count. */
  readonly atMs: number;
  /** Which life of Redis it was in: with its death it forgets. */
  readonly life: number;
}

export interface CountWatch {
  readonly all: () => Counted[];
  /** Redis is dead. */
  lost(): void;
  /** Redis answers again; resolves once it is watched. */
  found(): Promise<void>;
  close(): void;
}

export function watchCounts(url: string, prefix: string): CountWatch {
  const lives: RedisMonitor[] = [];
  async function found(): Promise<void> {
    lives.push(await monitorRedis(url, prefix));
  }
  void found();
  return {
    found,
    lost: () => lives.at(-1)?.close(),
    close: () => lives.at(-1)?.close(),
    all: () =>
      lives.flatMap(({ writes }, life) =>
        writes.map(({ key, value }) => ({ key, life, atMs: value.readUIntBE(value.length - 6, 6) })),
      ),
  };
}
