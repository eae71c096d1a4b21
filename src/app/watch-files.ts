/**
 * Reports when files have changed, by polling them twice a second. Called by `config-file.ts`.
 *
 * Polling, since the system's events do not come from every file system and container. They also follow the original inode,
 * which an editor's rename and a ConfigMap's links replace; `stat` follows both. A file may be half written when it is
 * polled, so a change is reported once the next poll finds it unchanged.
 */
import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

export interface WatchedFiles {
  /** To be called just before the files are read. Their current state no longer counts as a change. */
  snapshot(): void;
  /** To be called after the files were read. Watches these paths, and no others. */
  watch(paths: readonly string[]): void;
  close(): void;
}

type Stamps = ReadonlyMap<string, string>;

const POLL_EVERY_MS = 500;

/**
 * Starts polling, with no paths at first. The timer does not keep the process alive.
 *
 * @param onChange called once for each change of one or more files
 * @param everyMs milliseconds between polls
 */
export function watchFiles(onChange: () => void, everyMs = POLL_EVERY_MS): WatchedFiles {
  /** The state when the files were last read, or when the last change was reported. */
  let known: Stamps = new Map();
  let lastPoll: Stamps = known;

  function poll(): void {
    const now = stampsOf(known.keys());
    const isUnchanged = isDeepStrictEqual(now, lastPoll);
    lastPoll = now;
    if (!isUnchanged || isDeepStrictEqual(now, known)) return;
    known = now;
    onChange();
  }

  const timer = setInterval(poll, everyMs).unref();

  return {
    snapshot() {
      known = stampsOf(known.keys());
    },
    watch(paths) {
      known = new Map(paths.map((path) => [path, known.get(path) ?? stampOf(path)]));
    },
    close: () => clearInterval(timer),
  };
}

function stampsOf(paths: Iterable<string>): Stamps {
  return new Map(Array.from(paths, (path) => [path, stampOf(path)]));
}

/** Returns a stamp that differs for a replaced file and for changed content. */
function stampOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch {
    return 'not there';
  }
}
