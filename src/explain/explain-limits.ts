/** Explains the step `limit`: the counts of each limit of the route, which stay as they are. */
import type { LimitInspection } from '../limit/limit.js';
import type { ExplainedCheck, ExplainedLimit, ExplainedLimits } from '../model/explanation.js';
import { Refusal } from '../model/refusal.js';
import type { Route } from '../model/route.js';
import { distanceText, durationText, failed, passed, skipped } from './text.js';

/** The refusals of the step, as far as an explanation shows them. */
const RATE_LIMITED = new Refusal('rate_limited');
const UNAVAILABLE = new Refusal('limits_unavailable');

/** Returns the refusal that the next request would get with these counts. */
export function limitRefusal({ source, limits }: LimitInspection, { onFailure }: Route): Refusal | undefined {
  if (limits.length === 0) return undefined;
  if (source === 'unavailable') return onFailure === 'open' ? undefined : UNAVAILABLE;
  return limits.some(({ state }) => state?.remaining === 0) ? RATE_LIMITED : undefined;
}

/** Describes the counts. @param isRunning whether they are those of a running gateway */
export function describeLimits(
  inspection: LimitInspection,
  route: Route,
  isRunning: boolean,
  nowMs: number,
): ExplainedLimits {
  const { source, limits } = inspection;
  const checks: ExplainedCheck[] = limits.map((inspected) => limitCheck(inspected, isRunning, nowMs));
  if (limits.length === 0) checks.push(passed('limits', 'the route is not limited'));
  else if (source === 'unavailable') {
    checks.splice(0, checks.length, unavailableCheck(route));
  }
  return {
    counts: isRunning ? 'gateway' : 'none',
    limits: limits.map((each) => explainedLimit(each, isRunning)),
    checks,
  };
}

/** One limit as data. */
function explainedLimit(
  { limit, key, state }: LimitInspection['limits'][number],
  isRunning: boolean,
): ExplainedLimit {
  const { by, requests, windowMs } = limit;
  return {
    name: nameOf(limit),
    key,
    by,
    limit: requests,
    window: windowMs / 1000,
    count: isRunning && state ? state.used : null,
    remaining: isRunning && state ? state.remaining : null,
    reset: isRunning && state ? Math.ceil(state.resetAtMs / 1000) : null,
  };
}

/** One limit as a check. */
function limitCheck(
  { limit, state }: LimitInspection['limits'][number],
  isRunning: boolean,
  nowMs: number,
): ExplainedCheck {
  const { by, requests, windowMs } = limit;
  const name = nameOf(limit);
  const text = `${requests} per ${durationText(windowMs / 1000)} by ${by}`;
  if (!isRunning || !state) return skipped(name, `${text}: the count is not known here`);
  const { used, remaining, resetAtMs } = state;
  if (remaining === 0) {
    return failed(name, `${text}: ${used} used; the next is admitted at ${distanceText(resetAtMs, nowMs)}`);
  }
  return passed(name, `${text}: ${used} used, ${remaining} left`);
}

function nameOf({ by, windowMs }: { readonly by: string; readonly windowMs: number }): string {
  return `${by}-${Math.ceil(windowMs / 1000)}s`;
}

function unavailableCheck({ onFailure }: Route): ExplainedCheck {
  const text = 'the counts cannot be read now';
  if (onFailure === 'open') return skipped('limits', `${text}: on_failure admits the request uncounted`);
  return failed('limits', `${text}: on_failure refuses the request`);
}
