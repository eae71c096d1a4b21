/** What the stages find on the way, and what the whole admission comes to. */
import type { Quota } from './limit.js';
import type { Principal } from './principal.js';
import type { Refusal } from './refusal.js';
import type { Route } from './route.js';

/** A route that was found for a request, and what its upstream will be asked for. */
export interface RouteMatch {
  readonly route: Route;
  /** The path for the upstream: the normal form, rewritten where the route says so. */
  readonly path: string;
  /** The query byte for byte with its `?`, or an empty string. */
  readonly query: string;
}

/** A request that may pass. */
export interface Admission extends RouteMatch {
  readonly principal: Principal;
  /** Undefined on a route without limits, and where a limit was not counted because its store is away. */
  readonly quota: Quota | undefined;
}

/** A request that may not pass, and how far it came. */
export interface Rejection {
  readonly refusal: Refusal;
  readonly route: Route | undefined;
  readonly principal: Principal | undefined;
}
