/** Routes and their rules for people and for `--json`, as `routes`, `check` and the console show them. */
import { formatWindow, type LimitPolicy } from './limit.js';
import type { Access, Route } from './route.js';

/** Returns a route for `--json`. */
export function routeAsJson(route: Route): object {
  const { match, line, hosts, upstream, timeoutMs, shadow } = route;
  return {
    hosts,
    match,
    line,
    ...rulesAsJson(route),
    upstream: upstream.name,
    timeout_ms: timeoutMs,
    shadow: shadow && rulesAsJson(shadow),
  };
}

/** The rules that are in force, or those in shadow. */
function rulesAsJson({ access, require, limits }: Route): object {
  return {
    scope: access.kind === 'public' ? null : { [access.requirement.mode]: access.requirement.scopes },
    require: require?.map(({ path, test, values, parameter }) => ({
      claim: path.length === 1 ? path[0] : path,
      [test]: parameter === undefined ? values : `{${parameter}}`,
    })),
    limits: limits.map(({ requests, windowMs, by, share }) => ({ requests, window_ms: windowMs, by, share })),
  };
}

/** Returns the scopes, and the claims on which there are conditions. */
export function accessText({ access, require = [], shadow }: Route): string {
  const isInShadow = shadow?.access.kind === 'scoped' && shadow.access.requirement.scopes.length > 0;
  return [
    isInShadow ? inShadow(scopeText(shadow.access)) : scopeText(access),
    ...require.map(({ name }) => name),
    ...(shadow?.require ?? []).map(({ name }) => inShadow(name)),
  ].join(', ');
}

/** Returns the limits, with those in shadow; `none` without any. */
export function limitsText({ limits, shadow }: Route): string {
  const inForce = limits.map(limitText);
  return (
    [...inForce, ...(shadow?.limits ?? []).map((limit) => inShadow(limitText(limit)))].join(', ') || 'none'
  );
}

/** Marks a rule as one that is recorded and not in force. */
export function inShadow(text: string): string {
  return `${text} (shadow)`;
}

/** Returns the scopes of a route in words. */
export function scopeText(access: Access): string {
  if (access.kind === 'public') return '(public)';
  const { mode, scopes } = access.requirement;
  if (scopes.length === 0) return '(any token)';
  return scopes.join(mode === 'all' ? ' and ' : ' or ');
}

/** Returns one limit in words: `10 per 2m`. */
export function limitText({ requests, windowMs, by, share }: LimitPolicy): string {
  const whom = by === 'app' ? '' : ` by ${by}`;
  return `${requests} per ${formatWindow(windowMs)}${whom}${share === undefined ? '' : ` (shared: ${share})`}`;
}
