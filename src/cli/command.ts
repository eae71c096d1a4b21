/** The types of a command: its name, help, arguments and options. `commands.ts` lists the commands. */

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Reads the first line of standard input. Secrets are read here, since other users can see arguments. */
  readSecret(): Promise<string>;
  readonly env: Record<string, string | undefined>;
}

export interface CommandInput {
  /** The configuration file, as given or by default. */
  readonly file: string;
  /** Whether `-c` was not given. */
  readonly isDefaultFile: boolean;
  readonly json: boolean;
  /** The positional arguments after the command's name. */
  readonly args: readonly string[];
  /** The command's own options, as given: `{name: 'Sample'}` for `--name Sample`. */
  readonly options: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** The usage after `tollgate`, its forms separated by ` | `; absent: the name alone. */
  readonly usage?: string;
  /** The most positional arguments; absent: none. */
  readonly maxArgs?: number;
  /** The names of its own options; each takes a value. */
  readonly options?: readonly string[];
  /** Imports the command's code. */
  load(): Promise<Run>;
}

/** Runs a command. Resolves to the exit code. */
export type Run = (input: CommandInput) => Promise<number>;

/** Wrong usage: reported as one line, exit code 2. */
export class UsageError extends Error {}
