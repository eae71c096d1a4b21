/** Which route a caller may have meant who got 404: told at the level `debug`, where somebody looks for the reason. */
import leven from 'leven';
import type { Log } from '../model/log.js';
import type { Observe } from '../model/record.js';
import type { Route, Segment } from '../model/route.js';
import { pathOf } from './path.js';

export interface NearestRouteOptions {
  readonly log: Log & { isLevelEnabled(level: 'debug'): boolean };
  /** Those in force now. */
  readonly routes: () => readonly Route[];
}

/** A path that a stranger sends is looked at no further than this. */
const MOST_SEGMENTS = 32;
const MOST_CHARACTERS = 64;

/** Logs the nearest route of each request that no route has. Below the level `debug` it does nothing. */
export function createNearestRouteLog({ log, routes }: NearestRouteOptions): Observe {
  return ({ head, reason }) => {
    if (reason !== 'no_route' || !log.isLevelEnabled('debug')) return;
    const path = pathOf(head.target);
    const nearest = path === undefined ? undefined : nearestRoute(path, routes());
    if (!nearest) return;
    log.debug(
      { request_id: head.id, nearest_route: nearest.match, line: nearest.line },
      'no route has the path; this one is the nearest',
    );
  };
}

/** The route whose path has to be changed the least to be the given one; the first of several. */
export function nearestRoute(path: string, routes: readonly Route[]): Route | undefined {
  const texts = path
    .slice(1)
    .split('/', MOST_SEGMENTS)
    .map((text) => text.slice(0, MOST_CHARACTERS));
  let nearest: Route | undefined;
  let least = Infinity;
  for (const route of routes) {
    const cost = costOf(route.path, texts);
    if (cost < least) [nearest, least] = [route, cost];
  }
  return nearest;
}

/** 0 for the same path; 1 for each segment that is there too much, too little or quite another. */
function costOf(segments: readonly Segment[], texts: readonly string[]): number {
  let cost = 0;
  for (const [index, segment] of segments.entries()) {
    const text = texts[index];
    if (text === undefined) return cost + segments.length - index;
    if (segment.kind === 'rest') return cost + 0.2;
    if (segment.kind === 'parameter') cost += text === '' ? 1 : 0.1;
    else if (segment.text !== text) cost += differenceOf(segment.text, text);
  }
  // A slash too much at the end is the least of differences.
  return texts.slice(segments.length).reduce((sum, text) => sum + (text === '' ? 0.3 : 1), cost);
}

function differenceOf(one: string, other: string): number {
  return Math.min(1, leven(one, other) / Math.max(one.length, other.length, 1));
}
