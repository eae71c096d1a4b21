/** Migration 004 of the registry: changes of apps, overlapping secrets, and last uses. Called by `migrations.ts`. */
import type { Kysely } from 'kysely';

/** Adds the columns. Existing apps get generation 0, like tokens without the claim. */
export async function addAppChanges(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema.alterTable('apps').addColumn('previousSecretHash', 'text').execute();
  await schema.alterTable('apps').addColumn('previousUntilMs', 'bigint').execute();
  await schema
    .alterTable('apps')
    .addColumn('generation', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  await schema.alterTable('apps').addColumn('lastUsedAtMs', 'bigint').execute();
  await schema.createIndex('appsByPreviousSecret').on('apps').column('previousSecretHash').execute();
}
