/**
 * The registry in one file: a kysely dialect over SQLite, for which kysely's own would need another binding.
 *
 * SQLite waits for another process's lock by blocking the thread, and with it every request of the gate. So it is
 * told not to wait at all, and the waiting is done here. A transaction takes the write lock as it begins: none can
 * find out half way that another has changed what it read.
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

/** How long a call waits for other processes, all in all, before it fails; the pauses are what is counted. */
const PATIENCE_MS = 5000;
const LONGEST_PAUSE_MS = 20;

/** SQLITE_BUSY; its extended codes have it in their low byte. */
const BUSY = 5;

export function createSqliteDialect(path: string, log: Log, patienceMs = PATIENCE_MS): Dialect {
  return {
    createAdapter: () => new Adapter(),
    createDriver: () => createDriver(path, log, patienceMs),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** kysely leaves SQLite's schema changes outside of transactions, though SQLite does not ask for it. */
class Adapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

function createDriver(path: string, log: Log, patienceMs: number): Driver {
  let file: DatabaseSyncInstance | undefined;
  let connection: DatabaseConnection | undefined;
  /** Settles when the one connection is free. */
  let free: Promise<void> = Promise.resolve();
  let release: () => void = () => undefined;

  function run(statement: string): Promise<void> {
    return withPatience(patienceMs, () => file?.exec(statement));
  }

  return {
    async init() {
      await prepareFile(path, log);
      file = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true });
      try {
        // With a write-ahead log readers and the writer do not wait for each other.
        await run('PRAGMA journal_mode = WAL');
        // FULL: what was acknowledged is on the disk, a power failure included.
        await run('PRAGMA synchronous = FULL');
        // What is replaced, a private key in plain text among it, is overwritten in the file.
        await run('PRAGMA secure_delete = ON');
      } catch (error) {
        file.close();
        throw error;
      }
      connection = createConnection(file, patienceMs);
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

function createConnection(file: DatabaseSyncInstance, patienceMs: number): DatabaseConnection {
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
      return withPatience(patienceMs, (): QueryResult<R> => {
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

/** Does what may find the file locked, again and again while it is. What found it locked has changed nothing. */
async function withPatience<T>(patienceMs: number, act: () => T): Promise<T> {
  for (let attempt = 1, waitedMs = 0; ; attempt++) {
    try {
      return act();
    } catch (error) {
      if (!isBusy(error) || waitedMs >= patienceMs) throw error;
    }
    const pauseMs = Math.min(attempt, LONGEST_PAUSE_MS);
    waitedMs += pauseMs;
    await sleep(pauseMs);
  }
}

function isBusy(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error)) return false;
  return typeof error.errcode === 'number' && (error.errcode & 0xff) === BUSY;
}

/** SQLite gives its other files the mode of the first. */
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
