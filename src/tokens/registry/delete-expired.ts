/** The registry, kept from growing without end. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import type { RegistryDatabase } from './tables.js';

/** How many rows one statement removes: SQLite holds the event loop for some milliseconds meanwhile. */
const BATCH = 500;

/** How long gates are told that a revocation was undone. One that was stopped for longer reads everything anew. */
const REMOVALS_KEPT_MS = 24 * 60 * 60_000;

/** What ends: the table, what tells its rows apart, and the column that says when. */
const ENDING = [
  ['refreshFamilies', ['id'], 'endsAtMs'],
  ['namedTokens', ['jti'], 'endsAtMs'],
  ['signingKeys', ['kid'], 'publishedUntilMs'],
  // Gates forget these by themselves, each at the same time.
  ['revocations', ['kind', 'issuer', 'id', 'cause'], 'endsAtMs'],
] as const;

/**
 * Removes what has ended, a batch at a time. A used refresh token stays for as long as its family lives: only so is
 * its replay known from an invention. The rows of deleted apps stay too, so that no key is ever given twice.
 */
export async function deleteExpired(db: RegistryDatabase, atMs: number, batch = BATCH): Promise<void> {
  for (const [table, key, end] of ENDING) {
    const columns = sql.join(key.map((column) => sql.ref(column)));
    const hasEnded = sql`${sql.ref(end)} <= ${atMs}`;
    for (;;) {
      // The end is asked for again, since a row may get another one while the statement waits for it.
      const { numAffectedRows = 0n } = await sql`
        delete from ${sql.table(table)} where ${hasEnded} and (${columns}) in (
          select ${columns} from ${sql.table(table)} where ${hasEnded} limit ${batch}
        )`.execute(db);
      if (numAffectedRows < batch) break;
      await nextTurn();
    }
  }
  await forgetRemovals(db, atMs - REMOVALS_KEPT_MS);
}

/** Removes what tells of revocations that were undone long ago, and records that it is told no more. */
async function forgetRemovals(db: RegistryDatabase, beforeMs: number): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const { last } = await transaction
      .selectFrom('revocations')
      .select((row) => row.fn.max<number | null>('revision').as('last'))
      .where('removedAtMs', '<=', beforeMs)
      .executeTakeFirstOrThrow();
    if (last === null) return;
    await transaction
      .updateTable('revisions')
      .set({ value: last })
      .where('name', '=', 'sweptRevocations')
      .where('value', '<', last)
      .execute();
    await transaction
      .deleteFrom('revocations')
      .where('removedAtMs', '<=', beforeMs)
      .where('revision', '<=', last)
      .execute();
  });
}
