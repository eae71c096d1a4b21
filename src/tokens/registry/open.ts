/** Opens the registry: chooses the database, brings its tables up to date, and puts the parts together. */
import { OperatorError } from '../../model/operator-error.js';
import { CamelCasePlugin, Kysely, PostgresDialect, sql, type Dialect } from 'kysely';
import type { Pool } from 'pg';
import type { Log } from '../../model/log.js';
import { createApps } from './apps.js';
import { createFamilies } from './refresh-token-families.js';
import { createKeys } from './keys.js';
import { migrate } from './migrations.js';
import { createNamedTokens } from './named-tokens.js';
import { createPool, isUnavailable } from './postgres.js';
import type { Registry } from './registry.js';
import { createRevocations } from './revocations.js';
import { createSqliteDialect } from './sqlite.js';
import { deleteExpired } from './delete-expired.js';
import type { RegistryDatabase, Tables } from './tables.js';
import { createUsers } from './users.js';

/** Where the registry is. */
export type RegistryLocation =
  { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'postgres'; readonly url: string };

/** What the operator has to know of why a registry cannot be opened. */
class RegistryError extends OperatorError {
  override readonly name = 'RegistryError';
}

export interface RegistryOptions {
  readonly log: Log;
  readonly patienceMs?: number;
  /** Goes on without a server that cannot be reached: calls reject until one finds it there, and is served. */
  readonly mayBeUnavailable?: boolean;
}

const PLUGINS = [new CamelCasePlugin()];

/** Rejects where the database cannot be reached, or is not one that this version can use. */
export async function openRegistry(
  location: RegistryLocation,
  { log, patienceMs, mayBeUnavailable = false }: RegistryOptions,
): Promise<Registry> {
  const { dialect, end } =
    location.kind === 'sqlite'
      ? { dialect: createSqliteDialect(location.path, log, patienceMs), end: undefined }
      : openPostgres(createPool(location.url, log, patienceMs));
  const db = new Kysely<Tables>({ dialect, plugins: PLUGINS });
  async function close(): Promise<void> {
    // It rejects where the tables are just being brought up to date in vain, which is of no matter any more.
    await db.destroy().catch(() => undefined);
    await end?.();
  }
  try {
    if (location.kind === 'sqlite') await migrate(db, undefined);
    else await db.connection().execute(() => Promise.resolve());
  } catch (error) {
    const reason = reasonOf(error);
    if (!mayBeUnavailable || !isUnavailable(error)) {
      await close();
      throw new RegistryError(`the registry cannot be opened: ${reason}`, { cause: error });
    }
    log.warn({ reason }, 'the registry is unavailable: it is opened as soon as it is there');
  }
  const keys = createKeys(db);
  return {
    ...createApps(db),
    ...createUsers(db),
    ...createFamilies(db),
    ...createNamedTokens(db),
    ...keys,
    async replacePrivateKeys(replacements) {
      await keys.replacePrivateKeys(replacements);
      // What was replaced is still in the write-ahead log, and in the file until that is written back.
      if (location.kind === 'sqlite') await sql`PRAGMA wal_checkpoint(TRUNCATE)`.execute(db);
    },
    ...createRevocations(db),
    deleteExpired: (atMs) => deleteExpired(db, atMs),
    close,
  };
}

/** Whatever is asked, the tables are brought up to date before: at once, or whenever the server is there. */
function openPostgres(pool: Pool): { readonly dialect: Dialect; readonly end: () => Promise<void> } {
  /** kysely asks for this before its first query, and again before the next one where it rejects. */
  async function prepare(): Promise<Pool> {
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), plugins: PLUGINS });
    await migrate(db, await currentSchema(db));
    return pool;
  }
  return {
    dialect: new PostgresDialect({ pool: prepare }),
    // kysely ends a pool that it got; of one that was never prepared it knows nothing.
    end: () => (pool.ended ? Promise.resolve() : pool.end()),
  };
}

/** The one that unqualified names are created in. */
async function currentSchema(db: RegistryDatabase): Promise<string> {
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
