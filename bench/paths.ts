/** The paths of the repository: the compiled bench runs from `.bench/`, and starts files of both. */
import { fileURLToPath } from 'node:url';

/** An absolute path of something in the repository. */
export function inRepository(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

/** An absolute path of a compiled file of the bench. */
export function inBench(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
