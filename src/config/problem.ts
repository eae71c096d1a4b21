/** What is wrong with a configuration, and where: the words that a person reads before anything is started. */
import { hideSecrets } from './secrets.js';

/** The keys and indexes that lead to a value: `['routes', 3, 'limit']`. */
export type Path = readonly PropertyKey[];

/** Whether a problem lies with a key or with what stands beside it. */
export type SourceLocation = 'key' | 'value';

/** Takes note of a problem; loading goes on, so that all are told at once. */
export type Report = (path: Path, text: string, spot?: SourceLocation) => void;

/** What a grammar answers where a text does not follow it. */
export class ParseError {
  constructor(readonly text: string) {}
}

export class Problem {
  /**
   * @param file the file as it was named; for a configuration given as an object the path of the value in it
   * @param line from 1; 0 where there is no file
   * @param column from 1; 0 where there is no file
   */
  constructor(
    readonly file: string,
    readonly line: number,
    readonly column: number,
    readonly text: string,
    /** The whole line as it stands in the file; undefined where there is none. */
    readonly sourceLine?: string,
  ) {}

  /** For a person at a terminal: the problem, then its line with a mark under its place. */
  toLines(): readonly string[] {
    return [this.toString(), ...excerptOf(this.sourceLine, this.column)];
  }

  toString(): string {
    return this.line === 0
      ? `${this.file}: ${this.text}`
      : `${this.file}:${this.line}:${this.column}: ${this.text}`;
  }
}

const WIDEST = 100;

/**
 * A line of the file and a caret under one of its columns; nothing where the line is empty. Of a long line the part around
 * the column is shown. What may be a credential is replaced by stars, as many as it has characters.
 */
export function excerptOf(line: string | undefined, column: number): readonly string[] {
  if (line === undefined || line.trim() === '') return [];
  const hidden = hideSecrets(line.trimEnd());
  const start = column <= WIDEST ? 0 : column - Math.floor(WIDEST / 2);
  const shown = hidden.slice(start, start + WIDEST);
  // Tabs are as wide above as below.
  const before = hidden.slice(start, column - 1).replace(/[^\t]/g, ' ');
  return [`  ${shown}`, `  ${before}^`];
}

/** The configuration was read but cannot be used: every problem at once, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(
    readonly problems: readonly Problem[],
    /** The files that it names, as far as they were found: what is wrong may be in one of them. */
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

/** `routes[3].limit` */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += (text === '' ? '' : '.') + String(step);
  }
  return text;
}
