/**
 * Bounds the operator's log: nothing that clients, upstreams, issuers or stores do makes more than a few lines a second.
 * Called by `log.ts`, and for the logger of an application that uses the library by `src/index.ts`.
 *
 * Lines are of one kind if they have the same message and are about the same part of the file. In ten seconds, ten lines of
 * a kind are written; the others are counted, and one line says how many they were. The access log and the audit log are
 * not limited here: they have one line for each request and for each change.
 */
import type { Log } from '../model/log.js';

export type LogLevel = keyof Log;

/** A log that can say whether a level is logged at all. */
export type LeveledLog = Log & { isLevelEnabled(level: LogLevel): boolean };

export interface LimitedLog {
  readonly log: LeveledLog;
  /** Writes how many lines were left out until now. Lines may still follow. */
  readonly flush: () => void;
}

/** The most lines of one kind in a period. */
export const LINES_PER_PERIOD = 10;
const PERIOD_MS = 10_000;
/** The most kinds in a period. The lines of further ones count together. */
const MAX_KINDS = 1000;

/** The messages of the access log and the audit log, which are complete. */
const UNLIMITED: ReadonlySet<string> = new Set(['request', 'audit']);
/** The fields that name a part of the file. Their values are the file's, so clients cannot make kinds of lines. */
const PARTS = [
  'upstream',
  'target',
  'issuer',
  'endpoint',
  'route',
  'key',
  'field',
  'claim',
  'worker',
] as const;

interface Kind {
  readonly level: LogLevel;
  readonly message: string;
  /** The fields of `PARTS` that the lines have. */
  readonly part: object;
  lines: number;
  leftOut: number;
  readonly timer: NodeJS.Timeout;
}

/** Returns a log with the same methods, whose lines are limited. Its `flush` is to be called before the end. */
export function limitLines(log: LeveledLog): LimitedLog {
  const kinds = new Map<string, Kind>();

  function report({ level, message, part, leftOut }: Kind): void {
    if (leftOut > 0) log[level]({ of: message, ...part, lines: leftOut }, 'log lines were left out');
  }

  function kindOf(level: LogLevel, fields: object, message: string): Kind {
    const [name, part] = kinds.size < MAX_KINDS ? partOf(fields) : ['', {}];
    const key = `${level} ${message} ${name}`;
    let kind = kinds.get(key);
    if (kind === undefined) {
      const end = (): void => {
        kinds.delete(key);
        report(kind!);
      };
      kind = { level, message, part, lines: 0, leftOut: 0, timer: setTimeout(end, PERIOD_MS).unref() };
      kinds.set(key, kind);
    }
    return kind;
  }

  function limited(level: LogLevel) {
    return (fields: object, message: string): void => {
      if (!log.isLevelEnabled(level)) return;
      if (!UNLIMITED.has(message)) {
        const kind = kindOf(level, fields, message);
        kind.lines += 1;
        if (kind.lines > LINES_PER_PERIOD) {
          kind.leftOut += 1;
          return;
        }
      }
      log[level](fields, message);
    };
  }

  return {
    log: {
      debug: limited('debug'),
      info: limited('info'),
      warn: limited('warn'),
      error: limited('error'),
      isLevelEnabled: (level) => log.isLevelEnabled(level),
    },
    flush() {
      for (const kind of kinds.values()) {
        clearTimeout(kind.timer);
        report(kind);
      }
      kinds.clear();
    },
  };
}

/** The part of the file that a line is about: as a text, and as fields. */
function partOf(fields: object): readonly [name: string, part: object] {
  const part: Record<string, string | number> = {};
  for (const field of PARTS) {
    const value = (fields as Readonly<Record<string, unknown>>)[field];
    if (typeof value === 'string' || typeof value === 'number') part[field] = value;
  }
  return [JSON.stringify(part), part];
}
