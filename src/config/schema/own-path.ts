/** The path of an endpoint that the gateway serves itself: of the token service, or `limit_status`. */
import { ParseError } from '../problem.js';

/** Parses a path that is its own normal form, in any server: plain characters, no dot segments. */
export function parseOwnPath(text: string): string | ParseError {
  return /^(?:\/[A-Za-z0-9._~-]+)+$/.test(text) && !/\/\.{1,2}(?:\/|$)/.test(text)
    ? text
    : new ParseError('must be a path of letters, digits, "-", ".", "_" and "~", without a slash at the end');
}
