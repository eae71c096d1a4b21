/** Migration 005 of the registry: the table of administrative changes. Called by `migrations.ts`. */
import type { Kysely } from 'kysely';

/** Creates the table, and the index by which the newest are read and the oldest deleted. */
export async function createAuditTable(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('atMs', 'bigint', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('subject', 'text')
    .addColumn('address', 'text')
    .execute();
  await db.schema.createIndex('auditByTime').on('audit').columns(['atMs', 'id']).execute();
}
