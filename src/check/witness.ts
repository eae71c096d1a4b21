/** Makes example requests of routes, so that the gateway's own matching can be asked which route gets them. */
import { isWildcard } from '../model/host.js';
import type { Route, Segment } from '../model/route.js';

/** A text that no literal of a file has. */
const FRESH = 'tollgate-check';
/** A method that no route names; only `*` matches it. */
const ANY_METHOD = 'TOLLGATE-CHECK';

/** Returns a host that a pattern of the file matches, and no other pattern that does not cover it. */
export function exampleHost(pattern: string | undefined): string {
  if (pattern === undefined) return FRESH;
  return isWildcard(pattern) ? FRESH + pattern.slice(1) : pattern;
}

/** Returns the methods of a route; for `*` one that no other route names. */
export function exampleMethods({ methods }: Pick<Route, 'methods'>): readonly string[] {
  return methods === 'any' ? [ANY_METHOD] : [...methods];
}

/** Returns a method of both routes, HEAD also for GET; undefined where they have none in common. */
export function commonMethod(one: Pick<Route, 'methods'>, other: Pick<Route, 'methods'>): string | undefined {
  if (one.methods === 'any') return exampleMethods(other)[0];
  const { methods } = other;
  const isServed = (method: string): boolean =>
    methods === 'any' || methods.has(method) || (method === 'HEAD' && methods.has('GET'));
  return exampleMethods(one).find(isServed);
}

/**
 * Yields paths of a route that as few other routes as possible match: placeholders get a text that no literal has, and
 * rests each number of segments.
 * @param deepest the number of segments of the file's deepest route
 */
export function* examplePaths(segments: readonly Segment[], deepest: number): Generator<string> {
  const last = segments.at(-1);
  const isOptional = last?.kind === 'optional-rest';
  if (!isOptional && last?.kind !== 'rest') {
    yield pathOf(realize(segments));
    return;
  }
  const start = realize(segments.slice(0, -1));
  // A rest that is longer than any route meets other rests alone, so it is tried first.
  for (let count = deepest + 1; count >= (isOptional ? 0 : 1); count--) {
    const texts = [...start, ...Array.from({ length: count }, () => FRESH)];
    yield pathOf(texts);
    if (texts.length > 0) yield pathOf([...texts, '']);
  }
}

/** Returns a path that both routes match, as specific as the more specific one; undefined where there is none. */
export function commonPath(one: readonly Segment[], other: readonly Segment[]): string | undefined {
  const texts = common(one, other);
  return texts && pathOf(texts);
}

function common(one: readonly Segment[], other: readonly Segment[]): readonly string[] | undefined {
  const [first, ...firsts] = one;
  const [second, ...seconds] = other;
  if (isRest(first)) return withinRest(first, other);
  if (isRest(second)) return withinRest(second, one);
  if (first === undefined || second === undefined) return first === second ? [] : undefined;
  const text = commonText(first, second);
  const rest = text === undefined ? undefined : common(firsts, seconds);
  return rest && [text!, ...rest];
}

type Rest = Extract<Segment, { kind: 'rest' | 'optional-rest' }>;

function isRest(segment: Segment | undefined): segment is Rest {
  return segment?.kind === 'rest' || segment?.kind === 'optional-rest';
}

/** An optional rest matches whatever the other route does; a rest needs a segment that is not empty. */
function withinRest({ kind }: Rest, segments: readonly Segment[]): readonly string[] | undefined {
  if (kind === 'optional-rest') return realize(segments);
  const [first] = segments;
  if (first === undefined || (first.kind === 'literal' && first.text === '')) return undefined;
  return first.kind === 'optional-rest' ? [FRESH] : realize(segments);
}

function commonText(one: Segment, other: Segment): string | undefined {
  if (one.kind !== 'literal') return other.kind === 'literal' ? other.text || undefined : FRESH;
  if (other.kind === 'literal') return one.text === other.text ? one.text : undefined;
  return one.text || undefined;
}

function realize(segments: readonly Segment[]): readonly string[] {
  return segments
    .filter(({ kind }) => kind !== 'optional-rest')
    .map((segment) => (segment.kind === 'literal' ? segment.text : FRESH));
}

/** Encodes everything but unreserved characters, which is a normal form (`src/match/normal-form.ts`). */
function pathOf(texts: readonly string[]): string {
  return `/${texts.map(encodeURIComponent).join('/')}`;
}
