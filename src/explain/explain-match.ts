/** Explains the step `match`: the route, why it comes before others, or what is near where there is none. */
import { candidatesOf, similarRoutes, whyBefore } from '../match/match.js';
import type { RequestTarget, RouteMatch } from '../model/decision.js';
import type { ExplainedMatch, ExplainedRoute } from '../model/explanation.js';
import { coversHost, normalHost } from '../model/host.js';
import { Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Route } from '../model/route.js';
import type { Settings } from '../model/settings.js';
import { nearestRoute } from '../telemetry/nearest-route.js';
import { failed, listText, passed } from './text.js';

type MatchSettings = Pick<Settings, 'routes' | 'source'>;

/** Of the hosts in the file this many are named. */
const MAX_HOSTS = 5;

/** Names a route with its place in the file. */
export function routeReference({ match, hosts, line }: Route, source: string): ExplainedRoute {
  return { match, hosts: hosts ?? null, file: source, line };
}

/** `GET /a/{b} (gateway.yaml:12)`. */
export function routeText({ match, hosts, line }: Route, source: string): string {
  return `${hosts ? `${hosts.join(',')} ` : ''}${match} (${source}:${line})`;
}

/** Describes the result of the step `match`. */
export function describeMatch(
  head: Pick<RequestHead, 'method' | 'host'>,
  target: RequestTarget,
  found: RouteMatch | Refusal,
  settings: MatchSettings,
): ExplainedMatch {
  const candidates = candidatesOf(settings.routes, target, head.method, head.host);
  const { source } = settings;
  if (!(found instanceof Refusal)) {
    const { route } = found;
    const chosen = candidates.find((candidate) => candidate.route === route);
    return {
      route: routeReference(route, source),
      others: candidates
        .filter((candidate) => candidate !== chosen)
        .map((other) => ({
          ...routeReference(other.route, source),
          because: chosen ? whyBefore(chosen, other) : 'it is less specific',
        })),
      nearest: null,
      allowed_methods: null,
      checks: [passed('route', routeText(route, source))],
    };
  }
  const nothing = { route: null, others: [], nearest: null, allowed_methods: null };
  if (found.reason === 'method_not_allowed') {
    const allowed = allowedBy(found);
    const text = `the path has routes for ${listText(allowed, 'and')}, not for ${head.method}`;
    return { ...nothing, allowed_methods: allowed, checks: [failed('method', text)] };
  }
  const [first] = candidates;
  if (first) return { ...nothing, ...refusedMatch(first.route, found, head, target, settings) };
  return { ...nothing, ...withoutCandidates(head, target, found, settings) };
}

/** Returns the methods that the Allow field of a 405 lists. */
export function allowedBy({ headers }: Refusal): readonly string[] {
  const allow = headers[headers.indexOf('Allow') + 1] ?? '';
  return allow === '' ? [] : allow.split(', ');
}

/** Why the route that matches is not used. */
function refusedMatch(
  route: Route,
  { detail }: Refusal,
  { method, host }: Pick<RequestHead, 'method' | 'host'>,
  target: RequestTarget,
  { routes, source }: MatchSettings,
): Pick<ExplainedMatch, 'nearest' | 'checks'> {
  const matches = `${routeText(route, source)} matches`;
  if (detail !== undefined) {
    return { nearest: routeReference(route, source), checks: [failed('route', `${matches}, but ${detail}`)] };
  }
  const [similar] = similarRoutes(route, routes, target, method, host);
  const other = similar ? routeText(similar, source) : 'a stricter route';
  const text = `${matches}, but a lenient server could read the path as one of ${other}`;
  return { nearest: routeReference(similar ?? route, source), checks: [failed('route', text)] };
}

function withoutCandidates(
  { method, host }: Pick<RequestHead, 'method' | 'host'>,
  { path }: RequestTarget,
  { detail }: Refusal,
  { routes, source }: MatchSettings,
): Pick<ExplainedMatch, 'nearest' | 'checks'> {
  if (detail !== undefined) return { nearest: null, checks: [failed('route', detail)] };
  const normal = normalHost(host);
  const reachable = routes.filter(({ hosts }) => hosts?.some((one) => coversHost(one, normal)) ?? true);
  if (reachable.length === 0) {
    const hosts = [...new Set(routes.flatMap((route) => route.hosts ?? []))];
    const named = `${hosts.slice(0, MAX_HOSTS).join(', ')}${hosts.length > MAX_HOSTS ? ' and others' : ''}`;
    const check = failed('host', `no route is for ${normal}; the file has routes for ${named || 'no host'}`);
    return { nearest: nearestTo(path, routes, method, source), checks: [check] };
  }
  const checks = [failed('route', `no route has the path ${path}`)];
  return { nearest: nearestTo(path, reachable, method, source), checks };
}

function nearestTo(
  path: string,
  routes: readonly Route[],
  method: string,
  source: string,
): ExplainedRoute | null {
  const nearest = nearestRoute(path, method, routes);
  return nearest ? routeReference(nearest, source) : null;
}
