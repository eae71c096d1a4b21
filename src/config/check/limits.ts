/** Checks the limits: each can be counted on its route, no two are alike, and each shared name has one meaning. */
import type { PartialConfig } from '../partial.js';
import { policiesOf, type FilePolicy } from '../limits.js';
import type { Path, Report, Warn } from '../problem.js';
import { formatDuration } from '../../model/duration.js';
import { warnOfIdleLimits, type PlacedPolicy } from './idle-limits.js';

/** Reports problems of the limits of all routes, the defaults' included, and warns of those that never refuse. */
export function checkLimits(
  { general, routes }: PartialConfig,
  isPresent: (path: Path) => boolean,
  report: Report,
  warn: Warn,
): void {
  const shares = new Map<string, FilePolicy>();
  const byRoute: PlacedPolicy[][] = [];
  for (const [index, route] of routes.entries()) {
    if (!route) continue;
    const isOwn = isPresent(['routes', index, 'limit']);
    const path = isOwn ? ['routes', index, 'limit'] : ['defaults', 'limit'];
    const raw = isOwn ? route.limit : general.defaults?.limit;
    const policies = policiesOf(raw, route.match?.text ?? '', route.public === true);
    const at = (entry: number): Path => (Array.isArray(raw) ? [...path, entry] : path);
    byRoute.push(policies.map((policy, entry) => ({ policy, path: at(entry) })));
    const separate = general.redis?.cluster && separateInCluster(policies);
    if (separate !== undefined) {
      report(
        isOwn ? at(separate) : ['routes', index],
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
      if (policy.name !== undefined && policies.slice(0, entry).some(({ name }) => name === policy.name))
        report(at(entry), `two limits of the route have the name "${policy.name}"; give each its own`);
      if (policy.share === undefined) continue;
      const other = shares.get(policy.share);
      if (!other) shares.set(policy.share, policy);
      else if (!isSame(policy, other)) {
        report(
          at(entry),
          `the shared limit "${policy.share}" is ${describe(other)} elsewhere; routes that share a count share its limit`,
        );
      }
    }
  }
  warnOfIdleLimits(byRoute, warn);
}

function isSame(one: FilePolicy, other: FilePolicy): boolean {
  return (
    one.requests === other.requests &&
    one.windowMs === other.windowMs &&
    one.by === other.by &&
    one.shadow === other.shadow
  );
}

function describe({ requests, windowMs, by, shadow }: FilePolicy): string {
  return `${requests} per ${formatDuration(windowMs)} by ${by}${shadow ? ' in shadow' : ''}`;
}

/**
 * The index of the first limit whose key has another hash tag than the first, and so may be on another node. Limits in
 * shadow are counted by themselves.
 */
function separateInCluster(policies: readonly FilePolicy[]): number | undefined {
  const found = policies.findIndex(({ by, share, shadow }) => {
    const first = policies.find((other) => other.shadow === shadow)!;
    return by !== first.by || (by === 'route' && share !== first.share);
  });
  return found < 0 ? undefined : found;
}
