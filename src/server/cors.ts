/**
 * The CORS protocol (Fetch standard, 3.2). The gateway never forwards a preflight. Every response to an allowed origin,
 * refusals included, has the CORS fields and exposes the fields that the gateway adds. Called by `request-handler.ts`.
 */
import type { FlatHeaders } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Cors } from '../model/route.js';

const EXPOSED =
  'X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, WWW-Authenticate';
const NONE: FlatHeaders = [];
const VARY: FlatHeaders = ['Vary', 'Origin'];
const ANY: FlatHeaders = ['Access-Control-Allow-Origin', '*', 'Access-Control-Expose-Headers', EXPOSED];

/** Returns the CORS fields of a response. Other origins get `Vary: Origin` too, so that caches keep the responses apart. */
export function corsHeaders(cors: Cors | undefined, origin: string | undefined): FlatHeaders {
  if (cors === undefined) return NONE;
  if (cors.origins.includes('*')) return ANY;
  if (origin === undefined || !cors.origins.includes(origin.toLowerCase())) return VARY;
  return ['Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', EXPOSED, ...VARY];
}

/** Returns the fields of the 204 for a preflight; they permit the request where the origin is allowed. */
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
