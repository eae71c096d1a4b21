/** Warns of limits that never refuse anything, because another limit of the same route is reached first. */
import type { FilePolicy } from '../limits.js';
import type { Path, Warn } from '../problem.js';
import { formatDuration } from '../../model/duration.js';

/** One limit of a route, with its place in the file. */
export interface PlacedPolicy {
  readonly policy: FilePolicy;
  readonly path: Path;
}

/**
 * Returns the most requests that a limit admits in any interval of a length. A window that slides covers an interval as
 * often as it fits in, begun ones included, and each time it can be exhausted at once.
 * @param windowMs the length of the interval
 */
export function mostIn(windowMs: number, limit: Pick<FilePolicy, 'requests' | 'windowMs'>): number {
  return limit.requests * Math.ceil(windowMs / limit.windowMs);
}

/**
 * Warns of each limit that never refuses. Limits are compared that count by the same subject, and where the other one
 * counts all that this one counts. A limit in shadow refuses nothing, so it makes none in force idle.
 * @param byRoute the limits of each route
 */
export function warnOfIdleLimits(byRoute: readonly (readonly PlacedPolicy[])[], warn: Warn): void {
  const shares = routesOfShares(byRoute);
  const warned = new Set<string>();
  for (const [index, placed] of byRoute.entries()) {
    for (const { policy, path } of placed) {
      const others = placed
        .map((each) => each.policy)
        .filter((other) => limitsAll(other, policy, index, shares));
      const [lowest] = others.sort(
        (one, other) => mostIn(policy.windowMs, one) - mostIn(policy.windowMs, other),
      );
      if (!lowest || mostIn(policy.windowMs, lowest) > policy.requests) continue;
      const text = textOf(policy, lowest);
      // A limit of the defaults is one of many routes.
      const key = JSON.stringify([path, text]);
      if (!warned.has(key)) warn(path, text);
      warned.add(key);
    }
  }
}

type Shares = ReadonlyMap<string, ReadonlySet<number>>;

function routesOfShares(byRoute: readonly (readonly PlacedPolicy[])[]): Shares {
  const shares = new Map<string, Set<number>>();
  for (const [index, placed] of byRoute.entries()) {
    for (const { policy } of placed) {
      if (policy.share === undefined) continue;
      shares.set(policy.share, (shares.get(policy.share) ?? new Set()).add(index));
    }
  }
  return shares;
}

/** Whether every request that `policy` counts is one that `other` has admitted. */
function limitsAll(other: FilePolicy, policy: FilePolicy, index: number, shares: Shares): boolean {
  if (other === policy || other.by !== policy.by || (other.shadow && !policy.shadow)) return false;
  const own: ReadonlySet<number> = new Set([index]);
  const counted = policy.share === undefined ? own : shares.get(policy.share)!;
  const covered = other.share === undefined ? own : shares.get(other.share)!;
  return [...counted].every((each) => covered.has(each));
}

function textOf(policy: FilePolicy, other: FilePolicy): string {
  const window = formatDuration(policy.windowMs);
  const most = mostIn(policy.windowMs, other);
  return (
    `${describe(policy)} never refuses a request, since ${describe(other)} admits at most ${most} in any ${window}; ` +
    'remove one of them'
  );
}

function describe({ requests, windowMs }: FilePolicy): string {
  return `${requests} per ${formatDuration(windowMs)}`;
}
