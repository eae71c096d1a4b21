/** Opens the registry: chooses the database, migrates its tables, and combines the queries. Called by `src/app/`. */
import { OperatorError } from '../../model/operator-error.js';
import { CamelCasePlugin, Kysely, PostgresDialect, sql, type Dialect } from 'kysely';
import type { Pool } from 'pg';
import type { RegistryLocation } from '../../model/tokens.js';
import type { Log } from '../../model/log.js';
import { createAppUses } from './app-uses.js';
import { createAuditQueries } from './audit.js';
import { createApps } from './apps.js';
import { createFamilies } from './refresh-token-families.js';
import { createKeys } from './keys.js';
import { migrate } from './migrations.js';
import { createNamedTokens } from './named-tokens.js';
import { createPool, isUnavailable } from './postgres.js';
import type { Registry } from './registry.js';
import { createRevocationQueries } from './revocations.js';
import { createSqliteDialect } from './sqlite.js';
import { deleteExpired } from './delete-expired.js';
import type { RegistryDatabase, Tables } from './tables.js';
import { createUsers } from './users.js';

/** The registry cannot be opened. The message tells the operator why. */
class RegistryError extends OperatorError {
  override readonly name = 'RegistryError';
}

export interface RegistryOptions {
  readonly log: Log;
  /** How long a call waits for the database before it fails. */
  readonly timeoutMs?: number;
  /** Opens although the server is unavailable. Calls reject until the server is available. */
  readonly mayBeUnavailable?: boolean;
}

const PLUGINS = [new CamelCasePlugin()];

/** Opens the registry. Rejects with a `RegistryError` if the database is unavailable or unsuitable for this version. */
export async function openRegistry(
  location: RegistryLocation,
  { log, timeoutMs: timeoutMs, mayBeUnavailable = false }: RegistryOptions,
): Promise<Registry> {
  const { dialect, end } =
    location.kind === 'sqlite'
      ? { dialect: createSqliteDialect(location.path, log, timeoutMs), end: undefined }
      : openPostgres(createPool(location.url, log, timeoutMs));
  const db = new Kysely<Tables>({ dialect, plugins: PLUGINS });
  async function close(): Promise<void> {
    // It rejects if a running migration fails, which no longer matters.
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
    log.warn({ reason }, 'the registry is unavailable: it is opened as soon as it is available');
  }
  const keys = createKeys(db);
  return {
    ...createApps(db),
    ...createAppUses(db),
    ...createUsers(db),
    ...createFamilies(db),
    ...createNamedTokens(db),
    ...createAuditQueries(db),
    ...keys,
    async replacePrivateKeys(replacements) {
      await keys.replacePrivateKeys(replacements);
      // The replaced keys are still in the write-ahead log, and in the file until the log is written back.
      if (location.kind === 'sqlite') await sql`PRAGMA wal_checkpoint(TRUNCATE)`.execute(db);
    },
    ...createRevocationQueries(db),
    deleteExpired: (atMs) => deleteExpired(db, atMs),
    close,
  };
}

/** Migrates the tables before the first query: at once, or when the server becomes available. */
function openPostgres(pool: Pool): { readonly dialect: Dialect; readonly end: () => Promise<void> } {
  /** kysely calls this before its first query, and again before the next one if it rejects. */
  async function prepare(): Promise<Pool> {
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), plugins: PLUGINS });
    await migrate(db, await currentSchema(db));
    return pool;
  }
  return {
    dialect: new PostgresDialect({ pool: prepare }),
    // kysely ends a pool that it received. It never received one whose preparation failed.
    end: () => (pool.ended ? Promise.resolve() : pool.end()),
  };
}

/** The schema in which unqualified names are created. */
async function currentSchema(db: RegistryDatabase): Promise<string> {
  const { rows } = await sql<{ schema: string | null }>`select current_schema() as schema`.execute(db);
  const schema = rows[0]?.schema;
  if (!schema) throw new Error("PostgreSQL's search_path names no schema that exists");
  return schema;
}

/** A host with several addresses fails with several errors, in an error without a message. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return (error as Error).message;
}
