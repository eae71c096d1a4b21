/** Connects to the token service's database for `check --online`. It creates nothing, neither files nor tables. */
import { access, constants, open } from 'node:fs/promises';
import type { RegistryLocation } from '../../model/tokens.js';
import { createPool } from '../../tokens/registry/postgres.js';
import { noReply, DependencyError, errorOfCode } from './advice.js';
import { SILENT } from './silent.js';
import { aborted } from './within.js';

const KEYS = {
  address: '"tokens.database"',
  ca: 'sslrootcert in the URL',
  serverName: 'the host in the URL',
};
/** The first bytes of every SQLite file (its file format, 1.3). */
const SQLITE_HEADER = 'SQLite format 3\0';

/** Returns the file, or host, port and name of the database, without credentials. */
export function placeOfDatabase(location: RegistryLocation): string {
  if (location.kind === 'sqlite') return location.path;
  if (!URL.canParse(location.url)) return 'PostgreSQL';
  const { host, pathname } = new URL(location.url);
  return `${host}${pathname}`;
}

/** Resolves when the database can be used, or when `tollgate start` would create its file. */
export function askDatabase(
  location: RegistryLocation,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string> {
  return location.kind === 'sqlite' ? askFile(location.path) : askServer(location.url, timeoutMs, signal);
}

async function askFile(path: string): Promise<string> {
  try {
    await access(path, constants.R_OK | constants.W_OK);
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(SQLITE_HEADER.length),
        0,
        SQLITE_HEADER.length,
        0,
      );
      if (bytesRead > 0 && buffer.toString('latin1') !== SQLITE_HEADER)
        throw new DependencyError('it is no SQLite file; correct "tokens.database"');
    } finally {
      await file.close();
    }
    return 'can be read and written';
  } catch (error) {
    if (error instanceof DependencyError) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'does not exist yet; tollgate start creates it';
    throw errorOfCode(code, message, KEYS);
  }
}

async function askServer(url: string, timeoutMs: number, signal: AbortSignal): Promise<string> {
  const pool = createPool(url, SILENT, timeoutMs);
  try {
    await Promise.race([
      pool.query('SELECT 1'),
      aborted(signal, () => new DependencyError(noReply(KEYS.address))),
    ]);
    return 'accepts connections';
  } catch (error) {
    throw error instanceof DependencyError ? error : errorOfServer(error);
  } finally {
    // It waits for connections in use, which may hang.
    void pool.end().catch(() => undefined);
  }
}

/** A host with several addresses fails with several errors. */
function errorOfServer(error: unknown): DependencyError {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const { code = '', message } = first as NodeJS.ErrnoException;
  if (/timeout exceeded|Connection terminated/.test(message))
    return new DependencyError(noReply(KEYS.address));
  return errorOfCode(code, `${message}; correct ${KEYS.address}`, KEYS);
}
