/** `tollgate`: finds and runs the command; reports a failure as one line and an exit code. Imported by `main.ts`. */
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import leven from 'leven';
import { ConfigError, ConfigUnreadable } from '../config/config.js';
import { OperatorError } from '../model/operator-error.js';
import { VERSION } from '../model/version.js';
import { UsageError, type Command, type Terminal } from './command.js';
import { AlreadyReported, EXIT_BAD, EXIT_OK, EXIT_USAGE } from '../model/exit.js';
import { COMMANDS } from './commands.js';

const DEFAULT_FILE = 'config/gateway.yaml';

const terminal: Terminal = {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  readSecret: readFirstLine,
  env: process.env,
};

/** Resolves to the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const { values, positionals, rest } = parse(args);
  const [name, ...commandArgs] = positionals;
  if (values.version) {
    terminal.out(VERSION);
    return EXIT_OK;
  }
  const commandName = name === 'help' ? commandArgs[0] : name;
  const wantsHelp = values.help || name === 'help';
  if (commandName === undefined) {
    terminal.out(help());
    return wantsHelp ? EXIT_OK : EXIT_USAGE;
  }
  const command = COMMANDS.find((candidate) => candidate.name === commandName);
  if (!command)
    throw new UsageError(`unknown command "${commandName}"${suggestion(commandName)}; see tollgate --help`);
  if (wantsHelp) {
    terminal.out(helpOn(command));
    return EXIT_OK;
  }
  const extra = commandArgs[command.maxArgs ?? 0];
  if (extra !== undefined) {
    throw new UsageError(`${commandName} does not take "${extra}"; a configuration is named with -c FILE`);
  }
  const options = ownOptions(command, rest);
  const run = await command.load();
  const { config: file = DEFAULT_FILE, json } = values;
  return run({
    file,
    isDefaultFile: values.config === undefined,
    json,
    args: commandArgs,
    options,
    terminal,
  });
}

const OPTIONS = {
  config: { type: 'string', short: 'c' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', short: 'v', default: false },
} as const;

/** Accepts the options of all commands, each with a value. `ownOptions` checks later which command has which. */
function parse(args: readonly string[]) {
  const own = COMMANDS.flatMap(({ options = [] }) => options);
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...Object.fromEntries(own.map((name) => [name, { type: 'string' as const }])), ...OPTIONS },
    });
    const { config, json, help, version, ...rest } = values;
    return {
      values: { config, json, help, version },
      positionals,
      rest: rest as Record<string, string | undefined>,
    };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function ownOptions(
  { name, options = [] }: Command,
  given: Record<string, string | undefined>,
): Record<string, string | undefined> {
  const stray = Object.keys(given).find((option) => !options.includes(option));
  if (stray !== undefined) throw new UsageError(`${name} does not take --${stray}`);
  return given;
}

async function readFirstLine(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) return line;
  return '';
}

function suggestion(name: string): string {
  const near = COMMANDS.find((command) => leven(command.name, name) <= 2);
  return near ? `; did you mean "${near.name}"?` : '';
}

function help(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  return [
    'usage: tollgate COMMAND [-c FILE] [--json]',
    '',
    ...COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    `  -c, --config FILE   the configuration (default ${DEFAULT_FILE})`,
    '  --json              print data as JSON',
    '  -v, --version       print the version',
    '  -h, --help          the same as tollgate help; tollgate help COMMAND describes one',
  ].join('\n');
}

function helpOn({ name, summary, usage = name }: Command): string {
  const [first = '', ...more] = usage.split(' | ');
  return [
    `usage: tollgate ${first}`,
    ...more.map((each) => `       tollgate ${each}`),
    '',
    `  ${summary}`,
    '',
    `  -c, --config FILE   the configuration (default ${DEFAULT_FILE})`,
    '  --json              print data as JSON',
  ].join('\n');
}

function report(error: unknown): number {
  if (error instanceof AlreadyReported) return error.code;
  if (error instanceof UsageError || error instanceof ConfigUnreadable) {
    const isMissing = error instanceof ConfigUnreadable && !existsSync(DEFAULT_FILE);
    terminal.err(`tollgate: ${error.message}${isMissing ? '; tollgate init writes one' : ''}`);
    return EXIT_USAGE;
  }
  if (error instanceof OperatorError) {
    terminal.err(`tollgate: ${error.message}`);
    return EXIT_BAD;
  }
  if (error instanceof ConfigError) {
    for (const problem of error.problems) terminal.err(problem.toLines().join('\n'));
    return EXIT_BAD;
  }
  terminal.err(
    `tollgate: ${systemProblem(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error))}`,
  );
  return EXIT_BAD;
}

/** A message that says what to do about a system error, such as an address in use; undefined for other errors. */
function systemProblem(error: unknown): string | undefined {
  const { code, path, address, port, hostname } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
    hostname?: string;
  };
  if (hostname !== undefined && (code === 'ENOTFOUND' || code === 'EAI_AGAIN'))
    return `the host name ${hostname} is not known here (${code}); change it in the file`;
  if (code !== undefined && path !== undefined) return `${path} cannot be opened (${code})`;
  const where = `${address ?? ''}:${port ?? ''}`;
  if (code === 'EADDRINUSE')
    return `${where} is in use by another process; stop it or change the address in the file`;
  if (code === 'EACCES' && port !== undefined)
    return `not allowed to listen on ${where}; ports under 1024 need privileges`;
  if (code === 'EADDRNOTAVAIL') return `${where} is not an address of this machine; change it in the file`;
  return undefined;
}

process.exitCode = await main(process.argv.slice(2)).catch(report);
