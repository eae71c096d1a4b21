/** What every command is: a name, a line of help, and what it does with the words after its name. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  readonly env: Record<string, string | undefined>;
}

export interface CommandInput {
  /** The configuration file, as given or by default. */
  readonly file: string;
  readonly json: boolean;
  /** The words after the command's name that are no option. */
  readonly words: readonly string[];
  readonly terminal: Terminal;
}

/** Exit codes: a bad file or a refused request; wrong usage or an unreadable file. */
export const EXIT_OK = 0;
export const EXIT_BAD = 1;
export const EXIT_USAGE = 2;

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** How many words it takes after its name; none where it does not say. */
  readonly takes?: number;
  run(input: CommandInput): Promise<number>;
}

/** Wrong usage, told as one line. */
export class UsageError extends Error {}
