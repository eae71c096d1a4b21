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

/** An app whose use was recorded in this time, by any process, is not written again. */
const PRECISION_MS = 60_000;
const WRITE_AFTER_MS = 1000;
/** A use is noted again only when its write cannot be too early: writes come up to `WRITE_AFTER_MS` after their notes. */
const NOTE_AGAIN_MS = PRECISION_MS + 2 * WRITE_AFTER_MS;
/** The most apps whose last write is remembered. The use of an app that was forgotten may be written again sooner. */
const MAX_APPS = 10_000;

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
      if (last !== undefined && at - last < NOTE_AGAIN_MS) return;
      noted.set(key, at);
      waiting.add(key);
      timer ??= setTimeout(() => void write(), WRITE_AFTER_MS).unref();
    },
    close: write,
  };
}
