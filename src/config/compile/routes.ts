/** Compiles the routes, and the cases that `tollgate check` runs. */
import { isWildcard } from '../../model/host.js';
import type { FailurePolicy } from '../../model/limit.js';
import type { Access, Cors, Route, ScopeRequirement } from '../../model/route.js';
import type { Expectation } from '../../model/settings.js';
import type { Upstream } from '../../model/upstream.js';
import { policiesOf, type FilePolicy } from '../limits.js';
import type { Validated } from '../schema/schema.js';

/** The requirement of a route whose scope is in shadow. */
const ANY_TOKEN: ScopeRequirement = { mode: 'all', scopes: [] };

type RawRoute = Validated['routes'][number];

/** What a route needs from the rest of the configuration. */
export interface RouteContext {
  readonly defaults: Validated['defaults'];
  readonly onFailure: FailurePolicy;
  /** The cross-origin rules of routes without their own. */
  readonly cors: Cors | undefined;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** The issuers of a route that names none; undefined means all. */
  readonly usualIssuers: ReadonlySet<string> | undefined;
}

/**
 * Compiles one route, with defaults applied.
 * @param line of the route in the file
 * @throws Error if there is no such upstream, which the checks exclude
 */
export function compileRoute(raw: RawRoute, line: number, context: RouteContext): Route {
  const upstream = context.upstreams.get(raw.upstream);
  if (!upstream) throw new Error(`no upstream ${raw.upstream}`);
  const { match, host: hosts } = raw;
  const label = labelOf(match.text, hosts);
  const policies = policiesOf(raw.limit ?? context.defaults.limit, label, raw.public === true);
  const route: Route = {
    match: match.text,
    label,
    line,
    hosts,
    methods: match.methods,
    path: match.path,
    access: accessOf(raw, context.usualIssuers),
    require: conditionsOf(raw, false),
    limits: limitsOf(policies, false),
    onFailure: raw.on_failure ?? context.onFailure,
    upstream,
    rewrite: raw.rewrite?.path,
    timeoutMs: raw.timeout,
    responseHeaders: raw.response_headers && compileResponseHeaders(raw.response_headers),
    maxBodyBytes: raw.max_body ?? context.defaults.max_body,
    allowEncodedSlash: raw.allow_encoded_slash,
    cors: compileCors(raw.cors) ?? context.cors,
    shadow: undefined,
  };
  return { ...route, shadow: shadowOf(route, raw, policies) };
}

/** The route with its rules in shadow in force. A request that these cannot count passes: it is no refusal. */
function shadowOf(route: Route, raw: RawRoute, policies: readonly FilePolicy[]): Route | undefined {
  const { scope, shadow = false } = raw;
  const require = conditionsOf(raw, true);
  const limits = limitsOf(policies, true);
  if (!shadow && !require && limits.length === 0) return undefined;
  const { access } = route;
  const requirement = shadow && scope ? scope : ANY_TOKEN;
  return {
    ...route,
    access: access.kind === 'public' ? access : { ...access, requirement },
    require,
    limits,
    onFailure: 'open',
  };
}

/** The conditions that are in force, or those in shadow; undefined where there are none. */
function conditionsOf({ require = [] }: RawRoute, isShadow: boolean): Route['require'] {
  const found = require
    .filter(({ shadow }) => shadow === isShadow)
    .map(({ path, name, test, values, parameter }) => ({ path, name, test, values, parameter }));
  return found.length > 0 ? found : undefined;
}

/** The limits that are in force, or those in shadow. */
function limitsOf(policies: readonly FilePolicy[], isShadow: boolean): Route['limits'] {
  return policies
    .filter(({ shadow }) => shadow === isShadow)
    .map(({ requests, windowMs, by, share, name, id }) => ({ requests, windowMs, by, share, name, id }));
}

/** Names a route by its match and, where it has any, its hosts before it. */
function labelOf(match: string, hosts: readonly string[] | undefined): string {
  return hosts ? `${hosts.join(',')} ${match}` : match;
}

function accessOf(
  { scope, shadow, issuer }: RawRoute,
  usualIssuers: ReadonlySet<string> | undefined,
): Access {
  if (!scope) return { kind: 'public' };
  const requirement = shadow ? ANY_TOKEN : scope;
  return { kind: 'scoped', requirement, issuers: issuer ? new Set(issuer) : usualIssuers };
}

/** Vary is added to the upstream's: a cache without the upstream's part would mix its responses. */
function compileResponseHeaders({
  set,
  remove,
}: NonNullable<RawRoute['response_headers']>): Route['responseHeaders'] {
  const setNames = Object.keys(set).map((name) => name.toLowerCase());
  const replaced = [
    ...setNames.filter((name) => name !== 'vary'),
    ...remove.map((name) => name.toLowerCase()),
  ];
  return { set: Object.entries(set), replaced: new Set(replaced) };
}

/** Compiles cross-origin rules; undefined if there are none. */
export function compileCors(raw: Validated['cors']): Cors | undefined {
  return (
    raw && {
      origins: raw.origins.filter((origin) => typeof origin === 'string'),
      subdomains: raw.origins.filter((origin) => typeof origin !== 'string'),
      credentials: raw.credentials,
      headers: raw.headers,
      maxAgeS: Math.floor(raw.max_age / 1000),
    }
  );
}

/**
 * Compiles a case. Without a host or a method it gets the route's first one; for any method that is GET.
 * @param location of the case in the file
 */
export function compileExpectation(
  route: Route,
  { host, method, path, scopes, claims, status }: RawRoute['expect'][number],
  location: { readonly line: number; readonly column: number },
): Expectation {
  const [first = 'GET'] = route.methods === 'any' ? [] : route.methods;
  return {
    route,
    line: location.line,
    column: location.column,
    host: host ?? exampleHost(route.hosts?.[0]),
    method: method ?? first,
    path,
    scopes,
    claims,
    status,
  };
}

/** A host that a pattern matches. */
function exampleHost(pattern: string | undefined): string {
  if (pattern === undefined) return 'gateway.example';
  return isWildcard(pattern) ? `gateway${pattern.slice(1)}` : pattern;
}
