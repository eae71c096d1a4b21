/** Makes the revocations that the token service records: of one token, or of all tokens that descend from one login. */
import { REVOCATION_MARGIN_MS } from '../model/revocation.js';
import { TOKENS } from '../model/tokens.js';
import type { RefreshFamily, Revocation } from './registry/registry.js';

/**
 * Makes the revocation of one token. It ends when no gateway could accept the token any more.
 *
 * @param of `expS`: the token's `exp`, epoch seconds; undefined if it never expires
 */
export function tokenRevocation(
  of: { readonly issuer: string; readonly jti: string; readonly expS: number | undefined },
  nowMs: number,
): Revocation {
  const { issuer, jti, expS } = of;
  const endsAtMs = expS === undefined ? undefined : expS * 1000 + REVOCATION_MARGIN_MS;
  return { ...commonFields(nowMs), kind: 'token', issuer, id: jti, endsAtMs };
}

/**
 * Makes the revocation of one login. It ends when no gateway could accept an access token of the family any more.
 *
 * @param lifetimeMs of access tokens
 */
export function familyRevocation(family: RefreshFamily, lifetimeMs: number, nowMs: number): Revocation {
  // A token may be issued until the family ends, if the lifetime was longer before, or now, by a clock that is ahead.
  const endsAtMs = Math.max(family.endsAtMs, nowMs) + lifetimeMs + REVOCATION_MARGIN_MS;
  return { ...commonFields(nowMs), kind: 'family', issuer: TOKENS, id: family.id, endsAtMs };
}

function commonFields(nowMs: number) {
  return {
    revokedAtMs: nowMs,
    issuedBeforeMs: undefined,
    generation: undefined,
    cause: 'revoked',
  } as const;
}
