/** Reads a file that the checks have read. */
import type { Files } from '../files.js';
import { ParseError } from '../problem.js';

/**
 * The text of a file.
 * @throws Error if it cannot be read, which the checks exclude
 */
export function textOf(name: string, files: Files): string {
  const text = files.text(name);
  if (text instanceof ParseError) throw new Error(text.text);
  return text;
}
