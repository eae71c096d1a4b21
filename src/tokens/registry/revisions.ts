/** The registry's counters of changes, which also serialize the transactions that make the same kind of change. */
import type { RegistryDatabase, Tables } from './tables.js';

/**
 * Counts a change and locks the counter until this transaction ends. So what the transaction reads afterwards stays
 * valid, and a visible revision includes all its changes. It must come first in a transaction: two transactions that
 * lock in different order would deadlock.
 *
 * @returns the new count
 */
export async function bumpRevision(
  transaction: RegistryDatabase,
  name: Tables['revisions']['name'],
): Promise<number> {
  const { value } = await transaction
    .updateTable('revisions')
    .set((row) => ({ value: row('value', '+', 1) }))
    .where('name', '=', name)
    .returning('value')
    .executeTakeFirstOrThrow();
  return value;
}

/** Reads the count of one kind of change. */
export async function readRevision(db: RegistryDatabase, name: Tables['revisions']['name']): Promise<number> {
  const { value } = await db
    .selectFrom('revisions')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  return value;
}
