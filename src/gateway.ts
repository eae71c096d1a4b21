/**
 * The sentence that Tollgate is: read → match → authenticate → authorize → limit → forward.
 *
 * Everything before `forward` is this one straight function, so that the compiler proves the order and a
 * WebSocket upgrade, which never passes through Express, takes the same way as any other request.
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

/** The stages before `forward`, each bound at load to what it stands on. A stage finds or refuses; only bugs throw. */
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

/** Decides whether a request may pass. Forwards nothing. */
export type Admit = (head: RequestHead) => Promise<Admission | Rejection>;

/** An assembled gate: an immutable snapshot that a request reads once, so that a reload is atomic. */
export interface Gateway {
  readonly read: (req: IncomingMessage) => RequestHead;
  readonly match: PipelineSteps['match'];
  readonly admit: Admit;
  readonly forwarder: Forwarder;
  /** How many exchanges may be under way at once. */
  readonly maxInFlight: number;
  /** The file's own rules, for answers that belong to no route. */
  readonly cors: Cors | undefined;
  /** Undefined where the gate hands out no tokens. */
  readonly tokens: TokenServiceMount | undefined;
}

/** The token service, whose requests leave the way before it begins. */
export interface TokenServiceMount {
  readonly service: TokenService;
  /** The path in its normal form, by which a request is known to be for the service. */
  readonly readPath: (head: RequestHead) => string | undefined;
  /**
   * Whether a path that the service does not own is one of its paths to a lenient server: in another case, with a
   * trailing slash or parameters, or decoded further. A route's upstream never gets it, since a secret may be in it.
   */
  readonly resembles: (path: string) => boolean;
}

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
