/** Serves the endpoint `limit_status`: what the caller of a token has left at each endpoint. Called by `request-handler.ts`. */
import type { Gateway } from '../gateway.js';
import { asciiJson } from '../model/json.js';
import type { LimitStatus } from '../model/limit-status.js';
import { ANONYMOUS, type Principal } from '../model/principal.js';
import { Refusal } from '../model/refusal.js';
import type { Route } from '../model/route.js';
import { localOutcome, record, reject } from './end-exchange.js';
import type { RequestContext } from './request-context.js';
import { responseHeaders } from './response-headers.js';
import { sendBody } from './send-error.js';

/** The counts cannot be read. The end of an outage is noticed within a second. */
const UNAVAILABLE = new Refusal('limits_unavailable', ['Retry-After', '1']);

/** One endpoint of the response. */
interface EndpointStatus {
  readonly endpoint: string;
  readonly limits: readonly {
    readonly name?: string;
    readonly limit: number;
    /** Seconds. */
    readonly window: number;
    readonly remaining: number;
    /** Epoch seconds. */
    readonly reset: number;
  }[];
}

/** Responds to a request for the endpoint, by the steps of the pipeline. Rejects only for a bug in a step. */
export async function handleLimitStatus(context: RequestContext, status: LimitStatus): Promise<void> {
  const { gateway, head, req, res } = context;
  const { route } = status;
  const { authenticate, limit } = gateway.steps;
  const principal = await authenticate(head, route);
  if (principal instanceof Refusal) {
    reject(context, { refusal: principal, route, principal: undefined });
    return;
  }
  const quota = await limit(principal, route, head.clientIp);
  if (quota instanceof Refusal) {
    reject(context, { refusal: quota, route, principal });
    return;
  }
  const fields = responseHeaders(context, route.cors, quota?.headers);
  const endpoints = await endpointsOf(gateway, status, principal, head.clientIp);
  if (endpoints === undefined) {
    reject(context, { refusal: UNAVAILABLE, route, principal }, fields);
    return;
  }
  const body = asciiJson({ endpoints });
  const type = ['Content-Type', 'application/json', 'Content-Length', String(body.length)];
  sendBody(req, res, 200, [...type, 'Cache-Control', 'no-store', ...fields], body);
  record(context, { route, principal }, localOutcome(200));
}

/** The endpoints that the token can open; undefined where a count cannot be read. */
async function endpointsOf(
  { steps, inspectLimits }: Gateway,
  { routes }: LimitStatus,
  principal: Principal,
  clientIp: string,
): Promise<readonly EndpointStatus[] | undefined> {
  const open = routes.filter(
    (route) => acceptsIssuer(route, principal) && steps.authorize(principal, route, '') === undefined,
  );
  // All inspections begin in one tick, so they share a call to Redis.
  const inspections = await Promise.all(
    open.map((route) =>
      inspectLimits(route.access.kind === 'public' ? ANONYMOUS : principal, route, clientIp),
    ),
  );
  const endpoints: EndpointStatus[] = [];
  for (const [i, { limits }] of inspections.entries()) {
    const listed: EndpointStatus['limits'][number][] = [];
    for (const { limit, state } of limits) {
      if (state === undefined) return undefined;
      listed.push({
        ...(limit.name !== undefined && { name: limit.name }),
        limit: limit.requests,
        window: limit.windowMs / 1000,
        remaining: state.remaining,
        reset: Math.ceil(state.resetAtMs / 1000),
      });
    }
    endpoints.push({ endpoint: open[i]!.label, limits: listed });
  }
  return endpoints;
}

function acceptsIssuer({ access }: Route, { issuer }: Principal): boolean {
  return access.kind === 'public' || (access.issuers?.has(issuer) ?? true);
}
