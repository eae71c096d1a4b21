/** The texts of `tollgate --help` and `tollgate help COMMAND`, made from the table of commands. */
import { formatTable } from './args.js';
import { DEFAULT_FILE, GENERAL_OPTIONS, type Command, type CommandOption } from './command.js';

const MOST_COLUMNS = 110;

/** Returns the help on all commands. */
export function generalHelp(commands: readonly Command[]): string {
  const rows = commands.map(({ name, summary }) => [`  ${name}`, summary]);
  return [
    'usage: tollgate COMMAND [-c FILE] [--json]',
    '',
    formatTable(rows),
    '',
    `  -c, --config FILE   the configuration (default ${DEFAULT_FILE})`,
    '  --json              print data as JSON',
    '  -v, --version       print the version',
    '  -h, --help          the same as tollgate help; tollgate help COMMAND describes one',
  ].join('\n');
}

/** Returns the help on one command: its usage, what it does, its options and its examples. */
export function helpOn(command: Command): string {
  const { summary, actions = [], options = [], examples } = command;
  const [first = '', ...more] = usageForms(command);
  const blocks = [
    [wrapped(`usage: tollgate ${first}`), ...more.map((form) => wrapped(`       tollgate ${form}`))],
    [`  ${summary}`],
    actions.length > 0 && [formatTable(actions.map((action) => [`  ${action.name}`, action.summary]))],
    [formatTable([...options, ...GENERAL_OPTIONS].map((option) => [`  ${written(option)}`, option.summary]))],
    ['examples:', ...examples.map((example) => `  tollgate ${example}`)],
  ];
  return blocks.flatMap((lines) => (lines ? [lines.join('\n')] : [])).join('\n\n');
}

/** Returns the forms of a command after `tollgate`: one, or one for each action. */
export function usageForms({ name, usage, actions }: Pick<Command, 'name' | 'usage' | 'actions'>): string[] {
  if (!actions) return [usage === undefined ? name : `${name} ${usage}`];
  return actions.map(
    (action) => `${name} ${action.name}${action.usage === undefined ? '' : ` ${action.usage}`}`,
  );
}

function written(option: CommandOption & { readonly short?: string }): string {
  const { name, value, repeats, short } = option;
  const letter = short === undefined ? '' : `-${short}, `;
  return `${letter}--${name}${value === undefined ? '' : ` ${value}`}${repeats ? ' …' : ''}`;
}

/** Breaks a usage line before its optional parts where it is too wide. */
function wrapped(line: string): string {
  const lines: string[] = [];
  for (const part of line.split(/ (?=\[)/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length < MOST_COLUMNS)
      lines[lines.length - 1] = `${last} ${part}`;
    else lines.push(last === undefined ? part : `         ${part}`);
  }
  return lines.join('\n');
}
