/** Who can have a token that opens a route, by the issuers' `grants`. */
import type { Issuer } from '../model/issuer.js';
import type { Access, ScopeRequirement } from '../model/route.js';
import { covers } from '../model/scope.js';

/** Returns the issuers that a route accepts; none for a public route, which reads no token. */
export function acceptedIssuers(access: Access, issuers: readonly Issuer[]): readonly Issuer[] {
  if (access.kind === 'public') return [];
  const { issuers: names } = access;
  return names ? issuers.filter(({ name }) => names.has(name)) : issuers;
}

/** Returns the issuers of which some token can have the scopes that a route requires. */
export function openingIssuers(access: Access, issuers: readonly Issuer[]): readonly Issuer[] {
  if (access.kind === 'public') return [];
  return acceptedIssuers(access, issuers).filter((issuer) => canSatisfy(issuer, access.requirement));
}

/** Returns the scopes of a route that no issuer it accepts may grant. */
export function ungrantedScopes(access: Access, issuers: readonly Issuer[]): readonly string[] {
  if (access.kind === 'public') return [];
  const accepted = acceptedIssuers(access, issuers);
  return access.requirement.scopes.filter((scope) => !accepted.some((issuer) => mayGrant(issuer, scope)));
}

function canSatisfy(issuer: Issuer, { mode, scopes }: ScopeRequirement): boolean {
  return mode === 'all'
    ? scopes.every((scope) => mayGrant(issuer, scope))
    : scopes.some((scope) => mayGrant(issuer, scope));
}

/** A token has of each scope and grant the narrower one (`narrow`), so a required scope has to be covered by a grant. */
function mayGrant({ grants }: Issuer, scope: string): boolean {
  return grants.some((grant) => covers(grant, scope));
}
