/** What a token opens, without a request: for the console. */
import type { ExplainedToken } from './explanation.js';
import type { Principal } from './principal.js';
import type { Route } from './route.js';

/** One route, as a token finds it. */
export interface InspectedRoute {
  readonly route: Route;
  /** Why it is closed; undefined where the token opens it. */
  readonly reason: string | undefined;
}

/** A token, its checks, and the routes. */
export interface InspectedToken {
  readonly token: ExplainedToken;
  /** Undefined where the token is refused. */
  readonly principal: Principal | undefined;
  /** Every route of the file, in its order. */
  readonly routes: readonly InspectedRoute[];
}

/** Inspects a token. Counts nothing. Rejects only for a bug. */
export type InspectToken = (token: string) => Promise<InspectedToken>;
