/** Describes the steps of a request that was refused, as far as they are known. Called by `explain-refusal.ts`. */
import { failedCheckOf, invalidTokenOf, type TokenCheck } from '../authenticate/authenticate.js';
import type {
  ExplainedAccess,
  ExplainedLimits,
  ExplainedMatch,
  ExplainedToken,
  ExplainedUpstream,
} from '../model/explanation.js';
import { describeLimit } from '../model/limit.js';
import { Refusal } from '../model/refusal.js';
import type { RecentRefusal } from '../telemetry/recent-refusals.js';
import { describeAccess } from './explain-access.js';
import { describeMatch, routeReference, routeText } from './explain-match.js';
import type { FailedStep, KnownRefusal, RefusalContext } from './known-refusal.js';
import { failed, passed, skipped, timeText } from './text.js';

const ORDER: readonly FailedStep[] = ['request', 'match', 'token', 'access', 'limits', 'upstream'];

/** Whether the request came to a step. */
function reached({ step }: KnownRefusal, other: FailedStep): boolean {
  return ORDER.indexOf(step) >= ORDER.indexOf(other);
}

/** The route that was found; without one, what is near by the file in force. */
export function refusedMatch(known: KnownRefusal, context: RefusalContext): ExplainedMatch | null {
  if (!reached(known, 'match')) return null;
  const { kept, path, isCurrent, detail } = known;
  const { route, method = '', host = '' } = kept;
  const { settings, gateway } = context;
  const target = { path: path ?? '', query: '' };
  if (route && isCurrent && path !== undefined) {
    return describeMatch({ method, host }, target, { route, path, matched: path, query: '' }, settings);
  }
  const base = { route: null, others: [], nearest: null, allowed_methods: null };
  if (route) {
    const { source } = settings;
    return {
      ...base,
      route: routeReference(route, source),
      checks: [passed('route', routeText(route, source))],
    };
  }
  if (path === undefined) return { ...base, checks: [failed('route', detail)] };
  if (gateway.tokens?.owns(path) || gateway.tokens?.resembles(path))
    return { ...base, checks: [failed('route', 'the path resembles one of the token service')] };
  const found = gateway.steps.match(target, method, host);
  if (found instanceof Refusal && found.reason === kept.reason)
    return describeMatch({ method, host }, target, found, settings);
  return { ...base, checks: [failed('route', `${detail}; the file that is in force now decides otherwise`)] };
}

/** The caller, or why the token was refused. Null on a public route. */
export function refusedToken(known: KnownRefusal): ExplainedToken | null {
  const { kept, step, detail } = known;
  const { principal, route } = kept;
  if (!reached(known, 'token') || route?.access.kind !== 'scoped') return null;
  return {
    assumed: false,
    place: null,
    issuer: principal?.issuer ?? null,
    iss: null,
    kid: null,
    alg: null,
    typ: null,
    app: principal?.app ?? null,
    subject: principal?.subject ?? null,
    audience: null,
    scopes: principal?.scopes ?? null,
    not_granted: [],
    issued_at: timeOf(principal?.issuedAtMs),
    not_before: null,
    expires_at: timeOf(principal?.expiresAtMs),
    checks: [step === 'token' ? failed(tokenCheckOf(kept), detail) : passed('token', 'it was valid')],
  };
}

/** The check that the token did not pass. */
function tokenCheckOf({ reason, detail }: RecentRefusal): TokenCheck {
  if (reason === 'keys_unavailable') return 'key';
  if (reason === 'revocations_unavailable') return 'revocation';
  const refusal = invalidTokenOf(detail);
  return (refusal && failedCheckOf(refusal)) ?? 'form';
}

/** Null for a token without this time. */
function timeOf(epochMs = Infinity): string | null {
  return Number.isFinite(epochMs) ? timeText(epochMs) : null;
}

/** Scopes and conditions, checked again: the caller and the route are kept. */
export function refusedAccess(known: KnownRefusal, { gateway }: RefusalContext): ExplainedAccess | null {
  const { kept, step, path, detail } = known;
  const { principal, route } = kept;
  if (!reached(known, 'access') || !route || !principal) return null;
  const access = describeAccess(principal, route, path ?? '', gateway.steps.authorize);
  const isSame = access.checks.some(({ result }) => result === 'failed') === (step === 'access');
  // A condition that depends on the path cannot be checked again without it.
  if (isSame && (path !== undefined || !route.require?.some(({ parameter }) => parameter !== undefined)))
    return access;
  const checks = [step === 'access' ? failed('access', detail) : passed('access', 'the caller may use it')];
  return { ...access, checks };
}

/** The limits of the route. Which one refused is known, but none of the counts. */
export function refusedLimits(known: KnownRefusal): ExplainedLimits | null {
  const { kept, step, detail } = known;
  const { limits = [] } = kept.route ?? {};
  if (!reached(known, 'limits')) return null;
  const counts = { counts: 'none', limits: [] } as const;
  if (step !== 'limits') {
    const text = limits.length === 0 ? 'the route is not limited' : 'they admitted the request';
    return { ...counts, checks: [passed('limits', text)] };
  }
  if (kept.reason !== 'rate_limited') return { ...counts, checks: [failed('limits', detail)] };
  return {
    ...counts,
    checks: limits.map((limit) => {
      const text = describeLimit(limit);
      return text === kept.detail ? failed('limit', text) : skipped('limit', text);
    }),
  };
}

/** The upstream that could not respond, or for which the body was not valid. */
export function refusedUpstream({ kept, step, detail, path }: KnownRefusal): ExplainedUpstream | null {
  const { route, method = '', target } = kept;
  if (step !== 'upstream' || !route) return null;
  return {
    name: route.upstream.name,
    targets: target === undefined ? [] : [{ target, available: false, text: detail }],
    method,
    path: path ?? kept.path ?? '',
    headers: [],
    checks: [failed('upstream', detail)],
  };
}
