/** What is known of a refusal that has been sent: among others the step that refused, by the reason. */
import type { Gateway, TokenPaths } from '../gateway.js';
import { isRefusalReason, type RefusalReason } from '../model/refusal.js';
import type { Settings } from '../model/settings.js';
import type { RecentRefusal } from '../telemetry/recent-refusals.js';

export type FailedStep = 'request' | 'match' | 'token' | 'access' | 'limits' | 'upstream';

/** The gateway instance in force. */
export interface RefusalContext {
  readonly settings: Settings;
  readonly gateway: Pick<Gateway, 'readTarget'> & {
    readonly steps: Pick<Gateway['steps'], 'match' | 'authorize'>;
    readonly tokens: TokenPaths | undefined;
  };
}

/** What is known of a refusal by then. */
export interface KnownRefusal {
  readonly kept: RecentRefusal;
  /** The step that refused. */
  readonly step: FailedStep;
  /** What exactly was wrong. */
  readonly detail: string;
  /** The normal form of the path; undefined where it was not kept whole. */
  readonly path: string | undefined;
  /** Whether the route is one of those in force. */
  readonly isCurrent: boolean;
}

/** With a route. A few of these reasons also come before a route is known. */
const STEPS: Readonly<Record<RefusalReason, FailedStep>> = {
  // Two different tokens: everything else that is malformed has no route.
  malformed_request: 'token',
  malformed_credentials: 'token',
  no_token: 'token',
  invalid_token: 'token',
  keys_unavailable: 'token',
  revocations_unavailable: 'token',
  insufficient_scope: 'access',
  insufficient_claims: 'access',
  rate_limited: 'limits',
  limits_unavailable: 'limits',
  no_route: 'match',
  method_not_allowed: 'match',
  request_timeout: 'upstream',
  body_too_large: 'upstream',
  target_too_long: 'request',
  headers_too_large: 'request',
  internal_error: 'upstream',
  unknown_method: 'request',
  upstream_unreachable: 'upstream',
  upstream_broken: 'upstream',
  overloaded: 'upstream',
  no_healthy_target: 'upstream',
  upstream_timeout: 'upstream',
};

/** Returns the step. `request` stands for everything before `match`: the parser, `max_in_flight`, the token service. */
export function failedStepOf({ reason, route, path }: RecentRefusal): FailedStep {
  const step = isRefusalReason(reason) ? STEPS[reason] : 'upstream';
  if (route) return step;
  // CONNECT, and what the parser refuses, never come to `match`.
  return step === 'match' && path !== undefined ? 'match' : 'request';
}
