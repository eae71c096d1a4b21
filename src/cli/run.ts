/** `tollgate`: finds and runs the command; reports a failure as one line and an exit code. Imported by `main.ts`. */
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ConfigError, ConfigUnreadable } from '../config/config.js';
import { OperatorError } from '../model/operator-error.js';
import { VERSION } from '../model/version.js';
import { DEFAULT_FILE, UsageError, type Terminal } from './command.js';
import { AlreadyReported, EXIT_BAD, EXIT_OK, EXIT_USAGE } from '../model/exit.js';
import { COMMANDS } from './commands.js';
import { generalHelp, helpOn } from './help.js';
import { parse } from './parse.js';

const terminal: Terminal = {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  readSecret: readFirstLine,
  showStatus: process.stderr.isTTY ? showStatus : undefined,
  env: process.env,
};

/** Resolves to the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const { command, help, version, input } = parse(args, COMMANDS);
  if (version) {
    terminal.out(VERSION);
    return EXIT_OK;
  }
  if (!command) {
    terminal.out(generalHelp(COMMANDS));
    return help ? EXIT_OK : EXIT_USAGE;
  }
  if (help) {
    terminal.out(helpOn(command));
    return EXIT_OK;
  }
  const run = await command.load();
  return run({ ...input, terminal });
}

/** Returns to the beginning of the line and erases it (ECMA-48, EL). */
function showStatus(line = ''): void {
  // A terminal of unknown width reports 0 columns.
  const width = (process.stderr.columns || 80) - 1;
  process.stderr.write(`\r\u001B[2K${line.slice(0, width)}`);
}

async function readFirstLine(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) return line;
  return '';
}

function report(error: unknown): number {
  if (error instanceof AlreadyReported) return error.code;
  if (error instanceof UsageError || error instanceof ConfigUnreadable) {
    const isMissing =
      error instanceof ConfigUnreadable && !existsSync(error.file) && !existsSync(DEFAULT_FILE);
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
