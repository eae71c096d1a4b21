/** Warns where a public route of some hosts goes before a route of more hosts that needs a token. */
import { coversHost, hostRank } from '../../model/host.js';
import type { Segment } from '../../model/route.js';
import type { PartialConfig, PartialRoute } from '../partial.js';
import type { Warn } from '../problem.js';
import type { MatchRule } from '../schema/match.js';

/**
 * Warns of each public route that opens what another route protects: at its host it matches every path and method of the
 * other, whose hosts are less specific, and it forwards them to the same upstream. Callers choose the host.
 * @param lineOf the line of a route's `match`, from 1; 0 without a file
 */
export function checkHosts({ routes }: PartialConfig, lineOf: (index: number) => number, warn: Warn): void {
  for (const [index, open] of routes.entries()) {
    if (open?.public !== true || !open.host) continue;
    for (const [otherIndex, guarded] of routes.entries()) {
      const host = guarded?.scope && open.host.find((each) => isBefore(each, guarded));
      if (host === undefined || !opens(open, guarded)) continue;
      const location = lineOf(otherIndex) ? `in line ${lineOf(otherIndex)}` : `(routes[${otherIndex}])`;
      warn(
        ['routes', index, 'match'],
        `at ${host} this public route goes before "${guarded?.match?.text}" ${location}, which needs a token elsewhere`,
      );
    }
  }
}

/** Whether a host pattern goes before the patterns of a route that match the same hosts. */
function isBefore(host: string, { host: others }: PartialRoute): boolean {
  return (others ?? [undefined]).some((other) => coversHost(other, host) && hostRank(other) < hostRank(host));
}

/** Whether one route forwards to the same place whatever the other matches. */
function opens(open: PartialRoute, guarded: PartialRoute | undefined): boolean {
  if (!open.match || !guarded?.match || open.upstream !== guarded.upstream) return false;
  if (open.rewrite || guarded.rewrite) return false;
  return coversMethods(open.match, guarded.match) && coversPath(open.match.path, guarded.match.path);
}

function coversMethods({ methods: outer }: MatchRule, { methods: inner }: MatchRule): boolean {
  if (outer === 'any') return true;
  return inner !== 'any' && [...inner].every((method) => outer.has(method));
}

/** Whether every path that the inner segments match is matched by the outer ones. */
function coversPath(outer: readonly Segment[], inner: readonly Segment[]): boolean {
  const [wide, ...wider] = outer;
  const [narrow, ...narrower] = inner;
  if (wide?.kind === 'optional-rest') return true;
  if (wide === undefined || narrow === undefined) return wide === narrow;
  if (wide.kind === 'literal') {
    return narrow.kind === 'literal' && narrow.text === wide.text && coversPath(wider, narrower);
  }
  const isEmpty = narrow.kind === 'optional-rest' || (narrow.kind === 'literal' && narrow.text === '');
  if (isEmpty) return false;
  return wide.kind === 'rest' || (narrow.kind !== 'rest' && coversPath(wider, narrower));
}
