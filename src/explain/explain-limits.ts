/** Explains the step `limit`: the counts of each limit of the route, which stay as they are. */
import { exceeded, namesOf, type LimitInspection } from '../limit/limit.js';
import type { ExplainedCheck, ExplainedLimit, ExplainedLimits } from '../model/explanation.js';
import { describeLimit } from '../model/limit.js';
import { Refusal } from '../model/refusal.js';
import type { Route } from '../model/route.js';
import { distanceText, failed, passed, skipped } from './text.js';

const UNAVAILABLE = new Refusal('limits_unavailable');

/** Returns the refusal that the next request would get with these counts: of exhausted limits by the one that resets last. */
export function limitRefusal({ source, limits }: LimitInspection, { onFailure }: Route): Refusal | undefined {
  if (limits.length === 0) return undefined;
  if (source === 'unavailable') return onFailure === 'open' ? undefined : UNAVAILABLE;
  let last: InspectedLimit | undefined;
  for (const each of limits) {
    if (each.state?.remaining === 0 && each.state.resetAtMs > (last?.state?.resetAtMs ?? -Infinity))
      last = each;
  }
  return last && exceeded(last.limit);
}

/** Describes the counts. @param isRunning whether they are those of a running gateway */
export function describeLimits(
  { source, limits }: LimitInspection,
  route: Route,
  isRunning: boolean,
  nowMs: number,
): ExplainedLimits {
  const names = namesOf(limits.map(({ limit }) => limit));
  let checks = limits.map((inspected, at) => limitCheck(names[at]!, inspected, isRunning, nowMs));
  if (limits.length === 0) checks = [passed('limits', 'the route is not limited')];
  else if (source === 'unavailable') checks = [unavailableCheck(route)];
  return {
    counts: isRunning ? 'gateway' : 'none',
    limits: limits.map((inspected, at) => explainedLimit(names[at]!, inspected, isRunning)),
    checks,
  };
}

type InspectedLimit = LimitInspection['limits'][number];

/** One limit as data. */
function explainedLimit(
  name: string,
  { limit, key, state }: InspectedLimit,
  isRunning: boolean,
): ExplainedLimit {
  const { by, requests, windowMs } = limit;
  const known = isRunning ? state : undefined;
  return {
    name,
    key,
    by,
    limit: requests,
    window: windowMs / 1000,
    count: known?.used ?? null,
    remaining: known?.remaining ?? null,
    reset: known ? Math.ceil(known.resetAtMs / 1000) : null,
  };
}

/** One limit as a check. */
function limitCheck(
  name: string,
  { limit, state }: InspectedLimit,
  isRunning: boolean,
  nowMs: number,
): ExplainedCheck {
  const text = describeLimit({ ...limit, name: undefined });
  if (!isRunning || !state) return skipped(name, `${text}: the count is not known here`);
  const { used, remaining, resetAtMs } = state;
  if (remaining > 0) return passed(name, `${text}: ${used} used, ${remaining} left`);
  // Whole seconds, rounded up, as in X-RateLimit-Reset and in the remedy.
  const resetMs = Math.ceil(resetAtMs / 1000) * 1000;
  return failed(name, `${text}: ${used} used; the next is admitted at ${distanceText(resetMs, nowMs)}`);
}

function unavailableCheck({ onFailure }: Route): ExplainedCheck {
  const text = 'the counts cannot be read now';
  if (onFailure === 'open') return skipped('limits', `${text}: on_failure admits the request uncounted`);
  return failed('limits', `${text}: on_failure refuses the request`);
}
