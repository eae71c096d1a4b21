/** Checks of limits: each countable where it stands, no two alike, and one meaning for each shared name. */
import type { LimitPolicy } from '../../model/limit.js';
import type { PartialConfig } from '../partial.js';
import { policiesOf } from '../limits.js';
import type { Path, Report } from '../problem.js';
import { formatDuration } from '../schema/values.js';

export function checkLimits(
  { general, routes }: PartialConfig,
  isWritten: (path: Path) => boolean,
  report: Report,
): void {
  const shares = new Map<string, LimitPolicy>();
  for (const [index, route] of routes.entries()) {
    if (!route) continue;
    const isOwn = isWritten(['routes', index, 'limit']);
    const path = isOwn ? ['routes', index, 'limit'] : ['defaults', 'limit'];
    const written = isOwn ? route.limit : general.defaults?.limit;
    const policies = policiesOf(written, route.match?.text ?? '', route.public === true);
    const at = (entry: number): Path => (Array.isArray(written) ? [...path, entry] : path);
    const apart = general.redis?.cluster && apartInCluster(policies);
    if (apart !== undefined) {
      report(
        isOwn ? at(apart) : ['routes', index],
        'in a Redis Cluster the limits of a route are counted together only where they have the same "by", and with ' +
          'by: route the same "share"; give the route fewer kinds of limits',
      );
    }
    for (const [entry, policy] of policies.entries()) {
      if (policy.by === 'app' && route.public) {
        report(
          isOwn ? at(entry) : ['routes', index],
          `${isOwn ? 'the' : "the defaults'"} limit counts by app, and a public route knows no app; use by: ip or by: route`,
        );
      }
      if (policies.slice(0, entry).some((other) => other.id === policy.id)) {
        report(
          at(entry),
          `two limits have the same window (${formatDuration(policy.windowMs)}) and by (${policy.by})`,
        );
      }
      if (policy.share === undefined) continue;
      const other = shares.get(policy.share);
      if (!other) shares.set(policy.share, policy);
      else if (!isSame(policy, other)) {
        report(
          at(entry),
          `the shared limit "${policy.share}" is ${words(other)} elsewhere; routes that share a count share its limit`,
        );
      }
    }
  }
}

function isSame(one: LimitPolicy, other: LimitPolicy): boolean {
  return one.requests === other.requests && one.windowMs === other.windowMs && one.by === other.by;
}

function words({ requests, windowMs, by }: LimitPolicy): string {
  return `${requests} per ${formatDuration(windowMs)} by ${by}`;
}

/** The first limit whose key has another hash tag than those before it, and so may lie on another node. */
function apartInCluster(policies: readonly LimitPolicy[]): number | undefined {
  const [first, ...rest] = policies;
  const found = rest.findIndex(
    ({ by, share }) => by !== first?.by || (by === 'route' && share !== first.share),
  );
  return found < 0 ? undefined : found + 1;
}
