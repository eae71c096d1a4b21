/** The registry in PostgreSQL, where several gates share it: the connections that its queries run on. */
import pg from 'pg';
import type { Log } from '../../model/log.js';

/** So many for each gate process: a server takes a hundred by default, and gates have workers. */
const MOST_CONNECTIONS = 4;

/** What is not done by then fails: a server may be gone without a word. */
const PATIENCE_MS = 5000;

export function createPool(url: string, log: Log, patienceMs = PATIENCE_MS): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    fallback_application_name: 'tollgate',
    max: MOST_CONNECTIONS,
    connectionTimeoutMillis: patienceMs,
    keepAlive: true,
    // pg reads bigint as text. Its own table of parsers belongs to the whole process, so it is left as it is.
    types: {
      getTypeParser: (id, format): unknown =>
        id === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(id, format),
    },
  });
  pool.on('error', ({ message }) => log.warn({ reason: message }, 'a connection to PostgreSQL was lost'));
  // The pool listens to idle connections only. The loss of one in use fails its query and is told that way, but
  // without a listener it would end the process too.
  pool.on('connect', (client) => void client.on('error', () => undefined));
  giveUpAfter(patienceMs, pool);
  return pool;
}

/** What the system says of a server that is not there, and PostgreSQL (its appendix A) of one that cannot serve yet. */
const AWAY_CODES = new Set([
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
/** pg has no codes for these. */
const AWAY_WORDS = /^(timeout exceeded when trying to connect|Connection terminated)/;

/** Whether the server may come back by itself. A wrong password, database or version is for the operator. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isUnavailable);
  if (!(error instanceof Error)) return false;
  if (error.cause !== undefined) return isUnavailable(error.cause);
  if ('code' in error && typeof error.code === 'string') return AWAY_CODES.has(error.code);
  return AWAY_WORDS.test(error.message);
}

/**
 * Breaks a connection that is in use for longer. pg's own time limit for a query would leave it in the pool, with its
 * transaction still open for the next one to commit.
 */
function giveUpAfter(patienceMs: number, pool: pg.Pool): void {
  const timers = new WeakMap<pg.Client, NodeJS.Timeout>();
  pool.on('acquire', (client) =>
    timers.set(
      client,
      setTimeout(() => void client.end(), patienceMs),
    ),
  );
  pool.on('release', (_error, client) => clearTimeout(timers.get(client)));
}
