/** One difference between two configurations, as `tollgate diff` prints it. */

/** The keys and indexes that lead to a value of the file: `['routes', 3, 'limit']`. */
export type FilePath = readonly (string | number)[];

/**
 * What a difference means for callers. `loosened`: a request may be let through that was refused. `stricter`: only the
 * reverse. `changed`: neither. `new` and `removed`: a part of the file that only one of them has.
 */
export type Effect = 'loosened' | 'stricter' | 'changed' | 'new' | 'removed';

/** A difference without its place. */
export interface Finding {
  readonly effect: Effect;
  /** What differs, as the JSON names it: `scope`, `audience`, `limit`. */
  readonly kind: string;
  /** What differs, in words, in one line. Contains no secret. */
  readonly text: string;
}

/** A difference with its place. */
export interface Change extends Finding {
  /** What it is about: a route's label, `issuer main`, or a key of the file. */
  readonly subject: string;
  /** The place in the old file; undefined where only the new one has it. */
  readonly old: FilePath | undefined;
  /** The place in the new file; undefined where only the old one has it. */
  readonly new: FilePath | undefined;
}

/** Makes a finding for a value that differs: loosened or stricter. */
export function widened(isLoosened: boolean, kind: string, text: string): Finding {
  return { effect: isLoosened ? 'loosened' : 'stricter', kind, text };
}

/** The keys of the file of which a kind of finding has another name. */
const KEYS: Readonly<Record<string, string>> = { condition: 'require', keys: 'jwks', methods: 'match' };

/** Returns the place of what a finding is about: a key of the part at `path`, or that part where it does not have the key. */
export function placeOf(path: FilePath | undefined, { kind }: Finding): FilePath | undefined {
  return path && [...path, KEYS[kind] ?? kind];
}
