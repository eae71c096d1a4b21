/**
 * Records when apps last got a token. Uses are collected for a second and written together, each app at most once a
 * minute, so that no token request waits for the write or fails with it.
 */
import { LRUCache } from 'lru-cache';
import type { Log } from '../model/log.js';
import type { Registry } from './registry/registry.js';

interface AppUses {
  /** Notes that the app gets a token now. Never throws. */
  record(key: string): void;
  /** Writes what was noted. Never rejects. */
  close(): Promise<void>;
}

interface AppUsesOptions {
  readonly registry: Pick<Registry, 'recordAppUses'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

/** The precision of the recorded time: within it, a further use is not written. */
const PRECISION_MS = 60_000;
const WRITE_AFTER_MS = 1000;
/** The most apps whose last write is remembered. The use of an app that was forgotten may be written again sooner. */
const MAX_APPS = 100_000;

/** Creates the record of one process. Several processes on one registry also write an app once a minute together. */
export function createAppUses({ registry, now, log }: AppUsesOptions): AppUses {
  const noted = new LRUCache<string, number>({ max: MAX_APPS });
  let waiting = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let isFailing = false;

  async function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const keys = [...waiting];
    waiting = new Set();
    if (keys.length === 0) return;
    const atMs = now();
    try {
      await registry.recordAppUses(keys, atMs, atMs - PRECISION_MS);
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'the last use of apps could not be recorded');
      isFailing = true;
    }
  }

  return {
    record(key) {
      const at = now();
      const last = noted.get(key);
      if (last !== undefined && at - last < PRECISION_MS) return;
      noted.set(key, at);
      waiting.add(key);
      timer ??= setTimeout(() => void write(), WRITE_AFTER_MS).unref();
    },
    close: write,
  };
}
