/** Opens the registry: chooses the database, brings its tables up to date, and puts the parts together. */
import { CamelCasePlugin, Kysely, sql } from 'kysely';
import type { Log } from '../../model/log.js';
import { createApps } from './apps.js';
import { createFamilies } from './families.js';
import { createKeys } from './keys.js';
import { migrate } from './migrations.js';
import { createNamedTokens } from './named-tokens.js';
import { createPostgresDialect } from './postgres.js';
import type { Registry } from './registry.js';
import { createRevocations } from './revocations.js';
import { createSqliteDialect } from './sqlite.js';
import { sweep } from './sweep.js';
import type { Database, Tables } from './tables.js';
import { createUsers } from './users.js';

/** Where the registry is. */
export type RegistryLocation =
  { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'postgres'; readonly url: string };

/** Rejects where the database cannot be reached, or is not one that this version can use. */
export async function openRegistry(
  location: RegistryLocation,
  { log, patienceMs }: { readonly log: Log; readonly patienceMs?: number },
): Promise<Registry> {
  const db = new Kysely<Tables>({
    dialect:
      location.kind === 'sqlite'
        ? createSqliteDialect(location.path, log, patienceMs)
        : createPostgresDialect(location.url, log, patienceMs),
    plugins: [new CamelCasePlugin()],
  });
  try {
    await migrate(db, location.kind === 'postgres' ? await currentSchema(db) : undefined);
  } catch (error) {
    await db.destroy();
    throw new Error(`the registry cannot be opened: ${reasonOf(error)}`, { cause: error });
  }
  return {
    ...createApps(db),
    ...createUsers(db),
    ...createFamilies(db),
    ...createNamedTokens(db),
    ...createKeys(db),
    ...createRevocations(db),
    sweep: (atMs) => sweep(db, atMs),
    close: () => db.destroy(),
  };
}

/** The one that unqualified names are created in. */
async function currentSchema(db: Database): Promise<string> {
  const { rows } = await sql<{ schema: string | null }>`select current_schema() as schema`.execute(db);
  const schema = rows[0]?.schema;
  if (!schema) throw new Error("PostgreSQL's search_path names no schema that exists");
  return schema;
}

/** A host with several addresses fails with several errors, and no words of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return (error as Error).message;
}
