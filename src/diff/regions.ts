/**
 * Divides all requests into regions: those that have the same route before and the same route after a change. Hosts and
 * methods are enumerated exactly, paths by `path-classes.ts`. For an example of each, both route tables are asked by the
 * step `match` itself.
 */
import { METHODS } from 'node:http';
import { createMatch } from '../match/match.js';
import { coversHost, isWildcard } from '../model/host.js';
import { Refusal } from '../model/refusal.js';
import type { Route, Segment } from '../model/route.js';
import type { Settings } from '../model/settings.js';
import { publishedPaths } from '../model/token-paths.js';
import { pathClasses } from './path-classes.js';

/** What serves a request: a route; a path of the gateway's own; or nothing, which is a 404 or 405. */
export type Server = Route | 'own' | undefined;

/** Requests that one server had and one has now. */
export interface Region {
  readonly old: Server;
  readonly new: Server;
  /** One of them: `GET http://api.example.com/a/b`, without a host where any is meant. */
  readonly example: string;
}

/** Tells which route a request has. */
type Find = (path: string, method: string, host: string) => Server;

/**
 * Returns every combination of an old and a new server that some request has, with the first example of each.
 * @throws TooManyClasses if the patterns overlap in too many ways
 */
export function regionsOf(old: Settings, now: Settings): readonly Region[] {
  const routes = [...old.routes, ...now.routes];
  const ownPaths = [...ownPathsOf(old), ...ownPathsOf(now)].map(segmentsOf);
  const findOld = finder(old);
  const findNew = finder(now);
  const regions = new Map<Server, Map<Server, string>>();
  for (const { host, text } of hostsOf(routes)) {
    const reachable = routes.filter((route) => isFor(route, host));
    const methods = methodsOf(reachable);
    for (const texts of pathClasses([...reachable.map((route) => route.path), ...ownPaths])) {
      const path = asSent(texts);
      for (const method of methods) {
        const before = findOld(path, method, host);
        const after = findNew(path, method, host);
        if (before === undefined && after === undefined) continue;
        let afters = regions.get(before);
        if (afters === undefined) regions.set(before, (afters = new Map<Server, string>()));
        if (!afters.has(after)) afters.set(after, `${method} ${text}${path}`);
      }
    }
  }
  return [...regions].flatMap(([before, afters]) =>
    [...afters].map(([after, example]) => ({ old: before, new: after, example })),
  );
}

function isFor({ hosts }: Route, host: string): boolean {
  return hosts?.some((pattern) => coversHost(pattern, host)) ?? true;
}

function finder({ routes, allowSemicolon, ...settings }: Settings): Find {
  const match = createMatch(routes, { allowSemicolon });
  const own = new Set(ownPathsOf(settings));
  return (path, method, host) => {
    if (own.has(path)) return 'own';
    const found = match({ path, query: '' }, method, host);
    return found instanceof Refusal ? undefined : found.route;
  };
}

/** The paths that the gateway serves itself, which go before every route. */
function ownPathsOf({ tokens, limitStatus }: Pick<Settings, 'tokens' | 'limitStatus'>): readonly string[] {
  const status = limitStatus === undefined ? [] : [limitStatus];
  if (!tokens) return status;
  const endpoints = Object.values(
    tokens.endpoints as unknown as Record<string, { path: string } | undefined>,
  );
  return [
    ...status,
    ...publishedPaths(tokens.issuer).keys(),
    ...endpoints.flatMap((each) => (each ? [each.path] : [])),
  ];
}

function segmentsOf(path: string): readonly Segment[] {
  return path
    .slice(1)
    .split('/')
    .map((text) => ({ kind: 'literal', text: decodeURIComponent(text) }));
}

/** Encodes what a path cannot have as it is; the rest stays readable. */
function asSent(texts: readonly string[]): string {
  const encoded = texts.map((text) =>
    encodeURIComponent(text).replace(/%(?:3A|40|2C|24|26|2B|3D)/g, decodeURIComponent),
  );
  return `/${encoded.join('/')}`;
}

/** One host for each exact host, one for each wildcard, and one that no pattern names. */
function hostsOf(routes: readonly Route[]): readonly { readonly host: string; readonly text: string }[] {
  const patterns = new Set(routes.flatMap(({ hosts }) => hosts ?? []));
  const unused = (suffix: string, isUsed: (host: string) => boolean): string => {
    let host = `x${suffix}`;
    for (let count = 1; isUsed(host); count++) host = `x${count}${suffix}`;
    return host;
  };
  const named = [...patterns].map((pattern) =>
    isWildcard(pattern) ? unused(pattern.slice(1), (host) => patterns.has(host)) : pattern,
  );
  const other = unused('', (host) => [...patterns].some((pattern) => coversHost(pattern, host)));
  // The one without a name is first, so that an example has a host only where it matters.
  return [{ host: other, text: '' }, ...named.map((host) => ({ host, text: `http://${host}` }))];
}

/** Each method that a route names, and one for all others where a route has any. HEAD has the routes of GET if none names it. */
function methodsOf(routes: readonly Route[]): readonly string[] {
  const named = new Set(routes.flatMap(({ methods }) => (methods === 'any' ? [] : [...methods])));
  if (routes.every(({ methods }) => methods !== 'any')) return [...named];
  const unnamed = ['GET', 'POST', ...METHODS].find((method) => !named.has(method) && !NEVER.has(method));
  return unnamed === undefined ? [...named] : [...named, unnamed];
}

/** TRACE and CONNECT have no route; HEAD may have that of GET. */
const NEVER: ReadonlySet<string> = new Set(['TRACE', 'CONNECT', 'HEAD']);
