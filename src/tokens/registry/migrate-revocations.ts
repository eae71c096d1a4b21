/** Step 002 of the registry's tables: gates read only the revocations that are new, and users have generations. */
import type { Kysely } from 'kysely';
import type { RegistryDatabase } from './tables.js';

/**
 * Rows from before this step have revision 0: a gate that has read the table once has them. Users from before have
 * generation 0, which is also that of tokens without the claim.
 */
export async function addRevocationRevisions(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .alterTable('revocations')
    .addColumn('revision', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  await schema.alterTable('revocations').addColumn('removedAtMs', 'bigint').execute();
  await schema.alterTable('revocations').addColumn('generation', 'bigint').execute();
  await schema.createIndex('revocationsByRevision').on('revocations').column('revision').execute();
  await schema.createIndex('revocationsByEnd').on('revocations').column('endsAtMs').execute();
  await schema
    .alterTable('users')
    .addColumn('generation', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  await (db as RegistryDatabase)
    .insertInto('revisions')
    .values([
      { name: 'users', value: 0 },
      { name: 'sweptRevocations', value: 0 },
    ])
    .execute();
}
