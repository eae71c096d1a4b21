/** The types of a command: its name, help, arguments and options. `commands.ts` lists the commands. */

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Reads the first line of standard input. Secrets are read here, since other users can see arguments. */
  readSecret(): Promise<string>;
  /** Shows one line in place of the one before; clears it without a line. Undefined unless standard error is a terminal. */
  readonly showStatus?: ((line: string | undefined) => void) | undefined;
  readonly env: Record<string, string | undefined>;
}

export interface CommandInput {
  /** The configuration file, as given or by default. */
  readonly file: string;
  /** Whether `-c` was not given. */
  readonly isDefaultFile: boolean;
  /** Whether `--json` was given; false for a command without that option. */
  readonly json: boolean;
  /** The positional arguments after the command's name. */
  readonly args: readonly string[];
  /** The values of the command's own options: `{name: 'Sample'}` for `--name Sample`. The last one, if given twice. */
  readonly options: Readonly<Record<string, string | undefined>>;
  /** All values of its options that repeat, in the order given: `{case: ['a', 'b']}`. */
  readonly lists: Readonly<Record<string, readonly string[] | undefined>>;
  /** Its options without a value that were given: `json` for `--json`. */
  readonly flags: ReadonlySet<string>;
  readonly terminal: Terminal;
}

export interface CommandOption {
  /** Without the dashes. An option of the same name has a value in all commands or in none. */
  readonly name: string;
  /** The placeholder of its value in the help: `URL`; absent: it has no value. `FILE` completes to file names. */
  readonly value?: string;
  /** Whether it may be given more than once, with all values kept. */
  readonly repeats?: true;
  readonly summary: string;
}

/** What a command does with its first argument: `create` of `tollgate apps create`. */
export interface CommandAction {
  readonly name: string;
  /** What follows its name: `--name NAME --scopes a,b`; absent: nothing. */
  readonly usage?: string;
  readonly summary: string;
  /** The names of the command's options that it uses; absent: `json` alone. */
  readonly options?: readonly string[];
}

export interface Command {
  readonly name: string;
  /** One line, at most 80 characters. */
  readonly summary: string;
  /** What follows its name: `METHOD PATH_OR_URL [--token T]`; absent: nothing, or one of its actions. */
  readonly usage?: string;
  readonly actions?: readonly CommandAction[];
  /** The most positional arguments; absent: none. */
  readonly maxArgs?: number;
  /** What its positional arguments are, for completion: file names, or one of these words; absent: neither. */
  readonly argumentKind?: 'file' | readonly string[];
  /** Its own options, with `JSON_OPTION` where it prints data. */
  readonly options?: readonly CommandOption[];
  /** Two command lines or more, without `tollgate`. */
  readonly examples: readonly [string, string, ...string[]];
  /** Imports the command's code. */
  load(): Promise<Run>;
}

/** Runs a command. Resolves to the exit code. */
export type Run = (input: CommandInput) => Promise<number>;

/** Wrong usage: reported as one line, exit code 2. */
export class UsageError extends Error {}

export const DEFAULT_FILE = 'config/gateway.yaml';

/** The option of every command that prints data. */
export const JSON_OPTION: CommandOption = { name: 'json', summary: 'print data as JSON' };

/** The options that every command has, each also with one letter. */
export const GENERAL_OPTIONS: readonly (CommandOption & { readonly short: string })[] = [
  {
    name: 'config',
    short: 'c',
    value: 'FILE',
    summary: `the configuration (default ${DEFAULT_FILE})`,
  },
  { name: 'help', short: 'h', summary: 'print this help' },
  { name: 'version', short: 'v', summary: 'print the version' },
];
