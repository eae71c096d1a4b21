/**
 * Migrates the registry's tables. Called by `open.ts`. A released migration is never edited; a later one corrects its
 * mistakes.
 *
 * Several gateways may start at once. On PostgreSQL kysely's migrator holds an advisory lock. On SQLite the migrations
 * run in one transaction, which takes the write lock first.
 */
import { Migrator, type Kysely, type Migration } from 'kysely';
import { indexNamedTokens } from './migrate-named-tokens.js';
import { addRevocationRevisions } from './migrate-revocations.js';
import type { RegistryDatabase } from './tables.js';

const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '001-registry': { up: createTables },
  '002-revocation-revisions': { up: addRevocationRevisions },
  '003-named-tokens-by-client': { up: indexNamedTokens },
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

async function createTables(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('apps')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('secretHash', 'text', (column) => column.unique())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('owner', 'text')
    .addColumn('organization', 'text')
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('createdAtMs', 'bigint', (column) => column.notNull())
    .addColumn('deletedAtMs', 'bigint')
    .execute();

  await schema
    .createTable('users')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('passwordHash', 'text', (column) => column.notNull())
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('organization', 'text')
    .addColumn('createdAtMs', 'bigint', (column) => column.notNull())
    .execute();

  await schema
    .createTable('refreshFamilies')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('userName', 'text', (column) => column.notNull().references('users.name').onDelete('cascade'))
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('endsAtMs', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('refreshFamiliesByUser').on('refreshFamilies').column('userName').execute();

  await schema
    .createTable('refreshTokens')
    .addColumn('hash', 'text', (column) => column.primaryKey())
    .addColumn('familyId', 'text', (column) =>
      column.notNull().references('refreshFamilies.id').onDelete('cascade'),
    )
    .addColumn('usedAtMs', 'bigint')
    .execute();
  await schema.createIndex('refreshTokensByFamily').on('refreshTokens').column('familyId').execute();

  await schema
    .createTable('namedTokens')
    .addColumn('jti', 'text', (column) => column.primaryKey())
    .addColumn('clientId', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('description', 'text', (column) => column.notNull())
    .addColumn('createdAtMs', 'bigint', (column) => column.notNull())
    .addColumn('endsAtMs', 'bigint')
    .execute();

  await schema
    .createTable('signingKeys')
    .addColumn('kid', 'text', (column) => column.primaryKey())
    .addColumn('privateKey', 'text', (column) => column.notNull())
    .addColumn('publicJwk', 'text', (column) => column.notNull())
    .addColumn('createdAtMs', 'bigint', (column) => column.notNull())
    .addColumn('signsFromMs', 'bigint', (column) => column.notNull())
    .addColumn('signsUntilMs', 'bigint')
    .addColumn('publishedUntilMs', 'bigint')
    .execute();

  await schema
    .createTable('revocations')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('cause', 'text', (column) => column.notNull())
    .addColumn('revokedAtMs', 'bigint', (column) => column.notNull())
    .addColumn('issuedBeforeMs', 'bigint')
    .addColumn('endsAtMs', 'bigint')
    .addPrimaryKeyConstraint('revocationsKey', ['kind', 'issuer', 'id', 'cause'])
    .execute();

  await schema
    .createTable('revisions')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'bigint', (column) => column.notNull())
    .execute();
  await (db as RegistryDatabase)
    .insertInto('revisions')
    .values([
      { name: 'revocations', value: 0 },
      { name: 'signingKeys', value: 0 },
    ])
    .execute();

  await schema
    .createTable('secrets')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();
}
