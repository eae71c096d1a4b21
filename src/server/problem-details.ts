/** The bodies of refusals: JSON, or problem details (RFC 9457) where the client prefers them. Called by `send-error.ts`. */
import { STATUS_CODES } from 'node:http';
import { asciiJson } from '../model/json.js';
import type { FlatHeaders, Refusal } from '../model/refusal.js';
import { prefersProblemDetails } from '../shared/accept.js';

/** The problem type of an exhausted limit, and its title (draft-ietf-httpapi-ratelimit-headers-11, 5.1). */
const QUOTA_EXCEEDED = 'https://iana.org/assignments/http-problem-types#quota-exceeded';
const QUOTA_EXCEEDED_TITLE = 'Quota Exceeded';

/** The statuses that a cache may store without being told so (RFC 9110 15.1). */
const CACHEABLE: ReadonlySet<number> = new Set([404, 405, 414, 501]);
const ACCEPT = 'accept';
const VARY: FlatHeaders = ['Vary', 'Accept'];
const NONE: FlatHeaders = [];

/** A body, and the fields that depend on its form. */
interface RefusalBody {
  readonly contentType: string;
  readonly text: string;
  readonly vary: FlatHeaders;
}

/**
 * Returns the Accept fields of a request as one (RFC 9110 5.3); undefined where there is none. They are read from the raw
 * fields, since `req.headers` would make an object of all fields for each refusal.
 */
export function acceptOf(rawHeaders: readonly string[]): string | undefined {
  let accept: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length !== ACCEPT.length || name.toLowerCase() !== ACCEPT) continue;
    accept = accept === undefined ? rawHeaders[at + 1]! : `${accept}, ${rawHeaders[at + 1]!}`;
  }
  return accept;
}

/**
 * Chooses the body of a refusal.
 *
 * @param accept the Accept field of the request
 * @param headers of the response; `X-Request-Id` becomes a member of problem details
 */
export function bodyOf(refusal: Refusal, accept: string | undefined, headers: FlatHeaders): RefusalBody {
  if (accept !== undefined && prefersProblemDetails(accept)) {
    const at = headers.indexOf('X-Request-Id');
    const id = at < 0 ? undefined : headers[at + 1];
    return { contentType: 'application/problem+json', text: problemDetails(refusal, id), vary: VARY };
  }
  const vary = CACHEABLE.has(refusal.status) ? VARY : NONE;
  return { contentType: 'application/json', text: refusal.body, vary };
}

function problemDetails(refusal: Refusal, id: string | undefined): string {
  const { status, message, violatedPolicies } = refusal;
  return asciiJson({
    type: violatedPolicies ? QUOTA_EXCEEDED : 'about:blank',
    title: violatedPolicies ? QUOTA_EXCEEDED_TITLE : STATUS_CODES[status],
    status,
    detail: message,
    request_id: id,
    'violated-policies': violatedPolicies,
  });
}
