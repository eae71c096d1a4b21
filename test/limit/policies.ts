/** Limits, routes and callers for the tests of counting. */
import type { FailurePolicy, LimitPolicy, LimitSubject } from '../../src/model/limit.js';
import { ANONYMOUS, type Principal } from '../../src/model/principal.js';
import type { Route } from '../../src/model/route.js';
import { makeRoute } from '../support/route.js';

export function policy(
  requests: number,
  windowMs: number,
  by: LimitSubject = 'app',
  share?: string,
): LimitPolicy {
  return {
    requests,
    windowMs,
    by,
    share,
    name: undefined,
    id: `${share ?? 'GET /things'} ${windowMs} ${by}`,
  };
}

export function route(limits: readonly LimitPolicy[], onFailure: FailurePolicy = 'local'): Route {
  return makeRoute({ limits, onFailure });
}

export function app(id: string, issuer = 'project'): Principal {
  return { ...ANONYMOUS, issuer, app: id };
}
