/** What every command is: a name, a line of help, and what it does with the words and options after its name. */

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
  readonly args: readonly string[];
  /** The command's own options, as given: `{name: 'Sample'}` for `--name Sample`. */
  readonly options: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What is typed after `tollgate`, its forms parted by ` | `; left out: the name alone. */
  readonly usage?: string;
  /** How many words it takes after its name; none where it does not say. */
  readonly maxArgs?: number;
  /** The names of its own options, each with a value. */
  readonly options?: readonly string[];
  load(): Promise<Run>;
}

/** @returns the exit code */
export type Run = (input: CommandInput) => Promise<number>;

/** Wrong usage, told as one line. */
export class UsageError extends Error {}
