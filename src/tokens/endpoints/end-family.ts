/** Ends a login early: its refresh tokens, and the access tokens that descend from it. */
import type { TokenRevocations } from '../deps.js';
import type { RefreshFamily, Registry } from '../registry/registry.js';
import { familyRevocation } from '../revoked.js';

export interface EndFamilyOptions {
  readonly registry: Pick<Registry, 'endFamily'>;
  readonly revocations: Pick<TokenRevocations, 'revoke'>;
  readonly now: () => number;
}

/**
 * Ends a login. `unavailable` if the revocation could not be recorded; then nothing has ended. Rejects if only the
 * refresh tokens could not be ended.
 */
export type EndFamily = (family: RefreshFamily) => Promise<'done' | 'unavailable'>;

/** Of access tokens that were issued before the endpoint for users was removed from the file. */
const DEFAULT_LIFETIME_MS = 24 * 60 * 60_000;

/**
 * Creates the function that ends logins.
 *
 * @param lifetimeMs of access tokens; undefined if there is no endpoint for users now
 */
export function createEndFamily(
  lifetimeMs: number | undefined,
  { registry, revocations, now }: EndFamilyOptions,
): EndFamily {
  return async function end(family) {
    // The revocation comes first, so that it also refuses tokens issued before the refresh tokens have ended.
    const revocation = familyRevocation(family, lifetimeMs ?? DEFAULT_LIFETIME_MS, now());
    if ((await revocations.revoke(revocation)) === 'unavailable') return 'unavailable';
    await registry.endFamily(family.id);
    return 'done';
  };
}
