/** Writes and reads the registry's rows of revocations. Called by the queries for revocations, apps and users. */
import type { RevocationChange } from '../../model/revocation.js';
import type { Revocation } from './registry.js';
import type { RegistryDatabase, RevocationTable } from './tables.js';

/** The stored issuer of a revocation at every issuer: a primary key allows no null. */
export const EVERY_ISSUER = '';

/** The columns of the primary key. */
export const KEY = ['kind', 'issuer', 'id', 'cause'] as const;

/** Writes a revocation as part of the revision. It replaces one with the same key. */
export async function record(
  transaction: RegistryDatabase,
  revision: number,
  revocation: Revocation,
): Promise<void> {
  const { kind, issuer = EVERY_ISSUER, id, cause, revokedAtMs } = revocation;
  const values = {
    revokedAtMs,
    issuedBeforeMs: revocation.issuedBeforeMs ?? null,
    generation: revocation.generation ?? null,
    endsAtMs: revocation.endsAtMs ?? null,
    revision,
    removedAtMs: null,
  };
  await transaction
    .insertInto('revocations')
    .values({ kind, issuer, id, cause, ...values })
    .onConflict((conflict) => conflict.columns(KEY).doUpdateSet(values))
    .execute();
}

/**
 * Undoes the revocation of an app, as part of the revision. The row is kept, so that gateways read the change.
 *
 * @returns whether there was a revocation
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
 * Refuses the tokens of a deleted app or user, as part of the revision.
 *
 * @param of `generation` for a user, whose name may be reused: the next user's tokens have a later generation
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
  // A deletion refuses every token, so a revocation beside it has no effect, and nor would undoing it.
  if (generation === undefined) await removeRevoked(transaction, revision, { issuer, app: id, atMs });
}

/** Refuses the tokens of an app up to a generation, as part of the revision. `restore` does not undo it. */
export async function recordChange(
  transaction: RegistryDatabase,
  revision: number,
  of: { readonly issuer: string; readonly id: string; readonly atMs: number; readonly generation: number },
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
    cause: 'changed',
  });
}

/** Whether the row refuses every token, including future ones. */
export function refusesAll({ issuedBeforeMs, generation }: RevocationTable): boolean {
  return issuedBeforeMs === null && generation === null;
}

/** Converts a row to a revocation. */
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

/** Converts a row to a change: a revocation, or the removal of one. */
export function readChange(row: RevocationTable): RevocationChange {
  return { isRemoved: row.removedAtMs !== null, revocation: readRow(row) };
}
