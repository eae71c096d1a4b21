/** Migration 006 of the registry: the generation of the app at which a named token was made. Called by `migrations.ts`. */
import type { Kysely } from 'kysely';

/** Adds the column. It is null for tokens that exist already, whose generation is known to their holders alone. */
export async function addNamedTokenGenerations(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('namedTokens').addColumn('generation', 'bigint').execute();
}
