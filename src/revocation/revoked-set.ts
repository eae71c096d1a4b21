/**
 * The revocations in memory, which every request checks. A change is applied in place, so its cost does not grow with
 * their number.
 */
import type { Revocation, RevocationChange, RevocationKey } from '../model/revocation.js';
import type { Revocable } from './revocable.js';
import { PARTS, RevokedIds } from './revoked-ids.js';

/** The revoked ids and the deleted ids by issuer; undefined means every issuer. */
type ByIssuer = Map<string | undefined, RevokedIds[]>;

/** The set of all revocations. */
export class RevokedSet {
  readonly #of = { app: new Map() as ByIssuer, token: new Map() as ByIssuer, family: new Map() as ByIssuer };
  readonly #all: RevokedIds[] = [];
  #size = 0;

  constructor(revocations: Iterable<Revocation> = []) {
    for (const revocation of revocations) this.#size += this.#idsOf(revocation).put(revocation);
  }

  get size(): number {
    return this.#size;
  }

  /** Whether a caller or token is revoked. */
  has(subject: Revocable): boolean {
    if (this.#size === 0) return false;
    const { app, tokenId, family } = subject;
    return (
      isIn(this.#of.app, app, subject) ||
      (tokenId !== undefined && isIn(this.#of.token, tokenId, subject)) ||
      (family !== undefined && isIn(this.#of.family, family, subject))
    );
  }

  /** Applies changes in place. */
  apply(changes: readonly RevocationChange[]): void {
    for (const { isRemoved, revocation } of changes) {
      if (isRemoved) this.#size -= this.#idsOf(revocation).remove(revocation.id);
      else this.#size += this.#idsOf(revocation).put(revocation);
    }
  }

  /** The number of parts, for `part` and `dropEnded`. It may grow during an iteration. */
  get parts(): number {
    return this.#all.length * PARTS;
  }

  /** The revocations of one part. */
  part(at: number): Iterable<Revocation> {
    return this.#all[Math.floor(at / PARTS)]?.part(at % PARTS) ?? [];
  }

  /** All revocations. Changes may be applied during the iteration. */
  *rows(): Generator<Revocation> {
    for (let at = 0; at < this.parts; at++) yield* this.part(at);
  }

  /** Removes the revocations of one part that have ended. */
  dropEnded(at: number, nowMs: number): void {
    this.#size -= this.#all[Math.floor(at / PARTS)]?.dropEnded(at % PARTS, nowMs) ?? 0;
  }

  #idsOf({ kind, issuer, cause }: RevocationKey): RevokedIds {
    const byIssuer = this.#of[kind];
    let lists = byIssuer.get(issuer);
    if (!lists) byIssuer.set(issuer, (lists = []));
    let ids = lists.find(({ of }) => of.cause === cause);
    if (!ids) {
      ids = new RevokedIds({ kind, issuer, cause });
      lists.push(ids);
      this.#all.push(ids);
    }
    return ids;
  }
}

function isIn(byIssuer: ByIssuer, id: string, subject: Revocable): boolean {
  if (byIssuer.size === 0) return false;
  return isOneOf(byIssuer.get(subject.issuer), id, subject) || isOneOf(byIssuer.get(undefined), id, subject);
}

function isOneOf(lists: readonly RevokedIds[] | undefined, id: string, subject: Revocable): boolean {
  if (lists === undefined) return false;
  for (const ids of lists) if (ids.has(id, subject)) return true;
  return false;
}
