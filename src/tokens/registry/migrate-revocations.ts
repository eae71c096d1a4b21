/** Migration 002 of the registry: revisions of revocations and generations of users. Called by `migrations.ts`. */
import type { Kysely } from 'kysely';
import type { RegistryDatabase } from './tables.js';

/**
 * Adds revisions, so that gateways read only new revocations, and generations. Existing revocations get revision 0: a
 * gateway that has read the table once has them. Existing users get generation 0, like tokens without the claim.
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
