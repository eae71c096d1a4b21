/**
 * Explains what the gateway would do with a request: its own steps, run without effects. Nothing is forwarded, and no limit
 * counts the request. Called by `src/app/build-gateway.ts` for each gateway instance.
 *
 *   parse ── read ── match ── authenticate ── authorize ── inspect the limits ── what the upstream would get
 */
import { createAuthenticate, type AuthenticateOptions } from '../authenticate/authenticate.js';
import type { Gateway } from '../gateway.js';
import type { ExplainRequest, Explanation } from '../model/explanation.js';
import { Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Route } from '../model/route.js';
import type { Settings } from '../model/settings.js';
import { decideEarly, parseRequest, type EarlyRules } from '../server/server.js';

/** The gateway instance that is asked. */
export interface ExplainContext {
  readonly settings: Settings;
  readonly gateway: Pick<Gateway, 'read' | 'readTarget' | 'steps'> & EarlyRules;
  readonly issuers: AuthenticateOptions['issuers'];
  readonly checkRevocation: NonNullable<AuthenticateOptions['checkRevocation']>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Explains a request. Rejects only for a bug in the gateway. */
export async function explain(request: ExplainRequest, context: ExplainContext): Promise<Explanation> {
  const { gateway, settings } = context;
  const base = emptyExplanation(request);
  const parsed = await parseRequest({
    ...request,
    headers: [
      ...(request.host === undefined ? [] : ['Host', request.host]),
      ...(request.token === undefined ? [] : ['Authorization', `Bearer ${request.token}`]),
      ...request.headers,
    ],
    encrypted: settings.listen?.tls !== undefined,
  });
  if (parsed === undefined || parsed instanceof Refusal)
    return refused(base, parsed ?? new Refusal('malformed_request'));
  const head = gateway.read(parsed.req);
  const target = head.headError ?? gateway.readTarget(head);
  const early = decideEarly(gateway, head, target, parsed.tunnel, false);
  if (early?.kind === 'preflight')
    return { ...base, status: 204, route: early.route?.match ?? null, detail: 'preflight' };
  if (early?.kind === 'tokens') return { ...base, detail: 'token service' };
  if (early) return refused(base, early.rejection.refusal);
  if (target instanceof Refusal) return refused(base, target);
  const found = gateway.steps.match(target, head.method, head.host);
  if (found instanceof Refusal) return refused(base, found);
  return decide(base, head, found, context);
}

async function decide(
  base: Explanation,
  head: RequestHead,
  { route, matched }: { readonly route: Route; readonly matched: string },
  { gateway, issuers, checkRevocation, now, settings }: ExplainContext,
): Promise<Explanation> {
  const matchedBase = { ...base, route: route.match };
  const { keptClaims } = settings;
  const authenticate = createAuthenticate({ issuers, cacheSize: 0, keptClaims, now, checkRevocation });
  const principal = await authenticate(head, route);
  if (principal instanceof Refusal) return refused(matchedBase, principal);
  const refusal = gateway.steps.authorize(principal, route, matched);
  if (refusal) return refused(matchedBase, refusal);
  return { ...matchedBase, verdict: 'forward', detail: `forwarded to ${route.upstream.name}` };
}

function refused(base: Explanation, { status, reason, detail = reason }: Refusal): Explanation {
  return { ...base, verdict: 'refuse', status, reason, detail, remedy: detail };
}

function emptyExplanation({ method, host = '', peer }: ExplainRequest): Explanation {
  return {
    verdict: 'respond',
    status: 200,
    route: null,
    reason: null,
    detail: '',
    remedy: null,
    notes: [],
    request: { method, host, path: null, normalized: [], client_ip: peer, checks: [] },
    match: null,
    token: null,
    access: null,
    limits: null,
    upstream: null,
    shadow: null,
  };
}
