/** Warns of claim names such as `realm_access.roles`, which other gateways read as a path and this one as a name. */
import type { ClaimCondition, ClaimPath } from '../../model/claim.js';
import type { PartialIssuer } from '../partial.js';
import type { Path, Warn } from '../problem.js';

/** Claims that are objects (Keycloak, Auth0, RFC 7800, RFC 8693, OpenID Connect, Ory). */
const OBJECTS: ReadonlySet<string> = new Set([
  ...['realm_access', 'resource_access', 'authorization', 'app_metadata', 'user_metadata'],
  ...['cnf', 'act', 'may_act', 'address', 'ext', 'context', 'firebase', 'permission', 'user', 'data'],
]);

/** Names of claims within an object. A claim of the top level that ends in one of these is a URL or a URN. */
const MEMBERS: ReadonlySet<string> = new Set([
  ...['role', 'roles', 'group', 'groups', 'permissions', 'scope', 'scopes', 'scp'],
  ...['client_id', 'clientId', 'app_id', 'org_id', 'tenant_id', 'user_id'],
]);

/** The first label of a domain written backwards, `com.example.roles`, which some issuers have as a name. */
const TOP_LEVEL_DOMAIN = /^(?:com|org|net|dev|app|[a-z]{2})$/;

/** Tells whether a claim's name is more likely meant as a path into an object. */
export function resemblesPath(name: string): boolean {
  const labels = name.split('.');
  if (labels.length < 2 || labels.includes('') || /[:/]/.test(name)) return false;
  const [first = ''] = labels;
  return OBJECTS.has(first) || (MEMBERS.has(labels.at(-1)!) && !TOP_LEVEL_DOMAIN.test(first));
}

/** Warns of a claim whose name can hardly be that of one claim; the text has the path into an object. */
function warnOfDottedClaim(path: Path, claim: ClaimPath, warn: Warn): void {
  const [name = ''] = claim;
  if (claim.length > 1 || !resemblesPath(name)) return;
  const list = name.split('.').join(', ');
  warn(path, `"${name}" is the name of one claim, dots included; the path into an object is [${list}]`);
}

/**
 * Warns of such names among all claims of an issuer.
 * @param path of the issuer
 * @param isPresent whether the file has a key
 */
export function warnOfDottedClaims(
  path: Path,
  { claims, audience, require }: PartialIssuer,
  isPresent: (path: Path) => boolean,
  warn: Warn,
): void {
  for (const [kind, listKey] of [
    ['app', 'first'],
    ['scope', 'union'],
  ] as const) {
    const place = [...path, 'claims', kind];
    const isList = isPresent([...place, listKey]);
    claims?.[kind].forEach((claim, index) =>
      warnOfDottedClaim(isList ? [...place, listKey, index] : place, claim, warn),
    );
  }
  if (audience) warnOfDottedClaim([...path, 'audience', 'claim'], audience.claim, warn);
  warnOfDottedConditions(path, require, warn);
}

/**
 * Warns of such names among the conditions of an issuer or a route.
 * @param path of the issuer or the route
 */
export function warnOfDottedConditions(
  path: Path,
  conditions: readonly ClaimCondition[] | undefined,
  warn: Warn,
): void {
  for (const [index, condition] of conditions?.entries() ?? []) {
    warnOfDottedClaim([...path, 'require', index, 'claim'], condition.path, warn);
  }
}
