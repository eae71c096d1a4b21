/** The files that a configuration names, read once: what was checked is what is used. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ParseError } from './problem.js';

export interface Files {
  /** Relative paths start from the configuration's folder. */
  path(name: string): string;
  text(name: string): string | ParseError;
  /** The paths of all whose text was asked for. */
  read(): readonly string[];
}

export function createFiles(baseFolder: string): Files {
  const texts = new Map<string, string | ParseError>();
  const path = (name: string): string => resolve(baseFolder, name);
  return {
    path,
    text(name) {
      let text = texts.get(path(name));
      if (text === undefined) texts.set(path(name), (text = textAt(path(name))));
      return text;
    },
    read: () => [...texts.keys()],
  };
}

function textAt(path: string): string | ParseError {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return new ParseError(`cannot read ${path}: ${reasonOf(error)}`);
  }
}

/** Why a file cannot be read, in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'this user may not read it';
  if (code === 'EISDIR') return 'it is a folder';
  return code;
}
