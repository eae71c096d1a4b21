/** Compares path templates: whether two have a path in common, and which of two the gateway prefers. */
import type { TemplateSegment } from './path.js';

/** A template as it is compared: its literals in lower case, and without a slash at the end, as lenient servers compare. */
export type Shape = readonly TemplateSegment[];

/** Returns the shape of a template. */
export function shapeOf(segments: readonly TemplateSegment[]): Shape {
  const last = segments.at(-1);
  const kept = last?.kind === 'literal' && last.text === '' ? segments.slice(0, -1) : segments;
  return kept.map((segment) =>
    segment.kind === 'literal' ? { ...segment, text: segment.text.toUpperCase().toLowerCase() } : segment,
  );
}

/** Returns whether some path may belong to both. It may be wrong only for a template that no route can have: then it is true. */
export function overlaps(one: Shape, other: Shape, at = 0): boolean {
  const [first, second] = [one[at], other[at]];
  if (first?.kind === 'rest' || second?.kind === 'rest') return true;
  if (first === undefined || second === undefined) return first === second;
  return shareText(first, second) && overlaps(one, other, at + 1);
}

function shareText(first: TemplateSegment, second: TemplateSegment): boolean {
  if (first.kind !== 'literal') return second.kind === 'literal' ? shareText(second, first) : true;
  if (second.kind === 'literal') return first.text === second.text;
  if (second.kind !== 'unknown') return first.text !== '';
  return first.text.startsWith(second.before) && first.text.endsWith(second.after);
}

/**
 * Returns whether a document's readers agree that a path of both belongs to the other one: at every segment it is a literal
 * where the first is a parameter, or both are the same. OpenAPI 3.1 (Paths Object) has a concrete path before a template.
 */
export function isNarrower(other: Shape, wide: Shape): boolean {
  return (
    other.length === wide.length &&
    other.every((segment, at) => {
      const place = wide[at]!;
      if (place.kind === 'parameter') return segment.kind === 'literal' || segment.kind === 'parameter';
      return place.kind === 'literal' && segment.kind === 'literal' && segment.text === place.text;
    })
  );
}

/** Returns whether the gateway prefers the first where both match: the first difference decides, and a literal wins. */
export function goesFirst(one: Shape, other: Shape): boolean {
  const at = one.findIndex(
    (segment, index) => (segment.kind === 'literal') !== (other[index]?.kind === 'literal'),
  );
  return one[at]?.kind === 'literal';
}
