/**
 * The pipeline: read → match → authenticate → authorize → limit → forward. `src/server/` calls it for each request.
 *
 * Every step before `forward` is in one straight function. So the compiler proves the order, and a WebSocket upgrade,
 * which never passes through Express, takes the same steps as any other request.
 */
import type { IncomingMessage } from 'node:http';
import type { Forwarder } from './forward/forward.js';
import type { Admission, Rejection, RouteMatch } from './model/decision.js';
import type { Quota } from './model/limit.js';
import type { Principal } from './model/principal.js';
import { Refusal } from './model/refusal.js';
import type { RequestHead } from './model/request.js';
import type { Cors, Route } from './model/route.js';
import type { TokenService } from './tokens/tokens.js';

/** The steps before `forward`, each bound at load to its resources. A step returns its finding or a refusal; only bugs throw. */
export interface PipelineSteps {
  readonly match: (head: RequestHead) => RouteMatch | Refusal;
  readonly authenticate: (
    head: RequestHead,
    route: Route,
  ) => Principal | Refusal | Promise<Principal | Refusal>;
  readonly authorize: (principal: Principal, route: Route) => Refusal | undefined;
  readonly limit: (
    principal: Principal,
    route: Route,
    clientIp: string,
  ) => Quota | Refusal | undefined | Promise<Quota | Refusal | undefined>;
}

/** Decides whether a request is admitted. Forwards nothing. */
export type Admit = (head: RequestHead) => Promise<Admission | Rejection>;

/** An assembled gateway: an immutable snapshot. A request reads it once, so a reload is atomic. */
export interface Gateway {
  readonly read: (req: IncomingMessage) => RequestHead;
  readonly match: PipelineSteps['match'];
  readonly admit: Admit;
  readonly forwarder: Forwarder;
  /** How many exchanges may be in flight at once. */
  readonly maxInFlight: number;
  /** The file's own CORS rules, for responses that belong to no route. */
  readonly cors: Cors | undefined;
  /** Undefined where the gateway issues no tokens. */
  readonly tokens: TokenServiceMount | undefined;
}

/** The token service. Its requests leave the pipeline before `match`. */
export interface TokenServiceMount {
  readonly service: TokenService;
  /** The path in its normal form, which decides whether a request is for the service. */
  readonly readPath: (head: RequestHead) => string | undefined;
  /**
   * Whether a lenient server would read a path as one of the service's: in another case, with a trailing slash or
   * parameters, or decoded further. It is never sent to a route's upstream, since it may contain a secret.
   */
  readonly resembles: (path: string) => boolean;
}

/**
 * Composes the steps before `forward` into one function. The first refusal ends it.
 *
 * @returns a function that rejects only for a bug in a step
 */
export function createPipeline({ match, authenticate, authorize, limit }: PipelineSteps): Admit {
  return async function admit(head) {
    if (head.headError) return reject(head.headError);
    const found = match(head);
    if (found instanceof Refusal) return reject(found);
    const { route, path, query } = found;
    const principal = await authenticate(head, route);
    if (principal instanceof Refusal) return reject(principal, route);
    const refusal = authorize(principal, route);
    if (refusal) return reject(refusal, route, principal);
    const quota = await limit(principal, route, head.clientIp);
    if (quota instanceof Refusal) return reject(quota, route, principal);
    return { route, path, query, principal, quota };
  };
}

function reject(refusal: Refusal, route?: Route, principal?: Principal): Rejection {
  return { refusal, route, principal };
}
