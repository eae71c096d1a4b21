/** The registry's counters of changes, which put those who change the same things in a row. */
import type { Database, Tables } from './tables.js';

/**
 * Counts a change, and makes every other that would count one wait until this transaction has ended. So what is read
 * afterwards stays so, and a revision that is seen has all that it counts. It comes first in a transaction, whatever
 * else that locks: two that lock in different order would wait for each other.
 */
export async function takeTurn(transaction: Database, name: Tables['revisions']['name']): Promise<void> {
  await transaction
    .updateTable('revisions')
    .set((row) => ({ value: row('value', '+', 1) }))
    .where('name', '=', name)
    .execute();
}

export async function readRevision(db: Database): Promise<number> {
  const { value } = await db
    .selectFrom('revisions')
    .select('value')
    .where('name', '=', 'revocations')
    .executeTakeFirstOrThrow();
  return value;
}
