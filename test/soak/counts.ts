/** Observes what Redis counts, through its failures and restarts. */
import { monitorRedis, type RedisMonitor } from '../support/redis-monitor.js';

/** One request that was counted for an app. */
export interface Counted {
  readonly key: string;
  /** Redis's own time of the count. */
  readonly atMs: number;
  /** The number of the Redis process: a killed one loses its data. */
  readonly life: number;
}

export interface CountWatch {
  readonly all: () => Counted[];
  /** Redis was killed. */
  lost(): void;
  /** Redis responds again; resolves once it is monitored. */
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
        writes
          // The gateway's own check that Redis accepts writes counts nothing.
          .filter(({ key }) => key !== `${prefix}probe`)
          .map(({ key, value }) => ({ key, life, atMs: value.readUIntBE(value.length - 6, 6) })),
      ),
  };
}
