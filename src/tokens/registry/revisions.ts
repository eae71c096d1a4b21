/** The registry's counters of changes, which put those who change the same things in a row. */
import type { RegistryDatabase, Tables } from './tables.js';

/**
 * Counts a change, and makes every other that would count one wait until this transaction has ended. So what is read
 * afterwards stays so, and a revision that is seen has all that it counts. It comes first in a transaction, whatever
 * else that locks: two that lock in different order would wait for each other.
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

/** The count of one kind of change. */
export async function readRevision(db: RegistryDatabase, name: Tables['revisions']['name']): Promise<number> {
  const { value } = await db
    .selectFrom('revisions')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  return value;
}
