/** Argument parsing and output of the commands. */
import { UsageError, type CommandInput } from './command.js';

/**
 * Returns a required argument.
 * @throws UsageError if it is missing or empty
 */
export function requiredArg(arg: string | undefined, usage: string): string {
  if (arg === undefined || arg === '') throw new UsageError(`usage: tollgate ${usage}`);
  return arg;
}

/**
 * Parses a required list of scopes: `a,b`, or `a b` as in a token. No scope has a space (RFC 6749 3.3).
 * @throws UsageError if it has no item
 */
export function requiredList(text: string | undefined, usage: string): readonly string[] {
  const list = requiredArg(text, usage)
    .split(/[\s,]+/)
    .filter((each) => each !== '');
  if (list.length === 0) throw new UsageError(`usage: tollgate ${usage}`);
  return list;
}

/**
 * Rejects surplus arguments.
 * @throws UsageError if there are more than `count`
 */
export function rejectExtraArgs({ args }: CommandInput, count: number, usage: string): void {
  if (args.length > count) throw new UsageError(`usage: tollgate ${usage}`);
}

/** Prints the data with `--json`, else the text. */
export function print({ json, terminal }: CommandInput, data: object, text: string): void {
  terminal.out(json ? JSON.stringify(data, null, 2) : text);
}

/** Prints the data with `--json`, else the rows as a table. */
export function printTable(
  input: CommandInput,
  data: object,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  print(input, data, formatTable([headings, ...rows]));
}

/** Formats rows of equal length as columns, each as wide as its widest cell. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
