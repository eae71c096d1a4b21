/** Migration 001 of the registry: its tables. Called by `migrations.ts`. */
import type { Kysely, SchemaModule } from 'kysely';
import type { RegistryDatabase } from './tables.js';

/** Creates the tables of apps, users, tokens, signing keys and revocations, and their first rows. */
export async function createTables(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await createAppAndUserTables(schema);
  await createRefreshTokenTables(schema);
  await createNamedTokenTable(schema);
  await createKeyTables(schema);
  await createRevocationTable(schema);
  await createRevisionTable(db);
}

async function createAppAndUserTables(schema: SchemaModule): Promise<void> {
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
}

async function createRefreshTokenTables(schema: SchemaModule): Promise<void> {
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
}

async function createNamedTokenTable(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('namedTokens')
    .addColumn('jti', 'text', (column) => column.primaryKey())
    .addColumn('clientId', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('description', 'text', (column) => column.notNull())
    .addColumn('createdAtMs', 'bigint', (column) => column.notNull())
    .addColumn('endsAtMs', 'bigint')
    .execute();
}

async function createKeyTables(schema: SchemaModule): Promise<void> {
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
    .createTable('secrets')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();
}

async function createRevocationTable(schema: SchemaModule): Promise<void> {
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
}

async function createRevisionTable(db: Kysely<unknown>): Promise<void> {
  await db.schema
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
}
