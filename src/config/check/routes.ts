/** Checks each route: its access is stated explicitly, and the names in it exist. */
import { NAMED, TOKENS } from '../../model/tokens.js';
import type { PartialConfig, PartialRoute } from '../partial.js';
import type { Path, Report, Warn } from '../problem.js';
import { warnOfDottedConditions } from './dotted-claims.js';
import { foreignGroups } from '../schema/match.js';
import { closest } from '../suggest.js';

/** Reports problems of each route. A missing issuer is reported once, at the first route that needs one. */
export function checkRoutes(
  config: PartialConfig,
  isPresent: (path: Path) => boolean,
  report: Report,
  warn: Warn,
): void {
  let hasReportedNoIssuer = false;
  const issuers = issuerNames(config, isPresent);
  // A section that is missing, misspelt or not a map has its own problem, and its names are unknown.
  const upstreams = config.isUnknown.upstreams ? undefined : config.upstreams;
  for (const [index, route] of config.routes.entries()) {
    if (!route) continue;
    const path = ['routes', index];
    checkAccess(path, route, isPresent, report);
    checkNames(path, route, upstreams, issuers, report);
    checkParameters(path, route, report);
    warnOfDottedConditions(path, route.require, warn);
    checkPaths(path, route, config.general.allow_semicolon ?? isPresent(['allow_semicolon']), report);
    if (route.scope && issuers?.length === 0 && !hasReportedNoIssuer) {
      report([...path, 'scope'], 'a route with "scope" needs an issuer of tokens; add one under "issuers"');
      hasReportedNoIssuer = true;
    }
  }
}

/** The issuers of the file and of the token service; undefined if a faulty section leaves their names unknown. */
function issuerNames(
  { issuers, general, isUnknown, isAbsent }: PartialConfig,
  isPresent: (path: Path) => boolean,
): readonly string[] | undefined {
  const { tokens } = general;
  const isMisspelt = isAbsent.issuers && isPresent(['issuers']);
  if (isUnknown.issuers || isMisspelt || (!tokens && isPresent(['tokens']))) return undefined;
  return [...issuers.keys(), ...(tokens ? [TOKENS] : []), ...(tokens?.endpoints.named ? [NAMED] : [])];
}

function checkAccess(
  path: Path,
  { scope, issuer, require, shadow, public: isPublic }: PartialRoute,
  isPresent: (path: Path) => boolean,
  report: Report,
): void {
  const hasScope = scope !== undefined || isPresent([...path, 'scope']);
  // A faulty `public` has its own problem already.
  const hasPublic = isPublic === true || (isPublic === undefined && isPresent([...path, 'public']));
  if (!hasScope && !hasPublic) {
    report(
      path,
      'the route has neither "scope" nor "public: true"; no endpoint is open by accident: give it one',
    );
  }
  if (shadow && (isPublic === true || scope?.scopes.length === 0)) {
    const without = isPublic === true ? 'a public route' : 'scope: none';
    report(
      [...path, 'shadow'],
      `"shadow" is for the scope of the route, and ${without} needs none; remove it, or put it into the limit or the ` +
        'condition that is not to refuse yet',
      'key',
    );
  }
  if (isPublic !== true) return;
  if (hasScope) {
    report([...path, 'public'], 'the route has both "scope" and "public: true"; remove one of them', 'key');
  }
  if (require)
    report([...path, 'require'], '"require" means nothing on a public route, which reads no token', 'key');
  if (issuer)
    report([...path, 'issuer'], '"issuer" means nothing on a public route, which reads no token', 'key');
}

function checkNames(
  path: Path,
  { upstream, issuer }: PartialRoute,
  upstreams: PartialConfig['upstreams'] | undefined,
  issuers: readonly string[] | undefined,
  report: Report,
): void {
  if (upstreams && upstream !== undefined && !upstreams.has(upstream)) {
    report([...path, 'upstream'], unknownName('upstream', upstream, upstreams.keys()));
  }
  // Without any issuer, the first route with a scope has the problem.
  if (!issuers?.length) return;
  for (const [index, name] of issuer?.entries() ?? []) {
    if (!issuers.includes(name)) report([...path, 'issuer', index], unknownName('issuer', name, issuers));
  }
}

function unknownName(kind: string, name: string, known: Iterable<string>): string {
  const names = [...known];
  const near = closest(name, names);
  if (near !== undefined) return `unknown ${kind} "${name}"; did you mean "${near}"?`;
  return `unknown ${kind} "${name}"; ${names.length ? `there are: ${names.join(', ')}` : `none is defined`}`;
}

/** A condition compares with a placeholder of one segment: the rest of a path is not one value. */
function checkParameters(path: Path, { match, require }: PartialRoute, report: Report): void {
  if (!match) return;
  const names = match.path.flatMap((each) => (each.kind === 'parameter' ? [each.name] : []));
  for (const [index, { parameter, test }] of require?.entries() ?? []) {
    if (parameter === undefined || names.includes(parameter)) continue;
    const has = names.length ? `has ${names.map((name) => `{${name}}`).join(', ')}` : 'has none';
    report(
      [...path, 'require', index, test],
      `unknown path parameter {${parameter}}; of those with one segment the route's match ${has}`,
    );
  }
}

function checkPaths(path: Path, route: PartialRoute, semicolons: boolean, report: Report): void {
  const { match, rewrite } = route;
  for (const [key, rule] of Object.entries({ match, rewrite })) {
    if (rule?.hasEncodedSlash && route.allow_encoded_slash === false) {
      report(
        [...path, key],
        `the path has "%2F", which is refused unless the route says allow_encoded_slash: true`,
      );
    }
    if (rule?.hasSemicolon && !semicolons) {
      report([...path, key], `the path has ";", which is refused unless the file says allow_semicolon: true`);
    }
  }
  if (!rewrite) return;
  const names = match?.path.flatMap((segment) => ('name' in segment ? [segment.name] : [])) ?? [];
  const foreign = foreignGroups(rewrite, names);
  if (foreign) {
    report(
      [...path, 'rewrite'],
      `"${foreign.group}" means nothing here; a part of the match is named: rewrite: ${foreign.right}`,
    );
  }
  if (!match) return;
  for (const segment of rewrite.path) {
    if (segment.kind !== 'placeholder' || names.includes(segment.name)) continue;
    const has = names.length ? `has ${names.map((name) => `{${name}}`).join(', ')}` : 'has none';
    report([...path, 'rewrite'], `unknown placeholder {${segment.name}}; the route's match ${has}`);
  }
}
