/** Reads the arguments of `tollgate`: finds the command first, then reads the rest by that command's own options. */
import { parseArgs } from 'node:util';
import leven from 'leven';
import {
  DEFAULT_FILE,
  GENERAL_OPTIONS,
  UsageError,
  type Command,
  type CommandInput,
  type CommandOption,
} from './command.js';

/** The arguments of `tollgate`, read. */
export interface Parsed {
  /** Undefined where no command is named. */
  readonly command: Command | undefined;
  /** Whether help is asked for: by `--help`, or by `help` in place of a command. */
  readonly help: boolean;
  readonly version: boolean;
  readonly input: Omit<CommandInput, 'terminal'>;
}

/**
 * Parses the arguments. Options may stand before and after the command's name; `--` ends them.
 * @throws UsageError on an unknown command or option, a missing or surplus value, and a surplus argument
 */
export function parse(args: readonly string[], commands: readonly Command[]): Parsed {
  const [first, second] = positionalsOf(tokensOf(args, commands.flatMap(ownOptions)));
  const named = first === 'help' ? second : first;
  const name = named === 'help' ? undefined : named;
  const command = commands.find((candidate) => candidate.name === name);
  if (name !== undefined && !command) {
    throw new UsageError(`unknown command "${name}"${suggestion(name, commands)} tollgate --help`);
  }
  const { positionals, ...given } = readOptions(tokensOf(args, ownOptions(command)), command);
  const { options, flags } = given;
  const [help, version] = [flags.has('help') || first === 'help', flags.has('version')];
  const own = positionals.slice(1);
  const extra = own[command?.maxArgs ?? 0];
  if (command && extra !== undefined && !help && !version) {
    throw new UsageError(`${command.name} does not take "${extra}"; a configuration is named with -c FILE`);
  }
  const file = options['config'];
  const input = {
    ...given,
    file: file ?? DEFAULT_FILE,
    isDefaultFile: file === undefined,
    json: flags.has('json'),
    args: own,
  };
  return { command, help, version, input };
}

type Token = ReturnType<typeof tokensOf>[number];

/** Without `strict`, so that an unknown option is reported with its command. */
function tokensOf(args: readonly string[], options: readonly CommandOption[]) {
  const known: Record<string, { type: 'boolean' | 'string'; short?: string }> = {};
  for (const { name, value } of options) known[name] = { type: value === undefined ? 'boolean' : 'string' };
  for (const { name, value, short } of GENERAL_OPTIONS)
    known[name] = { type: value === undefined ? 'boolean' : 'string', short };
  return parseArgs({ args: [...args], strict: false, tokens: true, allowPositionals: true, options: known })
    .tokens;
}

function positionalsOf(tokens: readonly Token[]): readonly string[] {
  return tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
}

function ownOptions(command: Command | undefined): readonly CommandOption[] {
  return command?.options ?? [];
}

/** Sorts the options into those with a value, those with several and those without, and checks each. */
function readOptions(tokens: readonly Token[], command: Command | undefined) {
  const known = [...ownOptions(command), ...GENERAL_OPTIONS];
  const options: Record<string, string> = {};
  const lists: Record<string, string[]> = {};
  const flags = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const option = known.find(({ name }) => name === token.name);
    if (!option) throw new UsageError(strayOption(token.rawName, command, known));
    if (option.value === undefined) {
      if (token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
      flags.add(option.name);
      continue;
    }
    const value = valueOf(token, option.value);
    if (option.repeats) (lists[option.name] ??= []).push(value);
    else options[option.name] = value;
  }
  return { options, lists, flags, positionals: positionalsOf(tokens) };
}

/** A value that looks like an option is one whose own value was forgotten, unless it is written with `=`. */
function valueOf(
  { rawName, value, inlineValue }: Extract<Token, { kind: 'option' }>,
  placeholder: string,
): string {
  if (value !== undefined && (inlineValue || value === '-' || !value.startsWith('-'))) return value;
  const hint = value === undefined ? '' : `; a value that begins with "-" is written ${rawName}=${value}`;
  throw new UsageError(`${rawName} needs a value: ${rawName} ${placeholder}${hint}`);
}

function strayOption(rawName: string, command: Command | undefined, known: readonly CommandOption[]): string {
  const near = suggestion(rawName.slice(2), rawName.startsWith('--') ? known : [], '--');
  const [who, help] = command
    ? [command.name, `tollgate help ${command.name}`]
    : ['tollgate', 'tollgate --help'];
  return `${who} does not take ${rawName}${near} ${help}`;
}

/** Returns `; did you mean "check"? See` where a name is near, else `; see`. The name of a help follows. */
function suggestion(name: string, known: readonly { readonly name: string }[], prefix = ''): string {
  const [near] = known
    .map((each) => ({ name: each.name, distance: leven(each.name, name) }))
    .filter(({ name: { length }, distance }) => distance <= 2 && distance < length - 1)
    .sort((a, b) => a.distance - b.distance);
  return near ? `; did you mean "${prefix}${near.name}"? See` : '; see';
}
