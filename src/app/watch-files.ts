/**
 * Reports when files have changed, by polling them twice a second. Called by `config-file.ts`.
 *
 * Polling, since the system's events do not come from every file system and container. They also follow the original inode,
 * which an editor's rename and a ConfigMap's links replace; `stat` follows both. A file may be half written when it is
 * polled, so a change is reported once the next poll finds it unchanged. On a mount that does not respond a poll stays pending, and no
 * other one is started: nothing else waits for it.
 */
import type { BigIntStats } from 'node:fs';
import { stat as statFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';

export interface WatchedFiles {
  /** To be awaited just before the files are read. Their current state no longer counts as a change. */
  snapshot(): Promise<void>;
  /** To be awaited after the files were read. Watches these paths, and no others. */
  watch(paths: readonly string[]): Promise<void>;
  close(): void;
}

export interface WatchOptions {
  /** Milliseconds between polls. */
  readonly everyMs?: number;
  readonly stat?: (path: string) => Promise<Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs'>>;
}

type Stamps = ReadonlyMap<string, string>;

const POLL_EVERY_MS = 500;

/**
 * Starts polling, with no paths at first. The timer does not keep the process alive.
 *
 * @param onChange called once for each change of one or more files
 */
export function watchFiles(
  onChange: () => void,
  { everyMs = POLL_EVERY_MS, stat = (path) => statFile(path, { bigint: true }) }: WatchOptions = {},
): WatchedFiles {
  /** The state when the files were last read, or when the last change was reported. Replaced as a whole. */
  let known: Stamps = new Map();
  let lastPoll: Stamps = known;
  let isPolling = false;

  /** Returns a stamp that differs for a replaced file and for changed content. */
  async function stampOf(path: string): Promise<string> {
    try {
      const { dev, ino, size, mtimeNs } = await stat(path);
      return `${dev}:${ino}:${size}:${mtimeNs}`;
    } catch {
      return 'not there';
    }
  }

  async function stampsOf(paths: Iterable<string>): Promise<Stamps> {
    return new Map(
      await Promise.all(Array.from(paths, async (path) => [path, await stampOf(path)] as const)),
    );
  }

  async function poll(): Promise<void> {
    if (isPolling) return;
    isPolling = true;
    const before = known;
    const now = await stampsOf(before.keys());
    isPolling = false;
    // If the files were read meanwhile, these stamps are out of date.
    if (known !== before) return;
    const isUnchanged = isDeepStrictEqual(now, lastPoll);
    lastPoll = now;
    if (!isUnchanged || isDeepStrictEqual(now, known)) return;
    known = now;
    onChange();
  }

  const timer = setInterval(() => void poll(), everyMs).unref();

  return {
    async snapshot() {
      known = await stampsOf(known.keys());
    },
    async watch(paths) {
      const read = known;
      const entries = paths.map(async (path) => [path, read.get(path) ?? (await stampOf(path))] as const);
      known = new Map(await Promise.all(entries));
    },
    close: () => clearInterval(timer),
  };
}
