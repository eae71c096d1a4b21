/**
 * The revoked ids of one kind, issuer and cause, in parts. A Map of a million entries blocks the process for a third of
 * a second when it grows; each part grows separately. An id takes about 90 bytes.
 */
import { endsAtMsOf, pack, revokedAtMsOf } from './packed-row.js';
import type { Revocation, RevocationKey } from '../model/revocation.js';
import type { Revocable } from './revocable.js';

/** The number of parts. At most one part is iterated without a pause. */
export const PARTS = 256;

type Bounds = Pick<Revocation, 'issuedBeforeMs' | 'generation'>;

/** The ids, each with its times and bounds. */
export class RevokedIds {
  /** The packed times by id. A part is created with its first id. */
  readonly #parts = new Array<Map<string, number> | undefined>(PARTS).fill(undefined);
  /** The bounds of ids that refuse only some tokens: deleted users. */
  readonly #bounds = new Map<string, Bounds>();

  constructor(readonly of: Omit<RevocationKey, 'id'>) {}

  /** Whether a token with this id is refused. */
  has(id: string, token: Pick<Revocable, 'issuedAtMs' | 'generation'>): boolean {
    if (this.#parts[partOf(id)]?.has(id) !== true) return false;
    if (this.#bounds.size === 0) return true;
    const bounds = this.#bounds.get(id);
    if (!bounds) return true;
    const { issuedBeforeMs = Infinity, generation = Infinity } = bounds;
    return token.issuedAtMs < issuedBeforeMs && token.generation <= generation;
  }

  /** Adds or replaces a revocation. @returns how many ids were added */
  put({ id, revokedAtMs, endsAtMs, issuedBeforeMs, generation }: Revocation): 0 | 1 {
    const at = partOf(id);
    const part = (this.#parts[at] ??= new Map<string, number>());
    const before = part.size;
    part.set(id, pack(revokedAtMs, endsAtMs));
    if (issuedBeforeMs !== undefined || generation !== undefined)
      this.#bounds.set(id, { issuedBeforeMs, generation });
    else this.#bounds.delete(id);
    return part.size > before ? 1 : 0;
  }

  /** Removes a revocation. @returns how many ids were removed */
  remove(id: string): 0 | 1 {
    this.#bounds.delete(id);
    return this.#parts[partOf(id)]?.delete(id) === true ? 1 : 0;
  }

  /** Removes the revocations of a part that have ended. @returns how many */
  dropEnded(at: number, nowMs: number): number {
    let dropped = 0;
    for (const [id, packed] of this.#parts[at] ?? []) {
      const endsAtMs = endsAtMsOf(packed);
      if (endsAtMs !== undefined && endsAtMs <= nowMs) dropped += this.remove(id);
    }
    return dropped;
  }

  /** The revocations of a part. Their start is rounded down to the second, their end up to the minute. */
  *part(at: number): Generator<Revocation> {
    for (const [id, packed] of this.#parts[at] ?? []) {
      const { issuedBeforeMs, generation } = this.#bounds.get(id) ?? NO_BOUNDS;
      const [revokedAtMs, endsAtMs] = [revokedAtMsOf(packed), endsAtMsOf(packed)];
      yield { ...this.of, id, revokedAtMs, endsAtMs, issuedBeforeMs, generation };
    }
  }
}

const NO_BOUNDS: Bounds = { issuedBeforeMs: undefined, generation: undefined };

/** Hashes mainly the characters before the last one, which has only a few bits in a base64url id. */
function partOf(id: string): number {
  const { length } = id;
  const sum =
    Math.imul(id.charCodeAt(length - 2), 37) +
    Math.imul(id.charCodeAt(length - 3), 101) +
    Math.imul(id.charCodeAt(length - 1), 11) +
    id.charCodeAt(length - 4);
  return sum & (PARTS - 1);
}
