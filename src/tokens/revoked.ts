/** The revocations that the token service records: of one token, and of all that descend from one login. */
import { REVOCATION_MARGIN_MS } from '../model/revocation.js';
import { TOKENS } from '../model/tokens.js';
import type { RefreshFamily, Revocation } from './registry/registry.js';

/**
 * @param of `expS`: its `exp`, epoch seconds; undefined for one that never expires
 * @returns one that holds for as long as any gate could accept the token
 */
export function tokenRevocation(
  of: { readonly issuer: string; readonly jti: string; readonly expS: number | undefined },
  nowMs: number,
): Revocation {
  const { issuer, jti, expS } = of;
  const endsAtMs = expS === undefined ? undefined : expS * 1000 + REVOCATION_MARGIN_MS;
  return { ...revoked(nowMs), kind: 'token', issuer, id: jti, endsAtMs };
}

/**
 * @param lifetimeMs of access tokens
 * @returns one that holds for as long as any gate could accept an access token of the family
 */
export function familyRevocation(family: RefreshFamily, lifetimeMs: number, nowMs: number): Revocation {
  // One may be issued until the family ends, if the lifetime was longer before; or now, by a clock that is ahead.
  const endsAtMs = Math.max(family.endsAtMs, nowMs) + lifetimeMs + REVOCATION_MARGIN_MS;
  return { ...revoked(nowMs), kind: 'family', issuer: TOKENS, id: family.id, endsAtMs };
}

function revoked(nowMs: number) {
  return {
    revokedAtMs: nowMs,
    issuedBeforeMs: undefined,
    generation: undefined,
    cause: 'revoked',
  } as const;
}
