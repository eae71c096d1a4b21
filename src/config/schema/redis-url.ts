/**
 * The URL of one Redis, read to its end: what it says about the database, the user and the password is known before the
 * client is made, and the client never sees the URL. Nothing of it is put into a flaw, since it may hold a password.
 */
import { isIP } from 'node:net';
import { ParseError } from '../problem.js';
import { parseUrl } from './url.js';

/** What a `redis.url` says. */
export interface RedisUrl {
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
  /** The number of the database. */
  readonly db: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
}

const DEFAULT_PORT = 6379;

/** What to do about a password that ends the URL's host, or its own escapes, too early. */
const REMEDY =
  'where a password has one of / ? # @ % in it, write it as "password" beside "url", or percent-encode it (/ is %2F)';

/**
 * Reads `redis://user:password@host:port/db`, `rediss://` for TLS, or `unix:///path/of/socket?db=0`.
 *
 * @returns a flaw for whatever the client would have to guess at: another path than a number, a query, a fragment, or an
 *   escape that is none
 */
export function parseRedisUrl(text: string): RedisUrl | ParseError {
  const url = read(text);
  return url instanceof ParseError && text.includes('@') ? new ParseError(`${url.text}; ${REMEDY}`) : url;
}

function read(text: string): RedisUrl | ParseError {
  if (text.startsWith('unix:')) return readSocket(text);
  const url = parseUrl(text, ['redis', 'rediss', 'unix']);
  if (url instanceof ParseError) return url;
  if (/[?#]/.test(text)) return new ParseError('must be a URL without a query or fragment');
  const [, db] = /^\/?(\d{0,9})$/.exec(url.pathname) ?? [];
  if (db === undefined)
    return new ParseError('must have nothing after the host but the number of a database: /0');
  const [username, password] = [decoded(url.username), decoded(url.password)];
  if (username === undefined || password === undefined)
    return new ParseError('must have a "%" only before two hexadecimal digits');
  const host = url.hostname.replace(/^\[(.*)\]$/, (bracketed, inner: string) =>
    isIP(inner) === 6 ? inner : bracketed,
  );
  return {
    address: { host, port: url.port === '' ? DEFAULT_PORT : Number(url.port) },
    db: Number(db),
    username: username === '' ? undefined : username,
    password: password === '' ? undefined : password,
    tls: url.protocol === 'rediss:',
  };
}

/** What a socket's file may be named: a path in UTF-8, without escapes. */
function readSocket(text: string): RedisUrl | ParseError {
  const [, path, db = '0'] = /^unix:\/\/(\/[^?#%]+)(?:\?db=(\d{1,9}))?$/.exec(text) ?? [];
  if (path === undefined)
    return new ParseError('must be unix:///path/of/socket, or with a database ?db=1 behind it');
  return { address: { path }, db: Number(db), username: undefined, password: undefined, tls: false };
}

/** Undefined where an escape is none. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
