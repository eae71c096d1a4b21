/** A login ends before its time: its refresh tokens, and the access tokens that descend from it. */
import type { Revocations } from '../deps.js';
import type { RefreshFamily, Registry } from '../registry/registry.js';
import { familyRevocation } from '../revoked.js';

export interface EndFamilyOptions {
  readonly registry: Pick<Registry, 'endFamily'>;
  readonly revocations: Pick<Revocations, 'revoke'>;
  readonly now: () => number;
}

/** `away` where that could not be recorded: then nothing has ended. Rejects where the refresh tokens alone live on. */
export type EndFamily = (family: RefreshFamily) => Promise<'done' | 'unavailable'>;

/** Of access tokens from before the file named no endpoint for users any more. */
const USUAL_LIFETIME_MS = 24 * 60 * 60_000;

/** @param lifetimeMs of access tokens; undefined where users have no endpoint now */
export function createEndFamily(
  lifetimeMs: number | undefined,
  { registry, revocations, now }: EndFamilyOptions,
): EndFamily {
  return async function end(family) {
    // First: whatever is issued from its refresh tokens until those have ended is refused too.
    const revocation = familyRevocation(family, lifetimeMs ?? USUAL_LIFETIME_MS, now());
    if ((await revocations.revoke(revocation)) === 'unavailable') return 'unavailable';
    await registry.endFamily(family.id);
    return 'done';
  };
}
