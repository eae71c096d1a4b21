/** From routes as written to those of the model, and to the cases that `tollgate check` runs. */
import type { FailurePolicy } from '../../model/limit.js';
import type { Access, Cors, Route } from '../../model/route.js';
import type { Expectation } from '../../model/settings.js';
import type { Upstream } from '../../model/upstream.js';
import { policiesOf } from '../limits.js';
import type { Validated } from '../schema/schema.js';

type WrittenRoute = Validated['routes'][number];

export interface RouteContext {
  readonly defaults: Validated['defaults'];
  readonly onFailure: FailurePolicy;
  /** The file's cross-origin rules, for routes without their own. */
  readonly cors: Cors | undefined;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** The issuers of routes that name none; undefined: all. */
  readonly usualIssuers: ReadonlySet<string> | undefined;
}

export function compileRoute(written: WrittenRoute, line: number, context: RouteContext): Route {
  const upstream = context.upstreams.get(written.upstream);
  if (!upstream) throw new Error(`no upstream ${written.upstream}`);
  const { match } = written;
  return {
    match: match.text,
    line,
    methods: match.methods,
    path: match.path,
    access: accessOf(written, context.usualIssuers),
    limits: policiesOf(written.limit ?? context.defaults.limit, match.text, written.public === true),
    onFailure: written.on_failure ?? context.onFailure,
    upstream,
    rewrite: written.rewrite?.path,
    maxBodyBytes: written.max_body ?? context.defaults.max_body,
    allowEncodedSlash: written.allow_encoded_slash,
    cors: compileCors(written.cors) ?? context.cors,
  };
}

function accessOf({ scope, issuer }: WrittenRoute, usual: ReadonlySet<string> | undefined): Access {
  if (!scope) return { kind: 'public' };
  return { kind: 'scoped', requirement: scope, issuers: issuer ? new Set(issuer) : usual };
}

export function compileCors(written: Validated['cors']): Cors | undefined {
  return (
    written && {
      origins: written.origins,
      headers: written.headers,
      maxAgeS: Math.floor(written.max_age / 1000),
    }
  );
}

/** @param place where the case stands in the file */
export function compileExpectation(
  route: Route,
  { method, path, scopes, status }: WrittenRoute['expect'][number],
  place: { readonly line: number; readonly column: number },
): Expectation {
  const [first = 'GET'] = route.methods === 'any' ? [] : route.methods;
  return { route, line: place.line, column: place.column, method: method ?? first, path, scopes, status };
}
