/** Deletes expired rows, so that the registry does not grow without bound. Called at intervals. */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { sql } from 'kysely';
import type { RegistryDatabase, Tables } from './tables.js';

/** How many rows one statement removes: SQLite blocks the event loop for some milliseconds meanwhile. */
const BATCH = 500;

/** How long the removal of a revocation is kept. A gateway that was stopped for longer reads all revocations again. */
const REMOVALS_KEPT_MS = 24 * 60 * 60_000;

/** How long administrative changes are kept, and how many at most. */
const AUDIT_KEPT_MS = 90 * 24 * 60 * 60_000;
const MAX_AUDIT = 100_000;

/** The tables whose rows expire: table, key columns, the column with the end, and how long they are kept after it. */
const EXPIRING = [
  ['refreshFamilies', ['id'], 'endsAtMs', 0],
  ['namedTokens', ['jti'], 'endsAtMs', 0],
  ['signingKeys', ['kid'], 'publishedUntilMs', 0],
  // Each gateway forgets these itself, at the same time.
  ['revocations', ['kind', 'issuer', 'id', 'cause'], 'endsAtMs', 0],
  ['audit', ['id'], 'atMs', AUDIT_KEPT_MS],
] as const satisfies readonly Expiring[];

type Expiring = readonly [table: keyof Tables, key: readonly string[], end: string, keptMs: number];

/**
 * Deletes expired rows in batches, and the hashes of replaced secrets that are no longer accepted. A used refresh token is kept as long as its family, so that its replay can be
 * distinguished from an unknown token. The rows of deleted apps are kept too, so that no key is ever reused.
 */
export async function deleteExpired(db: RegistryDatabase, atMs: number, batch = BATCH): Promise<void> {
  for (const expiring of EXPIRING) await deleteEnded(db, expiring, atMs - expiring[3], batch);
  const surplus = await db
    .selectFrom('audit')
    .select('atMs')
    .orderBy('atMs', 'desc')
    .offset(MAX_AUDIT)
    .limit(1)
    .executeTakeFirst();
  if (surplus) await deleteEnded(db, ['audit', ['id'], 'atMs', 0], surplus.atMs, batch);
  await db
    .updateTable('apps')
    .set({ previousSecretHash: null, previousUntilMs: null })
    .where('previousUntilMs', '<=', atMs)
    .execute();
  await deleteOldRemovals(db, atMs - REMOVALS_KEPT_MS);
}

/** Deletes the rows that ended at the time or before. */
async function deleteEnded(
  db: RegistryDatabase,
  [table, key, end]: Expiring,
  atMs: number,
  batch: number,
): Promise<void> {
  const columns = sql.join(key.map((column) => sql.ref(column)));
  const hasEnded = sql`${sql.ref(end)} <= ${atMs}`;
  for (;;) {
    // The outer condition repeats the end, because a row's end may change while the statement waits for the row.
    const { numAffectedRows = 0n } = await sql`
      delete from ${sql.table(table)} where ${hasEnded} and (${columns}) in (
        select ${columns} from ${sql.table(table)} where ${hasEnded} limit ${batch}
      )`.execute(db);
    if (numAffectedRows < batch) return;
    await yieldToEventLoop();
  }
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
