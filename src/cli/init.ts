/** `tollgate init`: writes a small commented configuration to begin with. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Run } from './command.js';
import { EXIT_OK, CommandFailed } from '../model/exit.js';
import { formatTable } from './args.js';

const STARTER = new URL('../../config/starter.yaml', import.meta.url);

/**
 * Writes the file.
 * @throws CommandFailed if it exists; it is never overwritten
 */
export const init: Run = async ({ file, isDefaultFile, terminal }) => {
  const text = await readFile(STARTER, 'utf8');
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CommandFailed(`${file} already exists and is not overwritten`);
  }
  const option = isDefaultFile ? '' : ` -c ${quoted(file)}`;
  terminal.out(`${file} is written. Change the lines that are marked with (1) to (4), then:\n`);
  terminal.out(
    formatTable([
      [`  tollgate check${option}`, 'reports mistakes, and who can open each route'],
      [`  tollgate check --online${option}`, 'asks whether the issuer and the service respond'],
      [`  tollgate start${option}`, 'runs the gateway'],
    ]),
  );
  return EXIT_OK;
};

/** Quotes a path for a shell where it needs that. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
