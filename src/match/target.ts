/** Reduces every form of a request target (RFC 9112 3.2) to the path and query of the origin form. Used by `match.ts`. */
import type { Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import { NO_ROUTE, ambiguous } from './refusals.js';

const ABSOLUTE = /^(https?):\/\/([^/?#]*)(.*)$/is;
/** All visible characters except `#`: a client never sends a fragment. */
const QUERY = /^[!-"$-~]*$/;

const OTHER_HOST = ambiguous('the target names another host than the Host field');
const NO_ORIGIN_FORM = ambiguous('the target is not a path');
const BAD_QUERY = ambiguous('the query has a control character, a raw non-ASCII character or a #');

/** Returns the target as `/path?query`, or a refusal where it has another form or names another host. */
export function originForm({ method, target, host }: RequestHead): string | Refusal {
  if (target.startsWith('/')) return target;
  // `OPTIONS *` asks about the server as a whole (RFC 9110 9.3.7), which no route names.
  if (target === '*' && method === 'OPTIONS') return NO_ROUTE;
  const [, scheme, authority, rest] = ABSOLUTE.exec(target) ?? [];
  if (scheme === undefined || authority === undefined || rest === undefined) return NO_ORIGIN_FORM;
  if (withoutDefaultPort(authority, scheme) !== withoutDefaultPort(host, scheme)) return OTHER_HOST;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/**
 * Returns the query of an origin form, byte for byte with its `?`; empty where there is none.
 *
 * @param mark the index of the first `?`, or -1
 */
export function queryOf(target: string, mark: number): string | Refusal {
  if (mark === -1) return '';
  const query = target.slice(mark);
  return QUERY.test(query) ? query : BAD_QUERY;
}

function withoutDefaultPort(authority: string, scheme: string): string {
  const port = scheme.toLowerCase() === 'https' ? ':443' : ':80';
  const host = authority.toLowerCase();
  return host.endsWith(port) ? host.slice(0, -port.length) : host;
}
