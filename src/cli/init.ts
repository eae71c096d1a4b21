/** `tollgate init`: writes a small commented configuration to begin with. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Run } from './command.js';
import { EXIT_OK, CommandFailed } from '../model/exit.js';

const STARTER = new URL('../../config/starter.yaml', import.meta.url);

/**
 * Writes the file.
 * @throws CommandFailed if it exists; it is never overwritten
 */
export const init: Run = async ({ file, terminal }) => {
  const text = await readFile(STARTER, 'utf8');
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CommandFailed(`${file} already exists and is not overwritten`);
  }
  terminal.out(
    `${file} is written. Edit it, then:\n\n  tollgate check -c ${file}\n  tollgate start -c ${file}`,
  );
  return EXIT_OK;
};
