/** Runs the step `authenticate` with a trace: for the token of the request, or for a caller that is assumed. */
import { assumeToken, createTrace, type TokenTrace } from '../authenticate/authenticate.js';
import { defaultClaims } from '../model/default-claims.js';
import type { AssumedCaller } from '../model/explanation.js';
import type { Issuer } from '../model/issuer.js';
import type { Principal } from '../model/principal.js';
import type { Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Route } from '../model/route.js';
import type { ExplainContext } from './context.js';
import { acceptedIssuers } from './place-token.js';

/** What the step found, and what it looked at. */
export interface AuthenticatedCaller {
  readonly result: Principal | Refusal;
  readonly trace: TokenTrace;
}

/** The app of an assumed caller without one. */
export const ASSUMED_APP = 'tollgate-explain';
/** How long the token of an assumed caller is valid. */
const LIFETIME_S = 300;

/** Authenticates the caller of a request. */
export async function authenticateCaller(
  head: RequestHead,
  route: Route,
  assumed: AssumedCaller | undefined,
  context: ExplainContext,
): Promise<AuthenticatedCaller> {
  const trace = createTrace();
  const { createTraced, settings, now, checkRevocation } = context;
  const issuer = assumed && assumedIssuer(assumed, route, settings.issuers);
  if (!issuer || route.access.kind === 'public') {
    return { result: await createTraced(trace)(head, route), trace };
  }
  const payload = payloadOf(assumed, issuer, now());
  const { keptClaims } = settings;
  return {
    result: assumeToken({ issuer, payload }, route, { keptClaims, now, checkRevocation, trace }),
    trace,
  };
}

/** The issuer that is named, or the first that the route accepts; undefined where there is none. */
function assumedIssuer(
  { issuer: name }: AssumedCaller,
  route: Route,
  issuers: readonly Issuer[],
): Issuer | undefined {
  return name === undefined
    ? acceptedIssuers(route, issuers)[0]
    : issuers.find((issuer) => issuer.name === name);
}

/** The claims in the shape that the issuer's tokens have. */
function payloadOf({ app = ASSUMED_APP, scopes, claims }: AssumedCaller, issuer: Issuer, nowMs: number) {
  const iat = Math.floor(nowMs / 1000);
  return { iat, exp: iat + LIFETIME_S, ...defaultClaims(issuer, app, scopes), ...claims };
}
