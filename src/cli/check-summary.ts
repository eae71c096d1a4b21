/** Who can open each route, for `tollgate check`: as a table, and for `--json`. */
import { openingIssuers, ungrantedScopes } from '../check/grants.js';
import type { ClaimCondition } from '../model/claim.js';
import type { Issuer } from '../model/issuer.js';
import type { Route } from '../model/route.js';
import type { Settings } from '../model/settings.js';
import { formatTable } from './args.js';
import { inShadow, limitsText, routeAsJson, scopeText } from '../model/route-text.js';

const MOST_NAMES = 4;

/** Returns the routes as a table: line, match, who can open it, limits. */
export function summaryTable({ routes, issuers }: Settings): string {
  const hasHosts = routes.some(({ hosts }) => hosts !== undefined);
  const width = Math.max(4, ...routes.map(({ line }) => String(line).length));
  return formatTable([
    ['LINE'.padStart(width), ...(hasHosts ? ['HOST'] : []), 'ROUTE', 'WHO CAN OPEN IT', 'LIMIT'],
    ...routes.map((route) => [
      String(route.line).padStart(width),
      ...(hasHosts ? [shortened(route.hosts ?? ['(any)'])] : []),
      route.match,
      whoText(route, issuers),
      limitsText(route),
    ]),
  ]);
}

/** Returns the routes for `--json`: as `tollgate routes --json`, with the issuers of which a token can open each. */
export function routesOfSummary({ routes, issuers }: Settings): readonly object[] {
  return routes.map((route) => ({
    ...routeAsJson(route),
    public: route.access.kind === 'public',
    issuers:
      route.access.kind === 'public' ? null : openingIssuers(route.access, issuers).map(({ name }) => name),
  }));
}

function whoText({ access, require = [], shadow }: Route, issuers: readonly Issuer[]): string {
  if (access.kind === 'public') return 'anyone';
  const opening = openingIssuers(access, issuers);
  if (opening.length === 0) {
    const missing = ungrantedScopes(access, issuers);
    return `nobody: no issuer may grant ${missing.length > 0 ? missing.join(', ') : scopeText(access)}`;
  }
  const inForce = [
    ...(access.requirement.scopes.length > 0 ? [scopeText(access)] : []),
    ...require.map(conditionText),
  ];
  const needs = inForce.length > 0 ? `${inForce.join(', ')}, from` : 'any token from';
  return [`${needs} ${shortened(namesOf(opening), ' or ')}`, ...shadowTexts(shadow)].join('; ');
}

function shadowTexts(shadow: Route | undefined): readonly string[] {
  if (shadow?.access.kind !== 'scoped') return [];
  const { access, require = [] } = shadow;
  const scopes = access.requirement.scopes.length > 0 ? [scopeText(access)] : [];
  return [...scopes, ...require.map(conditionText)].map(inShadow);
}

function conditionText({ name, test, values, parameter }: ClaimCondition): string {
  if (test === 'absent') return `no ${name}`;
  const accepted = parameter === undefined ? shortened(values.map(String), ' or ') : `{${parameter}}`;
  return `${name} ${test === 'is' ? 'is' : 'has'} ${accepted}`;
}

/** The token service is more than one issuer, whose names are not in the file. */
function namesOf(issuers: readonly Issuer[]): readonly string[] {
  return [...new Set(issuers.map(({ name, keys }) => (keys.kind === 'own' ? 'this gateway' : name)))];
}

function shortened(names: readonly string[], separator = ', '): string {
  if (names.length <= MOST_NAMES) return names.join(separator);
  return `${names.slice(0, MOST_NAMES - 1).join(separator)}${separator}${names.length - MOST_NAMES + 1} more`;
}
