/** The registry's rows of revocations: how they are written, and what they mean. */
import type { RevocationChange } from '../../model/revocation.js';
import type { Revocation } from './registry.js';
import type { RegistryDatabase, RevocationTable } from './tables.js';

/** A primary key takes no null. */
export const EVERY_ISSUER = '';

/** What makes a row the only one of its kind. */
export const KEY = ['kind', 'issuer', 'id', 'cause'] as const;

/** Writes a revocation in place of one with the same key, as a part of the revision. */
export async function record(
  transaction: RegistryDatabase,
  revision: number,
  revocation: Revocation,
): Promise<void> {
  const { kind, issuer = EVERY_ISSUER, id, cause, revokedAtMs } = revocation;
  const what = {
    revokedAtMs,
    issuedBeforeMs: revocation.issuedBeforeMs ?? null,
    generation: revocation.generation ?? null,
    endsAtMs: revocation.endsAtMs ?? null,
    revision,
    removedAtMs: null,
  };
  await transaction
    .insertInto('revocations')
    .values({ kind, issuer, id, cause, ...what })
    .onConflict((conflict) => conflict.columns(KEY).doUpdateSet(what))
    .execute();
}

/**
 * Undoes a `revoked` one of an app, as a part of the revision. The row stays, so that gates are told.
 *
 * @returns whether there was one
 */
export async function removeRevoked(
  transaction: RegistryDatabase,
  revision: number,
  { issuer, app, atMs }: { readonly issuer: string; readonly app: string; readonly atMs: number },
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('revocations')
    .set({ revision, removedAtMs: atMs })
    .where('kind', '=', 'app')
    .where('issuer', '=', issuer)
    .where('id', '=', app)
    .where('cause', '=', 'revoked')
    .where('removedAtMs', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/**
 * Refuses the tokens of an app, or of a user, that is no more, as a part of the revision.
 *
 * @param of `generation` for a user, whose name may be given again: the tokens of the next one are of a later one
 */
export async function recordDeletion(
  transaction: RegistryDatabase,
  revision: number,
  of: {
    readonly issuer: string;
    readonly id: string;
    readonly atMs: number;
    readonly generation?: number;
  },
): Promise<void> {
  const { issuer, id, atMs, generation } = of;
  await record(transaction, revision, {
    kind: 'app',
    issuer,
    id,
    revokedAtMs: atMs,
    issuedBeforeMs: undefined,
    generation,
    endsAtMs: undefined,
    cause: 'deleted',
  });
  // It adds nothing to a deletion of everything, and undoing it would undo nothing.
  if (generation === undefined) await removeRevoked(transaction, revision, { issuer, app: id, atMs });
}

/** Whether the row refuses whatever token, however new. */
export function refusesAll({ issuedBeforeMs, generation }: RevocationTable): boolean {
  return issuedBeforeMs === null && generation === null;
}

export function readRow(row: RevocationTable): Revocation {
  return {
    kind: row.kind,
    issuer: row.issuer === EVERY_ISSUER ? undefined : row.issuer,
    id: row.id,
    revokedAtMs: row.revokedAtMs,
    issuedBeforeMs: row.issuedBeforeMs ?? undefined,
    generation: row.generation ?? undefined,
    endsAtMs: row.endsAtMs ?? undefined,
    cause: row.cause,
  };
}

/** What a row, of one that holds or of one that was undone, tells a gate. */
export function readChange(row: RevocationTable): RevocationChange {
  return { isRemoved: row.removedAtMs !== null, revocation: readRow(row) };
}
