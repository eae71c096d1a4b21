/**
 * Decides which requests never come to the pipeline: preflights, handshakes that are not valid, and requests for the token
 * service or for `limit_status`. Called by `request-handler.ts`, and by `explain`.
 */
import type { Gateway, TokenPaths } from '../gateway.js';
import type { LimitStatus } from '../model/limit-status.js';
import type { Rejection, RequestTarget } from '../model/decision.js';
import { Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Cors, Route } from '../model/route.js';
import { UNIDENTIFIED } from './end-exchange.js';

/** A request that the gateway responds to itself. */
export type EarlyDecision =
  /** With 204, by the rules of the route of the method that the page asks for, or of the file. */
  | { readonly kind: 'preflight'; readonly route: Route | undefined; readonly cors: Cors }
  /** By the token service. */
  | { readonly kind: 'tokens'; readonly path: string }
  /** By the endpoint `limit_status`. */
  | { readonly kind: 'limit_status'; readonly status: LimitStatus }
  | { readonly kind: 'reject'; readonly rejection: Rejection };

/** What these decisions depend on. */
export interface EarlyRules {
  readonly steps: Pick<Gateway['steps'], 'match'>;
  readonly cors: Cors | undefined;
  /** Undefined where the gateway issues no tokens. */
  readonly tokens: TokenPaths | undefined;
  /** Undefined where the file has no such endpoint. */
  readonly limitStatus: LimitStatus | undefined;
}

/** With a body, the bytes after the head could be read as the body or as the new protocol. */
const NO_HANDSHAKE: EarlyDecision = {
  kind: 'reject',
  rejection: {
    refusal: new Refusal('malformed_request', [], 'a WebSocket handshake is an HTTP/1.1 GET without a body'),
    ...UNIDENTIFIED,
  },
};
const ONLY_GET = new Refusal('method_not_allowed', ['Allow', 'GET, HEAD']);
export const NO_ROUTE: Rejection = { refusal: new Refusal('no_route'), ...UNIDENTIFIED };
/** An endpoint of the gateway itself has no WebSockets, and its path belongs to no route. */
const NOT_OF_A_ROUTE: EarlyDecision = { kind: 'reject', rejection: NO_ROUTE };

/**
 * Returns the decision, or undefined for a request that the pipeline decides.
 *
 * @param isTunnel whether it is an upgrade request
 * @param hasNext whether the application behind the gateway gets requests without a route
 */
export function decideEarly(
  rules: EarlyRules,
  head: RequestHead,
  target: RequestTarget | Refusal,
  isTunnel: boolean,
  hasNext: boolean,
): EarlyDecision | undefined {
  if (head.preflightMethod !== undefined && !(target instanceof Refusal)) {
    const preflight = decidePreflight(rules, target, head.preflightMethod, head.host, hasNext);
    if (preflight) return preflight;
  }
  if (isTunnel && !head.websocket) return NO_HANDSHAKE;
  const { tokens, limitStatus: status } = rules;
  if (target instanceof Refusal) return undefined;
  if (target.path === status?.path) return isTunnel ? NOT_OF_A_ROUTE : decideLimitStatus(status, head.method);
  if (!tokens) return undefined;
  const isOwn = tokens.owns(target.path);
  if (isOwn && !isTunnel) return { kind: 'tokens', path: target.path };
  // The service has no WebSockets, and no upstream may receive a handshake or a secret that was meant for it.
  return isOwn || tokens.resembles(target.path) ? NOT_OF_A_ROUTE : undefined;
}

function decideLimitStatus(status: LimitStatus, method: string): EarlyDecision {
  const { route } = status;
  return method === 'GET' || method === 'HEAD'
    ? { kind: 'limit_status', status }
    : { kind: 'reject', rejection: { refusal: ONLY_GET, route, principal: undefined } };
}

/** Undefined where no CORS section covers the preflight; the application behind the gateway handles its own. */
function decidePreflight(
  { steps, cors: ownCors, tokens, limitStatus }: EarlyRules,
  target: RequestTarget,
  method: string,
  host: string,
  hasNext: boolean,
): EarlyDecision | undefined {
  const isOwn = tokens?.owns(target.path) === true || target.path === limitStatus?.path;
  const found = isOwn ? undefined : steps.match(target, method, host);
  if (found instanceof Refusal && (found.status === 400 || (hasNext && found.status === 404)))
    return undefined;
  const route = found instanceof Refusal ? undefined : found?.route;
  const cors = route ? route.cors : ownCors;
  return cors && { kind: 'preflight', route, cors };
}
