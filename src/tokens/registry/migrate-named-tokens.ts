/** Migration 003 of the registry: an index for the named tokens of one client. Called by `migrations.ts`. */
import type { Kysely } from 'kysely';

/** Indexes named tokens by client, so that finding one client's does not read all others. */
export async function indexNamedTokens(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('namedTokensByClient')
    .on('namedTokens')
    .columns(['clientId', 'createdAtMs'])
    .execute();
}
