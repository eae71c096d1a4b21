/** The connection pool of a registry in PostgreSQL, which several gateways share. Called by `open.ts`. */
import pg from 'pg';
import type { Log } from '../../model/log.js';

/** Per gateway process. A server accepts a hundred connections by default, and gateways have workers. */
const MAX_CONNECTIONS = 4;

/** A call that takes longer fails, because a server may disappear without closing its connections. */
const TIMEOUT_MS = 5000;

/**
 * Creates the pool. It connects when it is first used.
 *
 * @param timeoutMs for connecting, and for the use of one connection
 */
export function createPool(url: string, log: Log, timeoutMs = TIMEOUT_MS): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    fallback_application_name: 'tollgate',
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: timeoutMs,
    keepAlive: true,
    // pg reads bigint as text. Its table of parsers belongs to the whole process, so it is not changed.
    types: {
      getTypeParser: (id, format): unknown =>
        id === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(id, format),
    },
  });
  pool.on('error', ({ message }) => log.warn({ reason: message }, 'a connection to PostgreSQL was lost'));
  // The pool listens to idle connections only. If a connection in use is lost, its query reports that. Without a
  // listener the error would also end the process.
  pool.on('connect', (client) => void client.on('error', () => undefined));
  limitUse(timeoutMs, pool);
  return pool;
}

/** The system's codes for an unreachable server, and PostgreSQL's (its appendix A) for one that cannot serve yet. */
const UNAVAILABLE_CODES = new Set([
  ...[
    'ECONNREFUSED',
    'ECONNRESET',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EPIPE',
    'ETIMEDOUT',
  ],
  ...['53300', '57P01', '57P02', '57P03'],
]);
/** pg's errors without a code. */
const UNAVAILABLE_MESSAGES = /^(timeout exceeded when trying to connect|Connection terminated)/;

/** Whether the server may recover by itself. A wrong password, database or version needs the operator. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isUnavailable);
  if (!(error instanceof Error)) return false;
  if (error.cause !== undefined) return isUnavailable(error.cause);
  if ('code' in error && typeof error.code === 'string') return UNAVAILABLE_CODES.has(error.code);
  return UNAVAILABLE_MESSAGES.test(error.message);
}

/**
 * Closes a connection that is in use for longer. pg's own query timeout would leave it in the pool, with its
 * transaction open, and the next query could commit it.
 */
function limitUse(timeoutMs: number, pool: pg.Pool): void {
  const timers = new WeakMap<pg.Client, NodeJS.Timeout>();
  pool.on('acquire', (client) =>
    timers.set(
      client,
      setTimeout(() => void client.end(), timeoutMs),
    ),
  );
  pool.on('release', (_error, client) => clearTimeout(timers.get(client)));
}
