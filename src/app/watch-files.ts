/**
 * Tells when files have changed, by looking at them twice a second.
 *
 * Looking, and not the system's notices: those do not come from every file system and container, and hang on the file
 * that was there, which an editor's rename and a ConfigMap's links replace. `stat` follows all of these. A file may be
 * seen half written, so a change counts once it has been still for one look more.
 */
import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

export interface WatchedFiles {
  /** To be called just before the files are read: what is there now is no change any more. */
  sight(): void;
  /** To be called when they were read: these are watched from now on, and no others. */
  watch(paths: readonly string[]): void;
  close(): void;
}

type Stamps = ReadonlyMap<string, string>;

const LOOK_EVERY_MS = 500;

export function watchFiles(onChange: () => void, everyMs = LOOK_EVERY_MS): WatchedFiles {
  /** As they were when they were read last, or when the change was told. */
  let known: Stamps = new Map();
  let seen: Stamps = known;

  function look(): void {
    const now = stampsOf(known.keys());
    const isStill = isDeepStrictEqual(now, seen);
    seen = now;
    if (!isStill || isDeepStrictEqual(now, known)) return;
    known = now;
    onChange();
  }

  const timer = setInterval(look, everyMs).unref();

  return {
    sight() {
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

/** Another one for another file of the same name, and for another content of the same file. */
function stampOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch {
    return 'not there';
  }
}
