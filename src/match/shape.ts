/** How specific a route is, and what its path looks like to a server that is less particular than match. */
import type { Segment } from '../model/route.js';

/** One letter a segment, so that of two shapes that fit one path, the more specific is the lesser string. */
const LETTERS = { literal: 'a', parameter: 'b', rest: 'c' } as const satisfies Record<
  Segment['kind'],
  string
>;

export function shapeOf(path: readonly Segment[]): string {
  return path.map(({ kind }) => LETTERS[kind]).join('');
}

/** A route's path with the case of its literals and a trailing slash taken away. */
export function foldedPath(path: readonly Segment[]): readonly Segment[] {
  const last = path.at(-1);
  const kept = last?.kind === 'literal' && last.text === '' ? path.slice(0, -1) : path;
  return kept.map((segment) =>
    segment.kind === 'literal' ? { kind: 'literal', text: foldedCase(segment.text) } : segment,
  );
}

/** The same of a request's segments. */
export function foldedTexts(texts: readonly string[]): string[] {
  const folded = texts.map(foldedCase);
  if (folded.at(-1) === '') folded.pop();
  return folded;
}

/** By way of upper case, for the letters that have two lower ones (the long s, the Kelvin sign). */
function foldedCase(text: string): string {
  return text.toUpperCase().toLowerCase();
}
