/** Reads the files that a configuration names, each once, so that the text that was checked is the text that is used. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ParseError } from './problem.js';

/** The files that a configuration names. */
export interface Files {
  /** Resolves a path; relative ones start at the configuration's folder. */
  path(name: string): string;
  /** Reads a file once; an error if it cannot be read. */
  text(name: string): string | ParseError;
  /** The paths of all files that were read, or tried. */
  read(): readonly string[];
}

/** Creates a reader of files with its own cache. */
export function createFiles(baseFolder: string): Files {
  const texts = new Map<string, string | ParseError>();
  const path = (name: string): string => resolve(baseFolder, name);
  return {
    path,
    text(name) {
      let text = texts.get(path(name));
      if (text === undefined) texts.set(path(name), (text = readText(path(name))));
      return text;
    },
    read: () => [...texts.keys()],
  };
}

function readText(path: string): string | ParseError {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return new ParseError(`cannot read ${path}: ${reasonOf(error)}`);
  }
}

/** Describes why a file cannot be read. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'this user may not read it';
  if (code === 'EISDIR') return 'it is a folder';
  return code;
}
