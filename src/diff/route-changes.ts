/** Lists what changes at the routes: at those of both files, at new and removed ones, and where a request has another one. */
import { isDeepStrictEqual } from 'node:util';
import type { Route } from '../model/route.js';
import { placeOf, type Change, type Finding } from './change.js';
import { compareLimits, looserLimits, type Successors } from './limits.js';
import type { Region } from './regions.js';
import { compareAccess, compareMatch, predecessorsOf, type Files } from './routes.js';
import { conditionText, durationText, limitsText, limitText, listText, scopeText } from './words.js';

/** Returns the changes, in the order of the new file's routes, then those that are removed. */
export function compareRoutes(files: Files, regions: readonly Region[]): readonly Change[] {
  const comparison = new RouteComparison(files, regions);
  return [
    ...files.new.routes.flatMap((route) => comparison.changesOf(route)),
    ...files.old.routes.flatMap((route) => [...comparison.removalOf(route), ...comparison.ownOf(route)]),
  ];
}

class RouteComparison {
  readonly #files: Files;
  readonly #regions: readonly Region[];
  readonly #predecessors: ReadonlyMap<Route, Route>;
  /** The new routes that the requests of each old one have. */
  readonly #successors: Successors;

  constructor(files: Files, regions: readonly Region[]) {
    this.#files = files;
    this.#regions = regions;
    this.#predecessors = predecessorsOf(files.old.routes, files.new.routes);
    const successors = new Map<Route, Set<Route>>();
    for (const region of regions) {
      if (typeof region.old !== 'object' || typeof region.new !== 'object') continue;
      const known = successors.get(region.old);
      if (known) known.add(region.new);
      else successors.set(region.old, new Set([region.new]));
    }
    this.#successors = successors;
  }

