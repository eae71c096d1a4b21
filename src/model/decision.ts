/** What the pipeline finds out about a request, and its decision: admission or rejection. */
import type { Quota } from './limit.js';
import type { Principal } from './principal.js';
import type { Refusal } from './refusal.js';
import type { RequestHead } from './request.js';
import type { Route } from './route.js';

/** A request's target in its normal form. Only this form is compared with paths of routes and of the token service. */
export interface RequestTarget {
  readonly path: string;
  /** The query, byte for byte, with its `?`; or an empty string. */
  readonly query: string;
}

/** The route found for a request, and what is requested of its upstream. */
export interface RouteMatch {
  readonly route: Route;
  /** The path for the upstream: the normal form, rewritten if the route has a rewrite. */
  readonly path: string;
  /** The path that was matched, in its normal form. */
  readonly matched: string;
  /** The query, byte for byte, with its `?`; or an empty string. */
  readonly query: string;
}

/** A request that may be forwarded. */
export interface Admission extends RouteMatch {
  readonly principal: Principal;
  /** Undefined on a route without limits, and where a limit was not counted because its store is unavailable. */
  readonly quota: Quota | undefined;
  /** The head as the upstream gets it, without the token; absent: as it was read. */
  readonly forwardedHead?: RequestHead;
  /** What the route's rules in shadow would have refused it with; undefined: nothing. */
  readonly shadow: Refusal | undefined;
}

/** A request that is refused. `route` and `principal` are undefined if it was refused before they were known. */
export interface Rejection {
  readonly refusal: Refusal;
  readonly route: Route | undefined;
  readonly principal: Principal | undefined;
  /** That of the admission, for a request that was admitted and failed later. */
  readonly shadow?: Refusal | undefined;
}
