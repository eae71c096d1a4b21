/** Compares what two routes match: their methods and their paths, without their hosts. */
import type { Segment } from '../../model/route.js';
import type { MatchRule } from '../schema/match.js';

/** Tells whether every method of the inner match is one of the outer. */
export function coversMethods({ methods: outer }: MatchRule, { methods: inner }: MatchRule): boolean {
  if (outer === 'any') return true;
  return inner !== 'any' && [...inner].every((method) => serves(outer, method));
}

/** A route for GET serves HEAD too. */
function serves(methods: ReadonlySet<string>, method: string): boolean {
  return methods.has(method) || (method === 'HEAD' && methods.has('GET'));
}

/** Tells whether some method is in both matches. */
export function sharesMethod({ methods: one }: MatchRule, { methods: other }: MatchRule): boolean {
  if (one === 'any' || other === 'any') return true;
  return [...one].some((method) => serves(other, method)) || [...other].some((method) => serves(one, method));
}

/** Tells whether every path that the inner segments match is matched by the outer ones. */
export function coversPath(outer: readonly Segment[], inner: readonly Segment[]): boolean {
  const [wide, ...wider] = outer;
  const [narrow, ...narrower] = inner;
  if (wide?.kind === 'optional-rest') return true;
  if (wide === undefined || narrow === undefined) return wide === narrow;
  if (wide.kind === 'literal') {
    return narrow.kind === 'literal' && narrow.text === wide.text && coversPath(wider, narrower);
  }
  if (narrow.kind === 'optional-rest' || isEmpty(narrow)) return false;
  return wide.kind === 'rest' || (narrow.kind !== 'rest' && coversPath(wider, narrower));
}

/** Tells whether some path is matched by both. */
export function sharesPath(one: readonly Segment[], other: readonly Segment[]): boolean {
  const [first, ...firsts] = one;
  const [second, ...seconds] = other;
  if (first?.kind === 'optional-rest' || second?.kind === 'optional-rest') return true;
  if (first === undefined || second === undefined) return first === second;
  if (first.kind === 'literal' && second.kind === 'literal') {
    return first.text === second.text && sharesPath(firsts, seconds);
  }
  // A placeholder of one segment or more matches no empty one.
  if (isEmpty(first) || isEmpty(second)) return false;
  return first.kind === 'rest' || second.kind === 'rest' || sharesPath(firsts, seconds);
}

function isEmpty(segment: Segment): boolean {
  return segment.kind === 'literal' && segment.text === '';
}
