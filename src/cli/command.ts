/** What every command is: a name, a line of help, and what it does with the words and options after its name. */
import { OperatorError } from '../model/operator-error.js';

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** The first line of standard input: where secrets come from, since arguments are seen by everybody. */
  readSecret(): Promise<string>;
  readonly env: Record<string, string | undefined>;
}

export interface CommandInput {
  /** The configuration file, as given or by default. */
  readonly file: string;
  /** Whether no file was named. */
  readonly isDefaultFile: boolean;
  readonly json: boolean;
  /** The words after the command's name that are no option. */
  readonly words: readonly string[];
  /** The command's own options, as given: `{name: 'Sample'}` for `--name Sample`. */
  readonly options: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
}

/** Exit codes: a bad file or a refused request; wrong usage or an unreadable file. */
export const EXIT_OK = 0;
export const EXIT_BAD = 1;
export const EXIT_USAGE = 2;

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What is typed after `tollgate`, its forms parted by ` | `; left out: the name alone. */
  readonly usage?: string;
  /** How many words it takes after its name; none where it does not say. */
  readonly takes?: number;
  /** The names of its own options, each with a value. */
  readonly options?: readonly string[];
  load(): Promise<Run>;
}

/** @returns the exit code */
export type Run = (input: CommandInput) => Promise<number>;

/** Wrong usage, told as one line. */
export class UsageError extends Error {}

/** What was asked for cannot be done: one clear line, exit code 1. */
export class Refused extends OperatorError {}

/** Another process of the gate has said what is wrong: its exit code is all that is left to tell. */
export class AlreadyTold extends Error {
  constructor(readonly code: number) {
    super();
  }
}