  changesOf(route: Route): readonly Change[] {
    const predecessor = this.#predecessors.get(route);
    const own = predecessor
      ? this.#at(predecessor, route, this.#findings(predecessor, route))
      : this.#at(undefined, route, [newRoute(route)]);
    return [...own, ...this.#regions.flatMap((region) => this.#takeover(region, route, predecessor))];
  }

  removalOf(route: Route): readonly Change[] {
    if ([...this.#predecessors.values()].includes(route)) return [];
    const after = [...(this.#successors.get(route) ?? [])].map(({ label }) => label);
    const text = `removed; its requests ${after.length === 0 ? 'have no route' : `go to ${after.join(', ')}`}`;
    const finding: Finding = { effect: 'removed', kind: 'route', text };
    return [this.#change(route, undefined, route, finding)];
  }

  /** Requests that the gateway now serves itself, as those for a token endpoint. */
  ownOf(route: Route): readonly Change[] {
    return this.#regions
      .filter((region) => region.old === route && region.new === 'own')
      .map(({ example }) => {
        const text = `${example} is served by the gateway itself`;
        return this.#change(route, undefined, route, { effect: 'changed', kind: 'route', text });
      });
  }

  /** What differs at a route of both files. Access that no request notices does not count. */
  #findings(old: Route, now: Route): readonly Finding[] {
    const isReached = this.#successors.get(old)?.has(now) === true;
    const limits = compareLimits(old, now, this.#looser(old), this.#files);
    // Where the limit is the same, a route that takes some of the requests is why they admit more, and says so.
    const isOthers =
      limitsText(old.limits) === limitsText(now.limits) && (this.#successors.get(old)?.size ?? 0) > 1;
    const access = [...compareAccess(old, now, this.#files), ...(isOthers ? [] : limits)];
    return [
      ...compareMatch(old, now),
      ...access.map((finding) =>
        isReached || finding.effect !== 'loosened' ? finding : { ...finding, effect: 'changed' as const },
      ),
      ...compareForwarding(old, now),
    ];
  }

  /** Requests that come to a route which it did not have: it takes them from another one, or they had none. */
  #takeover(region: Region, route: Route, predecessor: Route | undefined): readonly Change[] {
    const { old, new: now, example } = region;
    if (now !== route || old === predecessor) return [];
    if (old === 'own') {
      const text = `gets ${example}, which the gateway served itself`;
      return [this.#change(route, undefined, route, { effect: 'loosened', kind: 'takeover', text })];
    }
    if (old === undefined) {
      if (!predecessor) return [];
      const text = `matches more: ${example} had no route`;
      return this.#at(predecessor, route, [{ effect: 'new', kind: 'route', text }]);
    }
    const looser = this.#looser(old);
    const findings = [
      ...compareAccess(old, route, this.#files),
      ...(looser.length > 0 ? compareLimits(old, route, looser, this.#files) : []),
    ].filter(({ effect }) => effect === 'loosened');
    const why = findings.map(({ text }) => text).join('; ');
    const text = `gets ${example} from ${old.label}${why && `: ${why}`}`;
    const effect = findings.length > 0 ? 'loosened' : 'changed';
    return this.#at(old, route, [{ effect, kind: 'takeover', text }]);
  }

  #looser(old: Route) {
    return looserLimits(old, this.#files.old.routes, this.#successors);
  }

  #at(old: Route | undefined, now: Route, findings: readonly Finding[]): readonly Change[] {
    return findings.map((finding) => this.#change(old, now, now, finding));
  }

  #change(old: Route | undefined, now: Route | undefined, named: Route, finding: Finding): Change {
    const { old: before, new: after } = this.#files;
    return {
      ...finding,
      subject: named.label,
      old: placeOf(old && ['routes', before.routes.indexOf(old)], finding),
      new: placeOf(now && ['routes', after.routes.indexOf(now)], finding),
    };
  }
}

function newRoute(route: Route): Finding {
  const conditions = route.require
    ? `, with conditions on ${route.require.map(({ name }) => name).join(', ')}`
    : '';
  const access = `${scopeText(route.access)}${conditions}, ${limitsText(route.limits)}`;
  return { effect: 'new', kind: 'route', text: `new route: ${access}` };
}

/** What the upstream gets and callers get back, for a request that is let through. */
function compareForwarding(old: Route, now: Route): readonly Finding[] {
  const findings: Finding[] = [];
  const add = (kind: string, text: string) => findings.push({ effect: 'changed', kind, text });
  if (old.upstream.name !== now.upstream.name)
    add('upstream', `upstream: ${now.upstream.name} instead of ${old.upstream.name}`);
  if (!isDeepStrictEqual(rewriteText(old), rewriteText(now)))
    add('rewrite', `rewrite: ${rewriteText(now)} instead of ${rewriteText(old)}`);
  if (old.timeoutMs !== now.timeoutMs)
    add('timeout', `timeout: ${timeoutText(now)} instead of ${timeoutText(old)}`);
  if (!isDeepStrictEqual(old.responseHeaders, now.responseHeaders))
    add('response_headers', 'response_headers differ');
  if (shadowText(old) !== shadowText(now))
    add('shadow', `in shadow: ${shadowText(now)} instead of ${shadowText(old)}`);
  return findings;
}

/** The rules of a route that refuse nobody yet. */
function shadowText({ shadow }: Route): string {
  if (!shadow) return 'nothing';
  const { access, require = [], limits } = shadow;
  const hasScopes = access.kind === 'scoped' && access.requirement.scopes.length > 0;
  return listText([
    ...(hasScopes ? [scopeText(access)] : []),
    ...require.map(conditionText),
    ...limits.map(limitText),
  ]);
}

function rewriteText({ rewrite }: Route): string {
  if (!rewrite) return 'none';
  return `/${rewrite.map((part) => (part.kind === 'literal' ? part.text : `{${part.name}}`)).join('/')}`;
}

function timeoutText({ timeoutMs }: Route): string {
  return timeoutMs === undefined ? "the upstream's" : durationText(timeoutMs);
}
