/** Finds and runs the command of a command line; reports a failure as one line and an exit code. */
import { existsSync } from 'node:fs';
import { ConfigError, ConfigUnreadable } from '../config/config.js';
import { OperatorError } from '../model/operator-error.js';
import { VERSION } from '../model/version.js';
import { DEFAULT_FILE, UsageError, type Terminal } from './command.js';
import { AlreadyReported, EXIT_BAD, EXIT_OK, EXIT_USAGE } from '../model/exit.js';
import { COMMANDS } from './commands.js';
import { generalHelp, helpOn } from './help.js';
import { parse } from './parse.js';

/** Runs a command line, without `tollgate`. Resolves to the exit code; errors are reported to the terminal. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await run(args, terminal);
  } catch (error) {
    return report(error, terminal);
  }
}

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
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
  const start = await command.load();
  return start({ ...input, terminal });
}

function report(error: unknown, terminal: Terminal): number {
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
