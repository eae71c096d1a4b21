/** Deletes expired rows, so that the registry does not grow without bound. Called at intervals. */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { sql } from 'kysely';
import type { RegistryDatabase } from './tables.js';

/** How many rows one statement removes: SQLite blocks the event loop for some milliseconds meanwhile. */
const BATCH = 500;

/** How long the removal of a revocation is kept. A gateway that was stopped for longer reads all revocations again. */
const REMOVALS_KEPT_MS = 24 * 60 * 60_000;

/** The tables whose rows expire: table, key columns, and the column with the end. */
const EXPIRING = [
  ['refreshFamilies', ['id'], 'endsAtMs'],
  ['namedTokens', ['jti'], 'endsAtMs'],
  ['signingKeys', ['kid'], 'publishedUntilMs'],
  // Each gateway forgets these itself, at the same time.
  ['revocations', ['kind', 'issuer', 'id', 'cause'], 'endsAtMs'],
] as const;

/**
 * Deletes expired rows in batches, and the hashes of replaced secrets that are no longer accepted. A used refresh token is kept as long as its family, so that its replay can be
 * distinguished from an unknown token. The rows of deleted apps are kept too, so that no key is ever reused.
 */
export async function deleteExpired(db: RegistryDatabase, atMs: number, batch = BATCH): Promise<void> {
  for (const [table, key, end] of EXPIRING) {
    const columns = sql.join(key.map((column) => sql.ref(column)));
    const hasEnded = sql`${sql.ref(end)} <= ${atMs}`;
    for (;;) {
      // The outer condition repeats the end, because a row's end may change while the statement waits for the row.
      const { numAffectedRows = 0n } = await sql`
        delete from ${sql.table(table)} where ${hasEnded} and (${columns}) in (
          select ${columns} from ${sql.table(table)} where ${hasEnded} limit ${batch}
        )`.execute(db);
      if (numAffectedRows < batch) break;
      await yieldToEventLoop();
    }
  }
  await db
    .updateTable('apps')
    .set({ previousSecretHash: null, previousUntilMs: null })
    .where('previousUntilMs', '<=', atMs)
    .execute();
  await deleteOldRemovals(db, atMs - REMOVALS_KEPT_MS);
}

/** Deletes the rows of revocations that were undone long ago, and records up to which revision they are gone. */
async function deleteOldRemovals(db: RegistryDatabase, beforeMs: number): Promise<void> {
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
