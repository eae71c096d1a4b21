/** How the commands for apps and users read what follows their names, and print what they find. */
import { UsageError, type CommandInput } from './command.js';

/** The word that must be there. */
export function requiredArg(word: string | undefined, usage: string): string {
  if (word === undefined || word === '') throw new UsageError(`usage: tollgate ${usage}`);
  return word;
}

/** `a,b`: at least one. */
export function requiredList(text: string | undefined, usage: string): readonly string[] {
  const list = requiredArg(text, usage)
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  if (list.length === 0) throw new UsageError(`usage: tollgate ${usage}`);
  return list;
}

/** Refuses a word behind the ones that mean something. */
export function rejectExtraArgs({ args }: CommandInput, count: number, usage: string): void {
  if (args.length > count) throw new UsageError(`usage: tollgate ${usage}`);
}

export function print({ json, terminal }: CommandInput, data: object, text: string): void {
  terminal.out(json ? JSON.stringify(data, null, 2) : text);
}

export function printTable(
  input: CommandInput,
  data: object,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  print(input, data, formatTable([headings, ...rows]));
}

/** Columns as wide as their widest cell. */
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
