/** What can be completed where, from the table of commands. The scripts of all shells are made from it. */
import { GENERAL_OPTIONS, JSON_OPTION, type Command, type CommandOption } from './command.js';

export interface CompletionPlace {
  /** The command and, where it has been given, its action: `apps create`; empty before the command. */
  readonly path: string;
  /** The words that can follow, each with a description. */
  readonly words: readonly { readonly name: string; readonly summary: string }[];
  /** Whether file names can follow. */
  readonly files: boolean;
  /** The options, those of every command included. */
  readonly options: readonly CommandOption[];
}

export interface CompletionPlaces {
  readonly places: readonly CompletionPlace[];
  /** As written, with one letter too: the options whose value is a file, and those with another value. */
  readonly fileOptions: readonly string[];
  readonly valueOptions: readonly string[];
}

/** Returns every place on a command line, by the command and the action before it. */
export function completionPlaces(commands: readonly Command[]): CompletionPlaces {
  const summaries = commands.map(({ name, summary }) => ({ name, summary }));
  const places = [
    placeOf('', [...summaries, { name: 'help', summary: 'describes a command' }], []),
    placeOf('help', summaries, []),
    ...commands.flatMap(placesOf),
  ];
  const all = [...commands.flatMap(({ options = [] }) => options), ...GENERAL_OPTIONS];
  const isFile = ({ value }: CommandOption): boolean => value === 'FILE';
  return {
    places,
    fileOptions: spellings(all.filter(isFile)),
    valueOptions: spellings(all.filter((option) => option.value !== undefined && !isFile(option))),
  };
}

function placesOf({ name, actions, argumentKind, options = [] }: Command): readonly CompletionPlace[] {
  const words =
    typeof argumentKind === 'object' ? argumentKind.map((word) => ({ name: word, summary: '' })) : [];
  const own = (names: readonly string[] = [JSON_OPTION.name]): readonly CommandOption[] =>
    options.filter((option) => names.includes(option.name));
  return [
    placeOf(name, actions ?? words, options, argumentKind === 'file'),
    ...(actions ?? []).map((action) => placeOf(`${name} ${action.name}`, [], own(action.options))),
  ];
}

function placeOf(
  path: string,
  words: CompletionPlace['words'],
  own: readonly CommandOption[],
  files = false,
): CompletionPlace {
  return { path, words, files, options: [...own, ...GENERAL_OPTIONS] };
}

function spellings(options: readonly (CommandOption & { readonly short?: string })[]): readonly string[] {
  return [
    ...new Set(
      options.flatMap(({ name, short }) => [...(short === undefined ? [] : [`-${short}`]), `--${name}`]),
    ),
  ];
}

/** Quotes a text for bash, zsh and (where it has no backslash) fish. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
