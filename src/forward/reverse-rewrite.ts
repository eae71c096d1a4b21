/** Reads a route's rewrite backwards, for `route-changes.ts`: which prefix it removes, and which path led to a new one. */
import type { RewriteSegment, Route, Segment } from '../model/route.js';

/** The rewrite of one route, bound at its first use. */
export class ReverseRewrite {
  readonly #path: readonly Segment[];
  readonly #rewrite: readonly RewriteSegment[];
  /** How many segments at the beginning of the caller's path the rewrite removes or replaces; 0: they are no prefix. */
  readonly #removed: number;

  constructor({ path }: Pick<Route, 'path'>, rewrite: readonly RewriteSegment[]) {
    this.#path = path;
    this.#rewrite = rewrite;
    this.#removed = removedSegments(path, rewrite);
  }

  /**
   * Returns the beginning of the caller's path that the rewrite removes or replaces; undefined where that is nothing, or not
   * one piece at the beginning.
   *
   * @param matched the caller's path in its normal form
   */
  prefixOf(matched: string): string | undefined {
    if (this.#removed === 0) return undefined;
    return `/${matched.slice(1).split('/').slice(0, this.#removed).join('/')}`;
  }

  /**
   * Returns the caller's path that the rewrite turns into a path of the upstream; undefined where there is none. What the
   * rewrite leaves out is taken from the request.
   *
   * @param upstreamPath without dot segments
   * @param matched the path of the request
   */
  reverse(upstreamPath: string, matched: string): string | undefined {
    const values = this.#parse(upstreamPath.slice(1).split('/'));
    if (values === undefined) return undefined;
    const requested = matched.slice(1).split('/');
    const segments = this.#path.flatMap((segment, at) => {
      const value = segment.kind === 'literal' ? undefined : values.get(segment.name);
      if (value !== undefined) return value;
      const isRest = segment.kind === 'rest' || segment.kind === 'optional-rest';
      return requested.slice(at, isRest ? undefined : at + 1);
    });
    // An empty segment is only allowed at the end; at the beginning it would make a reference to another host.
    if (segments.slice(0, -1).includes('')) return undefined;
    return `/${segments.join('/')}`;
  }

  /** Reads the placeholders' values from a path of the upstream. */
  #parse(sent: readonly string[]): Map<string, readonly string[]> | undefined {
    const values = new Map<string, readonly string[]>();
    let at = 0;
    for (const [index, part] of this.#rewrite.entries()) {
      const length = part.kind === 'literal' ? 1 : this.#lengthOf(part.name, sent.length - at, index);
      const value = sent.slice(at, at + length);
      if (value.length !== length) return undefined;
      at += length;
      if (part.kind === 'literal') {
        if (decoded(value[0]!) !== decoded(part.text)) return undefined;
        continue;
      }
      const isRequired = this.#kindOf(part.name) !== 'optional-rest';
      if (isRequired && (value.length === 0 || value[0] === '')) return undefined;
      const earlier = values.get(part.name);
      if (earlier !== undefined && earlier.join('/') !== value.join('/')) return undefined;
      values.set(part.name, value);
    }
    return at === sent.length ? values : undefined;
  }

  /** How many segments a placeholder takes of those that are left; a rest leaves one for each later part. */
  #lengthOf(name: string, left: number, index: number): number {
    if (this.#kindOf(name) === 'parameter') return 1;
    return Math.max(0, left - (this.#rewrite.length - 1 - index));
  }

  #kindOf(name: string): Segment['kind'] | undefined {
    return this.#path.find((segment) => segment.kind !== 'literal' && segment.name === name)?.kind;
  }
}

/**
 * The rewrite removes a prefix if what remains of the match is the end of the rewrite, and only literals are put before it.
 * A rewrite to the root removes the whole path.
 */
function removedSegments(path: readonly Segment[], rewrite: readonly RewriteSegment[]): number {
  let kept = 0;
  while (
    kept < path.length &&
    kept < rewrite.length &&
    isSame(path[path.length - 1 - kept]!, rewrite[rewrite.length - 1 - kept]!)
  ) {
    kept += 1;
  }
  const added = rewrite.slice(0, rewrite.length - kept);
  if (added.some(({ kind }) => kind !== 'literal')) return 0;
  if (kept > 0) return path.length - kept;
  const isRoot = rewrite.length === 1 && added[0]?.kind === 'literal' && added[0].text === '';
  return isRoot && path.every(({ kind }) => kind === 'literal' || kind === 'parameter') ? path.length : 0;
}

function isSame(segment: Segment, part: RewriteSegment): boolean {
  if (segment.kind === 'literal') return part.kind === 'literal' && decoded(part.text) === segment.text;
  return part.kind === 'placeholder' && part.name === segment.name;
}

/** Decodes a segment; an invalid escape stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
