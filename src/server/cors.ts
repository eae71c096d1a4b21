/**
 * The CORS protocol (Fetch standard, 3.2). The gateway never forwards a preflight. Every response to an allowed origin,
 * refusals included, has the CORS fields and exposes the fields that the gateway adds. Called by `request-handler.ts`.
 */
import type { FlatHeaders } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Cors, SubdomainOrigins } from '../model/route.js';

const EXPOSED =
  'X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, WWW-Authenticate';
const NONE: FlatHeaders = [];
const VARY: FlatHeaders = ['Vary', 'Origin'];
const ALLOW_CREDENTIALS: FlatHeaders = ['Access-Control-Allow-Credentials', 'true'];
const ANY: FlatHeaders = ['Access-Control-Allow-Origin', '*', 'Access-Control-Expose-Headers', EXPOSED];

/** Whole labels of a host name, in the ASCII form that browsers send. */
const LABELS = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

/** Returns the CORS fields of a response. Other origins get `Vary: Origin` too, so that caches keep the responses apart. */
export function corsHeaders(cors: Cors | undefined, origin: string | undefined): FlatHeaders {
  if (cors === undefined) return NONE;
  if (cors.origins.includes('*') && !cors.credentials) return ANY;
  if (origin === undefined || !isAllowed(cors, origin.toLowerCase())) return VARY;
  return [
    'Access-Control-Allow-Origin',
    origin,
    ...(cors.credentials ? ALLOW_CREDENTIALS : NONE),
    'Access-Control-Expose-Headers',
    EXPOSED,
    ...VARY,
  ];
}

/** Compares scheme and port exactly; the subdomain is one label or more. `null`, of a page without an origin, is none. */
function isAllowed({ origins, subdomains }: Cors, origin: string): boolean {
  return origins.includes(origin) || subdomains.some((wildcard) => isSubdomain(origin, wildcard));
}

function isSubdomain(origin: string, { prefix, suffix }: SubdomainOrigins): boolean {
  if (!origin.startsWith(prefix) || !origin.endsWith(suffix)) return false;
  return LABELS.test(origin.slice(prefix.length, -suffix.length));
}

/** Returns the fields of the 204 for a preflight; they permit the request where the origin is allowed. */
export function preflightHeaders(cors: Cors, head: RequestHead, method: string): FlatHeaders {
  const allowed = corsHeaders(cors, head.origin);
  if (allowed === VARY) return VARY;
  return [
    ...allowed,
    // A page can ask for a method named "*", which would be permission for every method.
    ...(method === '*' ? NONE : ['Access-Control-Allow-Methods', method]),
    ...(cors.headers.length > 0 ? ['Access-Control-Allow-Headers', cors.headers.join(', ')] : []),
    'Access-Control-Max-Age',
    String(cors.maxAgeS),
  ];
}
