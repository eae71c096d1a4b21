/**
 * Migrates the registry's tables. Called by `open.ts`. A released migration is never edited; a later one corrects its
 * mistakes.
 *
 * Several gateways may start at once. On PostgreSQL kysely's migrator holds an advisory lock. On SQLite the migrations
 * run in one transaction, which takes the write lock first.
 */
import { Migrator, type Migration } from 'kysely';
import { createTables } from './create-tables.js';
import { addAppChanges } from './migrate-app-changes.js';
import { createAuditTable } from './migrate-audit.js';
import { addNamedTokenGenerations } from './migrate-named-token-generations.js';
import { indexNamedTokens } from './migrate-named-tokens.js';
import { addRevocationRevisions } from './migrate-revocations.js';
import type { RegistryDatabase } from './tables.js';

const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '001-registry': { up: createTables },
  '002-revocation-revisions': { up: addRevocationRevisions },
  '003-named-tokens-by-client': { up: indexNamedTokens },
  '004-app-changes': { up: addAppChanges },
  '005-audit': { up: createAuditTable },
  '006-named-token-generations': { up: addNamedTokenGenerations },
};

/**
 * Applies the missing migrations. Rejects if one fails; then nothing has changed.
 *
 * @param schema PostgreSQL's current schema, because other schemas of the database may have a registry too
 */
export async function migrate(db: RegistryDatabase, schema: string | undefined): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(MIGRATIONS) },
    migrationTableName: 'tollgate_migrations',
    migrationLockTableName: 'tollgate_migration_lock',
    ...(schema !== undefined && { migrationTableSchema: schema }),
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error as Error;
}
