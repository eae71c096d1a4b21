/** Parses URLs strictly, since `new URL` repairs what should be refused. Errors do not repeat a URL. */
import { isLoopback } from '../../model/loopback.js';
import { ParseError } from '../problem.js';

/** Parses an absolute URL of one of the schemes. Errors do not repeat it, since it may hold a password. */
export function parseUrl(text: string, schemes: readonly string[]): URL | ParseError {
  const expected = schemes
    .map((scheme) => `${scheme}://`)
    .join(', ')
    .replace(/, (?=[^,]*$)/, ' or ');
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\/[^\s\\/?#]+[^\s\\]*$/.exec(text) ?? [];
  if (scheme === undefined || !URL.canParse(text))
    return new ParseError(`must be a URL that begins with ${expected}`);
  if (!schemes.includes(scheme)) return new ParseError(`must begin with ${expected}, not with ${scheme}://`);
  const url = new URL(text);
  if (url.port === '0') return new ParseError('must have a port from 1 to 65535');
  return url;
}

/**
 * Finds a part of a URL or a name that must still be replaced by a value: `{tenantid}`, `<tenant>`, `%7Btenantid%7D`.
 * Unreplaced, it would be compared with tokens, or looked up, literally, and never match.
 */
export function unfilled(text: string): string | undefined {
  return /\{[^{}]*\}|<[^<>]*>|%7b.*?%7d/i.exec(text)?.[0];
}

/** Parses an origin such as `http://10.0.0.5:9002`, without credentials, path, query or fragment. */
export function parseOrigin(text: string): URL | ParseError {
  const url = parseUrl(text, ['http', 'https']);
  if (url instanceof ParseError) return url;
  if (hasCredentials(url)) return new ParseError('must be an origin without a user name or password');
  if (url.pathname !== '/')
    return new ParseError(`must be an origin without a path; to add one, give the route a rewrite`);
  if (/[?#]/.test(text)) return new ParseError('must be an origin without a query or fragment');
  // URL accepts almost any text as a host, also names that no name server has.
  if (!/^(?:\[[\da-f:.]+\]|[\w.-]+)$/.test(url.hostname))
    return new ParseError('must have the name of one host, as it is looked up');
  return url;
}

/**
 * Parses the URL of keys: https, or http on loopback. The keys decide which tokens are trusted, so they must not be
 * forgeable.
 */
export function parseKeyUrl(text: string): string | ParseError {
  const url = parseDocumentUrl(text);
  return typeof url === 'string' && isForgeable(url) ? FORGEABLE : url;
}

/** The error for a URL of keys that is neither https nor on loopback. */
export const FORGEABLE = new ParseError(
  'must be https; http is accepted only on loopback, since keys read over it can be forged',
);

/** Tells whether what is read at a URL can be forged on the way: http from another host. */
export function isForgeable(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopback(hostname);
}

/** Parses the URL of a document with keys, over https or http. */
export function parseDocumentUrl(text: string): string | ParseError {
  const url = parseUrl(text, ['http', 'https']);
  if (url instanceof ParseError) return url;
  if (hasCredentials(url)) return new ParseError('must be a URL without a user name or password');
  if (text.includes('#')) return new ParseError('must be a URL without a fragment');
  const variable = unfilled(text);
  if (variable !== undefined) return new ParseError(`must have the value of ${variable} in its place`);
  return text;
}

function hasCredentials(url: URL): boolean {
  return url.username !== '' || url.password !== '';
}
