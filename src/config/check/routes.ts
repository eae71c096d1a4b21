/** Checks of each route: that it is open to somebody on purpose, and that what it names is there. */
import { NAMED, TOKENS } from '../../model/tokens.js';
import type { PartialConfig, PartialRoute } from '../partial.js';
import type { Path, Report } from '../problem.js';
import { foreignGroups } from '../schema/match.js';
import { closest } from '../suggest.js';

export function checkRoutes(draft: PartialConfig, isWritten: (path: Path) => boolean, report: Report): void {
  let saidNoIssuer = false;
  const issuers = issuerNames(draft, isWritten);
  // A section that is missing, misspelt or no list of names has its own problem; whom it would name nobody knows.
  const upstreams = draft.isUnknown.upstreams ? undefined : draft.upstreams;
  for (const [index, route] of draft.routes.entries()) {
    if (!route) continue;
    const path = ['routes', index];
    checkAccess(path, route, isWritten, report);
    checkNames(path, route, upstreams, issuers, report);
    checkPaths(path, route, draft.general.allow_semicolon ?? isWritten(['allow_semicolon']), report);
    if (route.scope && issuers?.length === 0 && !saidNoIssuer) {
      report([...path, 'scope'], 'a route with "scope" needs an issuer of tokens; add one under "issuers"');
      saidNoIssuer = true;
    }
  }
}

/** The file's issuers, and the token service's own; undefined where a faulty section leaves it open who they are. */
function issuerNames(
  { issuers, general, isUnknown, isAbsent }: PartialConfig,
  isWritten: (path: Path) => boolean,
): readonly string[] | undefined {
  const { tokens } = general;
  const isMisspelt = isAbsent.issuers && isWritten(['issuers']);
  if (isUnknown.issuers || isMisspelt || (!tokens && isWritten(['tokens']))) return undefined;
  return [...issuers.keys(), ...(tokens ? [TOKENS] : []), ...(tokens?.endpoints.named ? [NAMED] : [])];
}

function checkAccess(
  path: Path,
  { scope, issuer, public: isPublic }: PartialRoute,
  isWritten: (path: Path) => boolean,
  report: Report,
): void {
  const knowsScope = scope !== undefined || isWritten([...path, 'scope']);
  // A faulty `public` has its own problem already.
  const knowsPublic = isPublic === true || (isPublic === undefined && isWritten([...path, 'public']));
  if (!knowsScope && !knowsPublic) {
    report(
      path,
      'the route has neither "scope" nor "public: true"; no endpoint is open by accident: give it one',
    );
  }
  if (isPublic !== true) return;
  if (knowsScope) {
    report(
      [...path, 'public'],
      'the route has both "scope" and "public: true"; take one of them away',
      'key',
    );
  }
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
    report([...path, 'upstream'], unknown('upstream', upstream, upstreams.keys()));
  }
  // Without any the first route with a scope says so.
  if (!issuers?.length) return;
  for (const [index, name] of issuer?.entries() ?? []) {
    if (!issuers.includes(name)) report([...path, 'issuer', index], unknown('issuer', name, issuers));
  }
}

function unknown(kind: string, name: string, known: Iterable<string>): string {
  const names = [...known];
  const near = closest(name, names);
  if (near !== undefined) return `unknown ${kind} "${name}"; did you mean "${near}"?`;
  return `unknown ${kind} "${name}"; ${names.length ? `there are: ${names.join(', ')}` : `none is defined`}`;
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
