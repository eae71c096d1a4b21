/** Step 003 of the registry's tables: the named tokens of one client are found without reading those of all others. */
import type { Kysely } from 'kysely';

export async function indexNamedTokens(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('namedTokensByClient')
    .on('namedTokens')
    .columns(['clientId', 'createdAtMs'])
    .execute();
}
