/** The registry, kept from growing without end. */
import type { Database } from './tables.js';

/**
 * Removes what has ended. A used refresh token stays for as long as its family lives: only so is its replay known from
 * an invention. The rows of deleted apps stay too, so that no key is ever given twice.
 */
export async function sweep(db: Database, atMs: number): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction.deleteFrom('refreshFamilies').where('endsAtMs', '<=', atMs).execute();
    await transaction.deleteFrom('namedTokens').where('endsAtMs', '<=', atMs).execute();
    await transaction.deleteFrom('signingKeys').where('publishedUntilMs', '<=', atMs).execute();
    await transaction.deleteFrom('revocations').where('endsAtMs', '<=', atMs).execute();
  });
}
