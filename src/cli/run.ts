/** `tollgate`: the command line of this process, with its streams and environment. Imported by `main.ts`. */
import { createInterface } from 'node:readline';
import type { Terminal } from './command.js';
import { runCommandLine } from './command-line.js';

const terminal: Terminal = {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  readSecret: readFirstLine,
  showStatus: process.stderr.isTTY ? showStatus : undefined,
  env: process.env,
};

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

process.exitCode = await runCommandLine(process.argv.slice(2), terminal);
