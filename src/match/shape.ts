/** Says how specific a route is, and folds case and trailing slashes as lenient servers do. Used by `route-table.ts` and `reachable-routes.ts`. */
import type { Segment } from '../model/route.js';

/** One letter a segment. Of two shapes that match one path, the more specific is the lesser string. */
const LETTERS = { literal: 'a', parameter: 'b', rest: 'c', 'optional-rest': 'd' } as const satisfies Record<
  Segment['kind'],
  string
>;

/** Returns the shape of a path, one letter a segment; see `LETTERS`. */
export function shapeOf(path: readonly Segment[]): string {
  return path.map(({ kind }) => LETTERS[kind]).join('');
}

/** Returns a route's path without the case of its literals and without a trailing slash. */
export function foldedPath(path: readonly Segment[]): readonly Segment[] {
  const last = path.at(-1);
  const kept = last?.kind === 'literal' && last.text === '' ? path.slice(0, -1) : path;
  return kept.map((segment) =>
    segment.kind === 'literal' ? { kind: 'literal', text: foldedCase(segment.text) } : segment,
  );
}

/** Returns a request's segments without case and without a trailing slash. */
export function foldedTexts(texts: readonly string[]): string[] {
  const folded = texts.map(foldedCase);
  if (folded.at(-1) === '') folded.pop();
  return folded;
}

/** Upper case comes first, for characters with a second lower-case form (the long s, the Kelvin sign). */
function foldedCase(text: string): string {
  return text.toUpperCase().toLowerCase();
}
