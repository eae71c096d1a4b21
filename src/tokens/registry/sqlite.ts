/**
 * A kysely dialect for a registry in one SQLite file: kysely's own, over another binding. Called by `open.ts`.
 *
 * SQLite waits for another process's lock by blocking the thread, and with it every request of the gateway. So its
 * timeout is 0, and this file retries instead. A transaction takes the write lock when it begins, so that no other
 * transaction can change what it has read.
 */
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type SqliteDatabase,
  type SqliteStatement,
} from 'kysely';
import type { Log } from '../../model/log.js';

/** How long a call waits for other processes before it fails: the sum of its pauses. */
const TIMEOUT_MS = 5000;
const MAX_PAUSE_MS = 20;

/** SQLITE_BUSY. Its extended codes have it in their low byte. */
const BUSY = 5;

/** Creates the dialect. The first query creates the file with mode 0600 and opens it, and rejects if that fails. */
export function createSqliteDialect(path: string, log: Log, timeoutMs = TIMEOUT_MS): Dialect {
  return {
    createAdapter: () => new Adapter(),
    createDriver: () => new RetryingDriver(() => openFile(path, log, timeoutMs), timeoutMs),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** kysely runs SQLite's schema changes outside of transactions, which SQLite does not require. */
class Adapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class RetryingDriver extends SqliteDriver {
  readonly #timeoutMs: number;

  constructor(database: () => Promise<SqliteDatabase>, timeoutMs: number) {
    super({ database });
    this.#timeoutMs = timeoutMs;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    return {
      executeQuery: (query) => retryWhileBusy(this.#timeoutMs, () => connection.executeQuery(query)),
      streamQuery: connection.streamQuery.bind(connection),
    };
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('BEGIN IMMEDIATE'));
  }

  /** Closes the file once the queries before have ended. */
  override async destroy(): Promise<void> {
    await super.acquireConnection();
    await super.destroy();
    await super.releaseConnection();
  }
}

async function openFile(path: string, log: Log, timeoutMs: number): Promise<SqliteDatabase> {
  await prepareFile(path, log);
  const file = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true });
  const run = (statement: string): Promise<void> => retryWhileBusy(timeoutMs, () => file.exec(statement));
  try {
    // With a write-ahead log, readers and the writer do not wait for each other.
    await run('PRAGMA journal_mode = WAL');
    // With FULL, acknowledged changes survive a power failure.
    await run('PRAGMA synchronous = FULL');
    // Replaced data, such as a private key in plain text, is overwritten in the file.
    await run('PRAGMA secure_delete = ON');
  } catch (error) {
    file.close();
    throw error;
  }
  const statements = new Map<string, SqliteStatement>();
  return {
    prepare(sql) {
      let statement = statements.get(sql);
      if (statement === undefined) statements.set(sql, (statement = prepare(file, sql)));
      return statement;
    },
    close: () => file.close(),
  };
}

/** Prepares a statement as kysely expects it, which is as better-sqlite3 does. */
function prepare(file: DatabaseSyncInstance, sql: string): SqliteStatement {
  const statement = file.prepare(sql);
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...parameters) as unknown[],
    run: (parameters) => statement.run(...parameters),
    iterate: (parameters) => statement.iterate(...parameters),
  };
}

/** Calls `act` until the file is not locked. A call that finds it locked has changed nothing. */
async function retryWhileBusy<T>(timeoutMs: number, act: () => T | Promise<T>): Promise<T> {
  for (let attempt = 1, waitedMs = 0; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (!isBusy(error) || waitedMs >= timeoutMs) throw error;
    }
    const pauseMs = Math.min(attempt, MAX_PAUSE_MS);
    waitedMs += pauseMs;
    await sleep(pauseMs);
  }
}

function isBusy(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error)) return false;
  return typeof error.errcode === 'number' && (error.errcode & 0xff) === BUSY;
}

/** Creates the file. SQLite gives its other files the same mode. */
async function prepareFile(path: string, log: Log): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await open(path, 'a', 0o600);
  try {
    const { mode } = await handle.stat();
    if ((mode & 0o077) !== 0)
      log.warn({ path }, "the registry's file can be opened by other users of this machine");
  } finally {
    await handle.close();
  }
}
