/** The header fields about limits: of a response to a counted request, and of a 429. Called by `limit.ts`. */
import { describeLimit, type LimitPolicy, type Quota } from '../model/limit.js';
import { Refusal } from '../model/refusal.js';
import type { LimitDecision } from './store.js';

/** The IETF draft's part of one route's responses, made at the first request of the route. */
export interface IetfHeaders {
  /** The name of each limit, as a String (RFC 9651 3.3.3). */
  readonly names: readonly string[];
  /** The window of each limit in seconds, rounded up. */
  readonly windows: readonly number[];
  /** `RateLimit-Policy`: all limits of the route. */
  readonly policy: string;
}

/** Names the limits of a route: as the file does, otherwise by subject and window, such as `app-120s`. */
export function namesOf(limits: readonly LimitPolicy[]): readonly string[] {
  const taken = new Set(limits.map(({ name }) => name));
  return limits.map(({ name, by, windowMs }, i) => {
    if (name !== undefined) return name;
    const plain = `${by}-${secondsOf(windowMs)}s`;
    let made = plain;
    for (let n = i + 1; taken.has(made); n++) made = `${plain}-${n}`;
    taken.add(made);
    return made;
  });
}

/** Describes the limits of a route by draft-ietf-httpapi-ratelimit-headers-11: `"app-120s";q=10;w=120`. */
export function ietfHeaders(limits: readonly LimitPolicy[], plainNames: readonly string[]): IetfHeaders {
  const names = plainNames.map((name) => `"${name.replace(/["\\]/g, '\\$&')}"`);
  const windows = limits.map(({ windowMs }) => secondsOf(windowMs));
  const policies = limits.map(({ requests }, i) => `${names[i]!};q=${requests};w=${windows[i]!}`);
  return { names, windows, policy: policies.join(', ') };
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
  names: readonly string[],
  draft: IetfHeaders | undefined,
): Refusal {
  const { decidingLimit, states } = decision;
  const violated = states ? names.filter((_, i) => states[i]!.remaining === 0) : [names[decidingLimit]!];
  const headers = fieldsOf(decision, limits[decidingLimit]!.requests, draft);
  headers.push('Retry-After', String(Math.max(1, Math.ceil(decision.waitMs / 1000))));
  return refusals[decidingLimit]!.withHeaders(headers, violated);
}

/** Makes the 429 of each limit, without the header fields of a request. */
export function refusalsOf(limits: readonly LimitPolicy[]): readonly Refusal[] {
  return limits.map(exceeded);
}

/** Makes the 429 of one limit, without the header fields of a request. Its message names the limit. */
export function exceeded(limit: LimitPolicy): Refusal {
  return new Refusal('rate_limited', [], describeLimit(limit));
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
    String(secondsOf(decision.resetAtMs)),
  ];
  if (draft) headers.push('RateLimit-Policy', draft.policy, 'RateLimit', serviceLimits(decision, draft));
  return headers;
}

/** The value of `RateLimit`: what remains under each limit, and in how many seconds it will be more. */
function serviceLimits(decision: LimitDecision, draft: IetfHeaders): string {
  const { decidingLimit, remaining, resetAtMs, waitMs, states } = decision;
  if (!states) return serviceLimit(draft, decidingLimit, remaining, waitMs);
  const nowMs = resetAtMs - waitMs;
  const items = states.map((state, i) => {
    // Where nothing is counted, there is nothing to wait for.
    const wait = state.used === 0 ? undefined : state.resetAtMs - nowMs;
    return serviceLimit(draft, i, state.remaining, wait);
  });
  return items.join(', ');
}

/** Stores count a request at the end of its millisecond, so its wait can be a millisecond longer than the window. */
function serviceLimit(
  { names, windows }: IetfHeaders,
  index: number,
  remaining: number,
  waitMs: number | undefined,
): string {
  const item = `${names[index]!};r=${remaining}`;
  return waitMs === undefined ? item : `${item};t=${Math.min(secondsOf(waitMs), windows[index]!)}`;
}

function secondsOf(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000));
}
