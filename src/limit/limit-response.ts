/** What a caller is told about a limit: the fields of an answer to a counted request, and of a 429. */
import type { LimitPolicy, Quota } from '../model/limit.js';
import { Refusal } from '../model/refusal.js';
import type { LimitDecision } from './store.js';

/** The IETF draft's part of one route's answers, made when the route is first asked for. */
export interface IetfHeaders {
  /** The name of each limit, a quoted string (RFC 9651 3.3.3). */
  readonly names: readonly string[];
  /** `RateLimit-Policy`: all limits of the route. */
  readonly policy: string;
}

/** Names the limits of a route as draft-ietf-httpapi-ratelimit-headers asks: `"app-120s";q=10;w=120`. */
export function ietfHeaders(limits: readonly LimitPolicy[]): IetfHeaders {
  const names: string[] = [];
  const policies: string[] = [];
  for (const [i, { by, requests, windowMs }] of limits.entries()) {
    const seconds = Math.ceil(windowMs / 1000);
    const plain = `"${by}-${seconds}s"`;
    const name = names.includes(plain) ? `"${by}-${seconds}s-${i + 1}"` : plain;
    names.push(name);
    policies.push(`${name};q=${requests};w=${seconds}`);
  }
  return { names, policy: policies.join(', ') };
}

/** What a counted request has left. */
export function quotaOf(
  verdict: LimitDecision,
  limits: readonly LimitPolicy[],
  draft: IetfHeaders | undefined,
): Quota {
  const { remaining, resetAtMs } = verdict;
  const limit = limits[verdict.decidingLimit]!.requests;
  return { limit, remaining, resetAtMs, headers: fieldsOf(verdict, limit, draft) };
}

/** 429. A caller who waits as long as it says, with no other of its subject before it, is admitted. */
export function refusalOf(
  verdict: LimitDecision,
  limits: readonly LimitPolicy[],
  draft: IetfHeaders | undefined,
): Refusal {
  const headers = fieldsOf(verdict, limits[verdict.decidingLimit]!.requests, draft);
  headers.push('Retry-After', String(Math.max(1, Math.ceil(verdict.waitMs / 1000))));
  return new Refusal('rate_limited', headers);
}

/** 503 for a request that could not be counted and must not pass uncounted. An outage is known to end within a second. */
export const STORE_UNAVAILABLE = new Refusal('limits_unavailable', ['Retry-After', '1']);

function fieldsOf(verdict: LimitDecision, limit: number, draft: IetfHeaders | undefined): string[] {
  const headers = [
    'X-RateLimit-Limit',
    String(limit),
    'X-RateLimit-Remaining',
    String(verdict.remaining),
    'X-RateLimit-Reset',
    String(Math.ceil(verdict.resetAtMs / 1000)),
  ];
  if (draft) {
    const seconds = Math.max(0, Math.ceil(verdict.waitMs / 1000));
    const state = `${draft.names[verdict.decidingLimit]!};r=${verdict.remaining};t=${seconds}`;
    headers.push('RateLimit-Policy', draft.policy, 'RateLimit', state);
  }
  return headers;
}
