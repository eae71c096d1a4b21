/** Replaces files that several processes may read while one writes them. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces a file atomically: a reader gets the old content or the new one, after a power failure too. Creates its
 * folder if there is none. Only their owner can read or write either (modes 0600 and 0700).
 *
 * @param data one text, or parts; the event loop runs between parts
 * @param id unique to the call; part of the temporary file's name
 * @throws the system's error, after the temporary file is removed
 */
export async function replaceFile(path: string, data: string | Iterable<string>, id: string): Promise<void> {
  const temporary = `${path}.${id}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(temporary, data, { flag: 'wx', mode: 0o600, flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}
