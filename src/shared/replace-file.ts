/** Files that several processes may read while one writes them. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces a file whole: whoever reads it finds what it was or what it is, and after a power failure too. Its folder is
 * made where there is none. Both are for their owner alone.
 *
 * @param data as one text, or in parts between which the event loop goes on
 * @param id other than that of any other call, for the name of the file until it is whole
 * @throws the system's error; nothing is left of the attempt then
 */
export async function replaceFile(path: string, data: string | Iterable<string>, id: string): Promise<void> {
  const fresh = `${path}.${id}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(fresh, data, { flag: 'wx', mode: 0o600, flush: true });
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw error;
  }
}
