/**
 * The pipeline: read → match → authenticate → authorize → limit → forward. `src/server/` calls it for each request.
 *
 * The steps between `read` and `forward` are in one straight function, `admit`. So the compiler proves their order, and a
 * WebSocket upgrade, which never passes through Express, takes the same steps as any other request.
 */
import type { AuthenticateRequest, RemoveToken } from './authenticate/authenticate.js';
import type { Authorize } from './authorize/authorize.js';
import type { Forwarder } from './forward/forward.js';
import type { InspectLimits, Limit } from './limit/limit.js';
import type { Match, ReadTarget } from './match/match.js';
import type { Admission, Rejection, RequestTarget } from './model/decision.js';
import type { LimitStatus } from './model/limit-status.js';
import type { Principal } from './model/principal.js';
import { Refusal } from './model/refusal.js';
import type { RequestHead } from './model/request.js';
import type { Cors, Route } from './model/route.js';
import type { RequestTrace, StartTrace } from './model/trace.js';
import type { Read } from './read/read.js';
import type { EndpointMethod } from './model/token-paths.js';
import type { TokenService } from './tokens/tokens.js';

/**
 * The steps between `read` and `forward`, each bound at load to its resources. A step returns its finding or a refusal;
 * only bugs throw.
 */
export interface PipelineSteps {
  readonly match: Match;
  readonly authenticate: AuthenticateRequest;
  readonly authorize: Authorize;
  readonly limit: Limit;
  /** Undefined where tokens are in Authorization only. */
  readonly removeToken?: RemoveToken | undefined;
}

/** An assembled gateway: an immutable snapshot. A request reads it once, so a reload is atomic. */
export interface Gateway {
  readonly read: Read;
  /** Normalizes the target of a request. Called once a request; the result is passed on. */
  readonly readTarget: ReadTarget;
  readonly steps: PipelineSteps;
  /** Reads the counts of a caller on a route, without counting. */
  readonly inspectLimits: InspectLimits;
  readonly forwarder: Forwarder;
  /** How many exchanges may be in flight at once. */
  readonly maxInFlight: number;
  /** The fields that upstreams get from claims, by `plainName`. */
  readonly identityFields: ReadonlySet<string>;
  /** The file's own CORS rules, for responses that belong to no route. */
  readonly cors: Cors | undefined;
  /** Undefined where the gateway issues no tokens. */
  readonly tokens: TokenServiceMount | undefined;
  /** Undefined where the file has no `limit_status`. */
  readonly limitStatus: LimitStatus | undefined;
  /** Undefined where the file has no `tracing`. */
  readonly startTrace: StartTrace | undefined;
}

/** The paths of the token service. */
export interface TokenPaths {
  /** Whether an endpoint has exactly this path. */
  readonly owns: (path: string) => boolean;
  /** Returns the method of the endpoint that has exactly this path; undefined where none has it. */
  readonly methodOf: (path: string) => EndpointMethod | undefined;
  /**
   * Whether a lenient server would read a path as one of the service's: in another case, with a trailing slash or
   * parameters, or decoded further. It is never sent to a route's upstream, since it may contain a secret.
   */
  readonly resembles: (path: string) => boolean;
}

/** The token service. Its requests leave the pipeline before `match`. */
export interface TokenServiceMount extends TokenPaths {
  readonly service: TokenService;
}

/**
 * Runs the steps between `read` and `forward`. The first refusal ends them. Forwards nothing. Rejects only for a bug in a
 * step.
 *
 * @param target the result of `readTarget` for this head
 * @param trace gets an event at the end of each step
 */
export async function admit(
  steps: PipelineSteps,
  head: RequestHead,
  target: RequestTarget | Refusal,
  trace?: RequestTrace,
): Promise<Admission | Rejection> {
  const { match, authenticate, authorize, limit, removeToken } = steps;
  if (head.headError) return rejection(head.headError);
  if (target instanceof Refusal) return rejection(target);
  const found = match(target, head.method, head.host);
  trace?.mark('match');
  if (found instanceof Refusal) return rejection(found);
  const { route, path, matched, query } = found;
  const principal = await authenticate(head, route);
  trace?.mark('authenticate');
  if (principal instanceof Refusal) return rejection(principal, route);
  const refusal = authorize(principal, route, matched);
  trace?.mark('authorize');
  if (refusal) return rejection(refusal, route, principal);
  const quota = await limit(principal, route, head.clientIp);
  trace?.mark('limit');
  if (quota instanceof Refusal) return rejection(quota, route, principal);
  const shadow =
    route.shadow && (await refusalInShadow(steps, route.shadow, principal, matched, head.clientIp));
  // The token was revoked while Redis counted: that is no rule in shadow.
  if (shadow && shadow.status !== 403 && shadow.status !== 429) return rejection(shadow, route, principal);
  const admission: Admission = { route, path, matched, query, principal, quota, shadow };
  return removeToken ? removeToken(admission, head) : admission;
}

/**
 * Returns what the rules in shadow would have refused an admitted request with. A request that their scopes or conditions
 * would refuse is not counted under their limits, and neither is one that these would refuse.
 */
async function refusalInShadow(
  { authorize, limit }: PipelineSteps,
  shadow: Route,
  principal: Principal,
  matched: string,
  clientIp: string,
): Promise<Refusal | undefined> {
  const refusal = authorize(principal, shadow, matched);
  if (refusal) return refusal;
  const quota = await limit(principal, shadow, clientIp);
  return quota instanceof Refusal ? quota : undefined;
}

function rejection(refusal: Refusal, route?: Route, principal?: Principal): Rejection {
  return { refusal, route, principal };
}
