/** The revocations as requests ask for them: is this caller revoked? Never changed, only replaced by a newer one. */
import type { Revocation } from '../model/revocation.js';
import type { Revocable } from './leash.js';

/** By issuer, undefined standing for every one, and by id: the tokens issued before that moment are refused. */
type Moments = Map<string | undefined, Map<string, number>>;

export class RevokedSet {
  readonly size: number;
  readonly #apps: Moments = new Map();
  readonly #tokens: Moments = new Map();

  constructor(revocations: readonly Revocation[]) {
    this.size = revocations.length;
    for (const { kind, issuer, id, issuedBeforeMs = Infinity } of revocations) {
      const moments = kind === 'app' ? this.#apps : this.#tokens;
      let ids = moments.get(issuer);
      if (!ids) moments.set(issuer, (ids = new Map<string, number>()));
      ids.set(id, Math.max(issuedBeforeMs, ids.get(id) ?? -Infinity));
    }
  }

  has({ issuer, app, tokenId, issuedAtMs }: Revocable): boolean {
    if (this.size === 0) return false;
    if (isIn(this.#apps, issuer, app, issuedAtMs)) return true;
    return tokenId !== undefined && isIn(this.#tokens, issuer, tokenId, issuedAtMs);
  }
}

function isIn(moments: Moments, issuer: string, id: string, issuedAtMs: number): boolean {
  if (moments.size === 0) return false;
  const here = moments.get(issuer)?.get(id);
  if (here !== undefined && issuedAtMs < here) return true;
  const everywhere = moments.get(undefined)?.get(id);
  return everywhere !== undefined && issuedAtMs < everywhere;
}
