/** A file's text where the checks have read it already. */
import type { Files } from '../files.js';
import { ParseError } from '../problem.js';

export function textOf(name: string, files: Files): string {
  const text = files.text(name);
  if (text instanceof ParseError) throw new Error(text.text);
  return text;
}
