/** `tollgate routes`: prints the routes as a table: match, scope, limit, upstream. */
import { loadConfig } from '../config/config.js';
import { formatWindow, type LimitPolicy } from '../model/limit.js';
import type { Access, Route } from '../model/route.js';
import type { Run } from './command.js';
import { EXIT_OK } from '../model/exit.js';
import { formatTable } from './args.js';

const HEADINGS = ['MATCH', 'SCOPE', 'LIMIT', 'UPSTREAM'] as const;

/**
 * Prints the routes.
 * @throws ConfigUnreadable or ConfigError
 */
export const routes: Run = async ({ file, json, terminal }) => {
  const { settings } = await loadConfig(file, terminal.env);
  terminal.out(json ? JSON.stringify(settings.routes.map(asJson), null, 2) : table(settings.routes));
  return EXIT_OK;
};

function table(all: readonly Route[]): string {
  const hasHosts = all.some(({ hosts }) => hosts !== undefined);
  const rows = [
    [...(hasHosts ? ['HOST'] : []), ...HEADINGS],
    ...all.map((route) => [
      ...(hasHosts ? [route.hosts?.join(', ') ?? '(any)'] : []),
      route.match,
      accessText(route),
      limitsText(route),
      route.upstream.name,
    ]),
  ];
  return formatTable(rows);
}

function asJson(route: Route): object {
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

/** The scopes, and the claims on which there are conditions. */
function accessText({ access, require = [], shadow }: Route): string {
  const isInShadow = shadow?.access.kind === 'scoped' && shadow.access.requirement.scopes.length > 0;
  return [
    isInShadow ? inShadow(scopeText(shadow.access)) : scopeText(access),
    ...require.map(({ name }) => name),
    ...(shadow?.require ?? []).map(({ name }) => inShadow(name)),
  ].join(', ');
}

function limitsText({ limits, shadow }: Route): string {
  const inForce = limits.map(limitText);
  return (
    [...inForce, ...(shadow?.limits ?? []).map((limit) => inShadow(limitText(limit)))].join(', ') || 'none'
  );
}

function inShadow(text: string): string {
  return `${text} (shadow)`;
}

function scopeText(access: Access): string {
  if (access.kind === 'public') return '(public)';
  const { mode, scopes } = access.requirement;
  if (scopes.length === 0) return '(any token)';
  return scopes.join(mode === 'all' ? ' and ' : ' or ');
}

/** `10 per 2m`, with what is counted unless that is the app. */
function limitText({ requests, windowMs, by, share }: LimitPolicy): string {
  const whom = by === 'app' ? '' : ` by ${by}`;
  return `${requests} per ${formatWindow(windowMs)}${whom}${share === undefined ? '' : ` (shared: ${share})`}`;
}
