/**
 * A kysely dialect for a registry in one SQLite file. kysely's own dialect needs another binding. Called by `open.ts`.
 *
 * SQLite waits for another process's lock by blocking the thread, and with it every request of the gateway. So its
 * timeout is 0, and this file retries instead. A transaction takes the write lock when it begins, so that no other
 * transaction can change what it has read.
 */
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from '@photostructure/sqlite';
import {
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
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
    createDriver: () => createDriver(path, log, timeoutMs),
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

function createDriver(path: string, log: Log, timeoutMs: number): Driver {
  let file: DatabaseSyncInstance | undefined;
  let connection: DatabaseConnection | undefined;
  /** Settles when the one connection is free. */
  let free: Promise<void> = Promise.resolve();
  let release: () => void = () => undefined;

  function run(statement: string): Promise<void> {
    return retryWhileBusy(timeoutMs, () => file?.exec(statement));
  }

  return {
    async init() {
      await prepareFile(path, log);
      file = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true });
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
      connection = createConnection(file, timeoutMs);
    },

    async acquireConnection() {
      const before = free;
      free = new Promise((resolve) => {
        void before.then(() => (release = resolve));
      });
      await before;
      return connection!;
    },
    releaseConnection() {
      release();
      return Promise.resolve();
    },

    beginTransaction: () => run('BEGIN IMMEDIATE'),
    commitTransaction: () => run('COMMIT'),
    rollbackTransaction: () => run('ROLLBACK'),

    async destroy() {
      await free;
      file?.close();
    },
  };
}

function createConnection(file: DatabaseSyncInstance, timeoutMs: number): DatabaseConnection {
  const statements = new Map<string, Statement>();

  function prepare(sql: string): Statement {
    let statement = statements.get(sql);
    if (statement === undefined) {
      const prepared = file.prepare(sql);
      statement = { prepared, returnsRows: prepared.columns().length > 0 };
      statements.set(sql, statement);
    }
    return statement;
  }

  return {
    executeQuery<R>({ sql, parameters }: { sql: string; parameters: readonly unknown[] }) {
      return retryWhileBusy(timeoutMs, (): QueryResult<R> => {
        const { prepared, returnsRows } = prepare(sql);
        if (returnsRows) return { rows: prepared.all(...parameters) as R[] };
        return { rows: [], numAffectedRows: BigInt(prepared.run(...parameters).changes) };
      });
    },
    streamQuery() {
      throw new Error('the registry reads no streams');
    },
  };
}

interface Statement {
  readonly prepared: StatementSyncInstance;
  readonly returnsRows: boolean;
}

/** Calls `act` until the file is not locked. A call that finds it locked has changed nothing. */
async function retryWhileBusy<T>(timeoutMs: number, act: () => T): Promise<T> {
  for (let attempt = 1, waitedMs = 0; ; attempt++) {
    try {
      return act();
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
