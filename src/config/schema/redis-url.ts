/**
 * Parses the URL of one Redis completely: database, user and password are known before the client is created, and the
 * client never gets the URL. Errors do not repeat any part of the URL, since it may hold a password.
 */
import { isIP } from 'node:net';
import { ParseError } from '../problem.js';
import { parseUrl } from './url.js';

/** The parts of a `redis.url`. */
export interface RedisUrl {
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
  /** The number of the database. */
  readonly db: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
}

const DEFAULT_PORT = 6379;

/** The fix for a password whose characters end the URL's host, or make invalid escapes. */
const REMEDY =
  'where a password has one of / ? # @ % in it, write it as "password" beside "url", or percent-encode it (/ is %2F)';

/**
 * Parses `redis://user:password@host:port/db`, `rediss://` for TLS, or `unix:///path/of/socket?db=0`.
 *
 * @returns an error for whatever the client would have to guess: a path that is not a number, a query, a fragment, or an
 *   invalid escape
 */
export function parseRedisUrl(text: string): RedisUrl | ParseError {
  const url = parse(text);
  return url instanceof ParseError && text.includes('@') ? new ParseError(`${url.text}; ${REMEDY}`) : url;
}

function parse(text: string): RedisUrl | ParseError {
  if (text.startsWith('unix:')) return parseSocket(text);
  const url = parseUrl(text, ['redis', 'rediss', 'unix']);
  if (url instanceof ParseError) return url;
  if (/[?#]/.test(text)) return new ParseError('must be a URL without a query or fragment');
  const [, db] = /^\/?(\d{0,9})$/.exec(url.pathname) ?? [];
  if (db === undefined)
    return new ParseError('must have nothing after the host but the number of a database: /0');
  const [username, password] = [decode(url.username), decode(url.password)];
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

/** Parses the path of a socket: UTF-8, without escapes. */
function parseSocket(text: string): RedisUrl | ParseError {
  const [, path, db = '0'] = /^unix:\/\/(\/[^?#%]+)(?:\?db=(\d{1,9}))?$/.exec(text) ?? [];
  if (path === undefined)
    return new ParseError('must be unix:///path/of/socket, or with a database ?db=1 behind it');
  return { address: { path }, db: Number(db), username: undefined, password: undefined, tls: false };
}

/** Decodes a text; undefined if an escape is invalid. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
