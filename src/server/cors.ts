/**
 * The CORS protocol (Fetch standard, 3.2), answered at the gate: a preflight is never forwarded, and every answer to
 * a page of an allowed origin, refusals included, says so and exposes what the gate itself adds.
 */
import type { FlatHeaders } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Cors } from '../model/route.js';

const EXPOSED =
  'X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, WWW-Authenticate';
const NONE: FlatHeaders = [];
const VARY: FlatHeaders = ['Vary', 'Origin'];
const ANY: FlatHeaders = ['Access-Control-Allow-Origin', '*', 'Access-Control-Expose-Headers', EXPOSED];

/** The CORS fields of any answer. `Vary: Origin` is there for strangers too, so that no cache mixes the answers. */
export function corsHeaders(cors: Cors | undefined, origin: string | undefined): FlatHeaders {
  if (cors === undefined) return NONE;
  if (cors.origins.includes('*')) return ANY;
  if (origin === undefined || !cors.origins.includes(origin.toLowerCase())) return VARY;
  return ['Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', EXPOSED, ...VARY];
}

/** The answer to a preflight: 204, with the permission where the origin has it. */
export function preflightHeaders(cors: Cors, head: RequestHead, method: string): FlatHeaders {
  const allowed = corsHeaders(cors, head.origin);
  if (allowed === VARY) return VARY;
  return [
    ...allowed,
    'Access-Control-Allow-Methods',
    method,
    ...(cors.headers.length > 0 ? ['Access-Control-Allow-Headers', cors.headers.join(', ')] : []),
    'Access-Control-Max-Age',
    String(cors.maxAgeS),
  ];
}
