/** Lists the routes that match a request, and says why one comes before another: for `explain`. */
import { coversHost, hostRank, isWildcard, normalHost } from '../model/host.js';
import type { RequestTarget } from '../model/decision.js';
import type { Route, Segment } from '../model/route.js';
import { decodedForms } from './decoded-forms.js';
import { textsOf } from './normal-form.js';
import { foldedPath, foldedTexts, shapeOf } from './shape.js';
import { Trie } from './trie.js';

/** More segments than a path can have: the most that `split` takes. */
const ALL = 2 ** 32 - 1;

/** A route that matches the host, the method and the path of a request. */
export interface Candidate {
  readonly route: Route;
  /** The host pattern that matches; undefined: any host. */
  readonly host: string | undefined;
  /** How the method matches: 0 by its name, 1 as HEAD by GET, 2 by `*`. */
  readonly methodRank: number;
}

/** Returns the routes that match, in the order in which they are tried. */
export function candidatesOf(
  routes: readonly Route[],
  { path }: RequestTarget,
  method: string,
  host: string,
): Candidate[] {
  return routes
    .flatMap((route) => {
      const pattern = matchingHost(route, host);
      if (pattern === null || !matchesPath(route.path, textsOf(path, route.path.length + 2))) return [];
      const rank = methodRankOf(route, method);
      return rank === undefined ? [] : [{ route, host: pattern, methodRank: rank }];
    })
    .sort(compare);
}

/**
 * Returns the routes, other than the found one, that a lenient server could serve for the path: without its case, its
 * trailing slash, or decoded further. The most specific comes first.
 */
export function similarRoutes(
  found: Route,
  routes: readonly Route[],
  { path }: RequestTarget,
  method: string,
  host: string,
): Route[] {
  const readings = [textsOf(path, ALL), ...(decodedForms(path) ?? []).map(({ segments }) => segments)];
  return routes
    .flatMap((route) => {
      const pattern = matchingHost(route, host);
      const rank = methodRankOf(route, method);
      if (route === found || pattern === null || rank === undefined) return [];
      const folded = foldedPath(route.path);
      const isSimilar = readings.some((texts) => matchesPath(folded, foldedTexts(texts)));
      return isSimilar ? [{ route, host: pattern, methodRank: rank }] : [];
    })
    .sort(compare)
    .map(({ route }) => route);
}

/** Says by which rule a candidate comes before another one. */
export function whyBefore(one: Candidate, other: Candidate): string {
  if (hostRank(one.host) !== hostRank(other.host)) return hostReason(one.host, other.host);
  const [path, otherPath] = [one.route.path, other.route.path];
  const at = path.findIndex((segment, index) => segment.kind !== otherPath[index]?.kind);
  const differs = at === -1 ? path.length : at;
  if (differs < path.length || differs < otherPath.length) {
    return `segment ${differs + 1}: ${kindOf(path[differs])} comes before ${kindOf(otherPath[differs])}`;
  }
  if (one.methodRank === 0) return 'a named method comes before any other match of the method';
  if (one.methodRank === 1) return 'HEAD uses the route of GET before one for any method';
  return 'it comes first in the file';
}

/** The most specific pattern of a route that matches a host; null where none does. */
function matchingHost({ hosts }: Route, host: string): string | undefined | null {
  if (hosts === undefined) return undefined;
  const normal = normalHost(host);
  const [best] = hosts
    .filter((pattern) => coversHost(pattern, normal))
    .sort((one, two) => hostRank(two) - hostRank(one));
  return best ?? null;
}

function matchesPath(path: readonly Segment[], texts: readonly string[]): boolean {
  const trie = new Trie<true>();
  trie.add(path, 'any', true);
  return trie.find(texts, 'GET') === true;
}

function methodRankOf({ methods }: Route, method: string): number | undefined {
  if (method === 'TRACE' || method === 'CONNECT') return undefined;
  if (methods === 'any') return 2;
  if (methods.has(method)) return 0;
  return method === 'HEAD' && methods.has('GET') ? 1 : undefined;
}

function compare(one: Candidate, other: Candidate): number {
  const byHost = hostRank(other.host) - hostRank(one.host);
  if (byHost !== 0 && !Number.isNaN(byHost)) return byHost;
  const [shape, otherShape] = [shapeOf(one.route.path), shapeOf(other.route.path)];
  if (shape !== otherShape) return shape < otherShape ? -1 : 1;
  return one.methodRank - other.methodRank;
}

function hostReason(one: string | undefined, other: string | undefined): string {
  if (other === undefined) return `the host ${one ?? ''} comes before any host`;
  if (one !== undefined && !isWildcard(one)) return `the host ${one} comes before the wildcard ${other}`;
  return `the longer wildcard ${one ?? ''} comes before ${other}`;
}

const KINDS = {
  literal: 'a literal',
  parameter: 'a parameter',
  rest: 'a rest',
  'optional-rest': 'an optional rest',
} as const satisfies Record<Segment['kind'], string>;

function kindOf(segment: Segment | undefined): string {
  return segment === undefined ? 'the end of the path' : KINDS[segment.kind];
}
