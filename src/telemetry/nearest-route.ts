/** Logs, at level `debug`, which route the caller of a 404 probably meant. */
import leven from 'leven';
import type { Log } from '../model/log.js';
import type { Observe } from '../model/record.js';
import type { Route, Segment } from '../model/route.js';
import { pathOf } from './path.js';

export interface NearestRouteOptions {
  readonly log: Log & { isLevelEnabled(level: 'debug'): boolean };
  /** The routes in force now. */
  readonly routes: () => readonly Route[];
}

/** Bounds on the work that an untrusted path can cause. */
const MAX_SEGMENTS = 32;
const MAX_CHARACTERS = 64;

/** Creates an observer that logs the nearest route of each request without a route. Does nothing above level `debug`. */
export function createNearestRouteLog({ log, routes }: NearestRouteOptions): Observe {
  return ({ head, reason }) => {
    if (reason !== 'no_route' || !log.isLevelEnabled('debug')) return;
    const path = pathOf(head.target);
    const nearest = path === undefined ? undefined : nearestRoute(path, head.method ?? '', routes());
    if (!nearest) return;
    log.debug(
      { request_id: head.id, nearest_route: nearest.label, line: nearest.line },
      'no route has the path; this one is the nearest',
    );
  };
}

/**
 * Returns the route with the smallest edit distance to a path; the first of several; undefined without routes. One that does
 * not have the method is returned only where it is near and no route with the method is.
 */
export function nearestRoute(path: string, method: string, routes: readonly Route[]): Route | undefined {
  const texts = path
    .slice(1)
    .split('/', MAX_SEGMENTS)
    .map((text) => text.slice(0, MAX_CHARACTERS));
  let nearest: Route | undefined;
  let least = Infinity;
  for (const route of routes) {
    const cost = costOf(route.path, texts);
    const isFar = cost > Math.max(route.path.length, texts.length) / 2;
    const rank = cost + (isFar ? FAR : 0) + (hasMethod(route, method) ? 0 : OTHER_METHOD);
    if (rank < least) [nearest, least] = [route, rank];
  }
  return nearest;
}

/** More than any path costs. */
const OTHER_METHOD = 1000;
/** More than another method: a route that is not near comes after every one that is. */
const FAR = 10 * OTHER_METHOD;

/** A route for GET has HEAD too. */
function hasMethod({ methods }: Route, method: string): boolean {
  return methods === 'any' || methods.has(method) || (method === 'HEAD' && methods.has('GET'));
}

/** 0 for the same path; 1 for each segment that is extra, missing or completely different. */
function costOf(segments: readonly Segment[], texts: readonly string[]): number {
  let cost = 0;
  for (const [index, segment] of segments.entries()) {
    const text = texts[index];
    if (segment.kind === 'optional-rest') return cost + 0.2;
    if (text === undefined) return cost + segments.length - index;
    if (segment.kind === 'rest') return cost + 0.2;
    if (segment.kind === 'parameter') cost += text === '' ? 1 : 0.1;
    else if (segment.text !== text) cost += differenceOf(segment.text, text);
  }
  // An extra trailing slash is a small difference.
  return texts.slice(segments.length).reduce((sum, text) => sum + (text === '' ? 0.3 : 1), cost);
}

function differenceOf(one: string, other: string): number {
  return Math.min(1, leven(one, other) / Math.max(one.length, other.length, 1));
}
