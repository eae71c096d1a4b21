/** The header fields about limits: of a response to a counted request, and of a 429. Called by `limit.ts`. */
import { describeLimit, type LimitPolicy, type Quota } from '../model/limit.js';
import { Refusal } from '../model/refusal.js';
import type { LimitDecision } from './store.js';

/** The IETF draft's part of one route's responses, made at the first request of the route. */
export interface IetfHeaders {
  /** The name of each limit, a quoted string (RFC 9651 3.3.3). */
  readonly names: readonly string[];
  /** `RateLimit-Policy`: all limits of the route. */
  readonly policy: string;
}

/** Describes the limits of a route by draft-ietf-httpapi-ratelimit-headers: `"app-120s";q=10;w=120`. */
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

/** Returns the remaining quota of a counted request, with its header fields. */
export function quotaOf(
  decision: LimitDecision,
  limits: readonly LimitPolicy[],
  draft: IetfHeaders | undefined,
): Quota {
  const { remaining, resetAtMs } = decision;
  const limit = limits[decision.decidingLimit]!.requests;
  return { limit, remaining, resetAtMs, headers: fieldsOf(decision, limit, draft) };
}

/** Returns the 429. A caller that waits for `Retry-After` is admitted, unless another of its subject comes before. */
export function refusalOf(
  decision: LimitDecision,
  limits: readonly LimitPolicy[],
  refusals: readonly Refusal[],
  draft: IetfHeaders | undefined,
): Refusal {
  const headers = fieldsOf(decision, limits[decision.decidingLimit]!.requests, draft);
  headers.push('Retry-After', String(Math.max(1, Math.ceil(decision.waitMs / 1000))));
  return refusals[decision.decidingLimit]!.withHeaders(headers);
}

/** Makes the 429 of each limit, without the header fields of a request. */
export function refusalsOf(limits: readonly LimitPolicy[]): readonly Refusal[] {
  return limits.map((limit) => new Refusal('rate_limited', [], describeLimit(limit)));
}

/** The 503 for a request that could not be counted. The end of an outage is noticed within a second. */
export const STORE_UNAVAILABLE = new Refusal('limits_unavailable', ['Retry-After', '1']);

function fieldsOf(decision: LimitDecision, limit: number, draft: IetfHeaders | undefined): string[] {
  const headers = [
    'X-RateLimit-Limit',
    String(limit),
    'X-RateLimit-Remaining',
    String(decision.remaining),
    'X-RateLimit-Reset',
    String(Math.ceil(decision.resetAtMs / 1000)),
  ];
  if (draft) {
    const seconds = Math.max(0, Math.ceil(decision.waitMs / 1000));
    const state = `${draft.names[decision.decidingLimit]!};r=${decision.remaining};t=${seconds}`;
    headers.push('RateLimit-Policy', draft.policy, 'RateLimit', state);
  }
  return headers;
}
