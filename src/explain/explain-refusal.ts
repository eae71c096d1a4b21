/**
 * Explains a refusal that has been sent, from what was kept of it. The steps are not run again: the token and the counts of
 * that moment are not kept. Called by `src/app/refusal-reports.ts`.
 */
import type { ExplainedMatch, ExplainedRoute, ExplainedToken, Explanation } from '../model/explanation.js';
import type { Principal } from '../model/principal.js';
import type { Route } from '../model/route.js';
import type { RecentRefusal } from '../telemetry/recent-refusals.js';
import type { Settings } from '../model/settings.js';

/** Returns the decision. The file and its routes are those in force now. */
export function explainRefusal(refusal: RecentRefusal, settings: Settings): Explanation {
  const { route, principal, status, reason, detail } = refusal;
  return {
    verdict: 'refuse',
    status,
    route: route?.match ?? null,
    reason,
    detail: detail ?? reason,
    remedy: null,
    notes: [],
    request: {
      method: refusal.method ?? '',
      host: refusal.host ?? '',
      path: refusal.path ?? null,
      normalized: [],
      client_ip: refusal.clientIp,
      checks: [],
    },
    match: route ? matchOf(route, settings) : null,
    token: principal ? tokenOf(principal) : null,
    access: null,
    limits: null,
    upstream: null,
    shadow: null,
  };
}

function matchOf(route: Route, settings: Settings): ExplainedMatch {
  return { route: routeOf(route, settings), others: [], nearest: null, allowed_methods: null, checks: [] };
}

function routeOf({ match, hosts, line }: Route, { source }: Settings): ExplainedRoute {
  return { match, hosts: hosts ?? null, file: source, line };
}

function tokenOf(principal: Principal): ExplainedToken {
  const { issuer, app, subject, scopes, issuedAtMs, expiresAtMs } = principal;
  return {
    assumed: false,
    place: null,
    issuer,
    iss: null,
    kid: null,
    alg: null,
    typ: null,
    app,
    subject: subject ?? null,
    audience: null,
    scopes,
    not_granted: [],
    issued_at: timeOf(issuedAtMs),
    not_before: null,
    expires_at: timeOf(expiresAtMs),
    checks: [],
  };
}

/** Null for a token without this time. */
function timeOf(epochMs: number): string | null {
  return Number.isFinite(epochMs) && Math.abs(epochMs) <= 8.64e15 ? new Date(epochMs).toISOString() : null;
}
