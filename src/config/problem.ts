/** Problems of a configuration with their locations, and the errors that carry them. */
import { hideSecrets } from './secrets.js';

/** The keys and indexes that lead to a value: `['routes', 3, 'limit']`. */
export type Path = readonly PropertyKey[];

/** Whether a problem is located at a key or at its value. */
export type SourceLocation = 'key' | 'value';

/** Records a problem. Loading continues, so that all problems are reported at once. */
export type Report = (path: Path, text: string, location?: SourceLocation) => void;

/**
 * Records a warning about a value that is allowed. `check` prints it.
 * @param isInsecure whether the value switches off a protection; then every start logs it too
 */
export type Warn = (path: Path, text: string, isInsecure?: boolean) => void;

/** The result of a parser for a text that does not follow its grammar. */
export class ParseError {
  constructor(readonly text: string) {}
}

/** One problem of a configuration. */
export class Problem {
  /**
   * @param file the file as the user named it; for a configuration given as an object, the path of the value
   * @param line from 1; 0 without a file
   * @param column from 1; 0 without a file
   */
  constructor(
    readonly file: string,
    readonly line: number,
    readonly column: number,
    readonly text: string,
    /** The whole line of the file; undefined without a file. */
    readonly sourceLine?: string,
  ) {}

  /** For a terminal: the problem, then its line with a caret under the column. */
  toLines(): readonly string[] {
    return [this.toString(), ...excerptOf(this.sourceLine, this.column)];
  }

  toString(): string {
    return this.line === 0
      ? `${this.file}: ${this.text}`
      : `${this.file}:${this.line}:${this.column}: ${this.text}`;
  }
}

const MAX_WIDTH = 100;

/**
 * Formats a line of the file and a caret under one of its columns; nothing for an empty line. Of a long line it shows
 * the part around the column. What may be a credential is replaced by the same number of stars.
 */
export function excerptOf(line: string | undefined, column: number): readonly string[] {
  if (line === undefined || line.trim() === '') return [];
  const hidden = hideSecrets(line.trimEnd());
  const start = column <= MAX_WIDTH ? 0 : column - Math.floor(MAX_WIDTH / 2);
  const shown = hidden.slice(start, start + MAX_WIDTH);
  // Tabs are kept, so that the caret is below its column.
  const before = hidden.slice(start, column - 1).replace(/[^\t]/g, ' ');
  return [`  ${shown}`, `  ${before}^`];
}

/** The configuration was read but cannot be used. The message has every problem, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(
    readonly problems: readonly Problem[],
    /** The files that the configuration names, as far as known; the fault may be in one of them. */
    readonly files: readonly string[] = [],
  ) {
    super(problems.join('\n'));
  }
}

/** The configuration file itself cannot be read. */
export class ConfigUnreadable extends Error {
  override readonly name = 'ConfigUnreadable';

  constructor(
    readonly file: string,
    reason: string,
  ) {
    super(`cannot read ${file}: ${reason}`);
  }
}

/** Formats a path as `routes[3].limit`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += (text === '' ? '' : '.') + String(step);
  }
  return text;
}
