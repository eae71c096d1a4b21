/** PostgreSQL for the tests: the shared server, a database for one suite on it, and empty schemas in that. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './redis.js';

/**
 * The server that all tests share, named by the global setup; databases on it are dropped by their creators.
 */
function postgresUrl(): string {
  const url = process.env['DATABASE_URL'];
  if (url === undefined) throw new Error('DATABASE_URL is unset: the global setup has not run');
  return url;
}

export interface OwnDatabase {
  readonly url: string;
  /** The URL of a new, empty schema in it. */
  createSchema(): Promise<string>;
  query(text: string): Promise<readonly Record<string, unknown>[]>;
  drop(): Promise<void>;
}

export async function createDatabase(): Promise<OwnDatabase> {
  const name = `tollgate_test_${randomBytes(6).toString('hex')}`;
  await runOnce(postgresUrl(), `CREATE DATABASE ${name}`);
  const url = withDatabase(postgresUrl(), name);
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  pool.on('error', () => undefined);
  return {
    url,
    async createSchema() {
      const schema = `s${randomBytes(6).toString('hex')}`;
      await pool.query(`CREATE SCHEMA ${schema}`);
      const own = new URL(url);
      own.searchParams.set('options', `-c search_path=${schema}`);
      return own.href;
    },
    async query(text) {
      return (await pool.query<Record<string, unknown>>(text)).rows;
    },
    async drop() {
      await pool.end();
      await runOnce(postgresUrl(), `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

function withDatabase(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}

async function runOnce(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The first usual URL of a server on this machine that lets us create databases. */
export async function findPostgres(): Promise<string | undefined> {
  for (const user of ['root', 'postgres']) {
    for (const database of ['test', 'postgres']) {
      const url = `postgres://${user}@127.0.0.1:5432/${database}`;
      if (await mayCreateDatabases(url)) return url;
    }
  }
  return undefined;
}

async function mayCreateDatabases(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ may: boolean }>(
      'SELECT rolsuper OR rolcreatedb AS may FROM pg_roles WHERE rolname = current_user',
    );
    return rows[0]?.may === true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}

export interface OwnPostgres {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a server in a temporary folder; undefined if PostgreSQL is not installed. */
export async function startPostgres(): Promise<OwnPostgres | undefined> {
  const programs = await findPrograms();
  if (programs === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-postgres-'));
  const data = join(folder, 'data');
  const identity = await ordinaryUser(folder);
  const remove = () => rm(folder, { recursive: true, force: true });

  const initialise = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
  const made = spawnSync(join(programs, 'initdb'), initialise, {
    encoding: 'utf8',
    cwd: folder,
    ...identity,
  });
  if (made.status !== 0) {
    await remove();
    throw new Error(`initdb failed: ${made.stderr}`);
  }
  const port = await freePort();
  // Nothing of it has to survive the tests, not even a crash of the machine.
  const settings = ['fsync=off', 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`];
  const server = spawn(
    join(programs, 'postgres'),
    ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    { stdio: 'ignore', cwd: folder, ...identity },
  );
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const close = async () => {
    await stop(server);
    await remove();
  };
  while (!(await mayCreateDatabases(url))) {
    if (server.exitCode !== null) {
      await remove();
      throw new Error(`postgres ended with ${server.exitCode}`);
    }
    await sleep(50);
  }
  return { url, close };
}

/** The folder of the programs: on the PATH, or where Debian puts them. */
async function findPrograms(): Promise<string | undefined> {
  const versions = await readdir('/usr/lib/postgresql').catch(() => []);
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((version) => `/usr/lib/postgresql/${version}/bin`),
  ];
  return folders.find((folder) =>
    ['initdb', 'postgres'].every(
      (program) => spawnSync(join(folder, program), ['--version'], { stdio: 'ignore' }).status === 0,
    ),
  );
}

/** PostgreSQL refuses to run as root: then it runs as the user of its package, or as nobody. */
async function ordinaryUser(folder: string): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string, user: string) => {
    const { status, stdout } = spawnSync('id', [flag, user], { encoding: 'utf8' });
    return status === 0 ? Number(stdout) : undefined;
  };
  const user = idOf('-u', 'postgres') === undefined ? 'nobody' : 'postgres';
  const uid = idOf('-u', user) ?? 65534;
  const gid = idOf('-g', user) ?? 65534;
  await chown(folder, uid, gid);
  await chmod(folder, 0o700);
  return { uid, gid };
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  // Fast shutdown: its connections are closed.
  server.kill('SIGINT');
  await exited;
}
