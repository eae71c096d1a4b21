/**
 * The token service: it issues, describes and revokes tokens. To the gateway it is one more issuer with a JWKS.
 * `src/server/request-handler.ts` passes it the requests for its paths, which skip the pipeline.
 *
 *   request ── by path ──▶ endpoints/ ── request/ parses it strictly
 *                              │
 *                              ├── failed-attempts.ts, before any secret is checked
 *                              ├── registry/ finds the app, the user, the refresh token
 *                              └── claims.ts ── the signer ──▶ token
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../model/log.js';
import type { FlatHeaders } from '../model/refusal.js';
import { allowedMethods, foldPath, onlyText, type EndpointMethod } from '../model/token-paths.js';
import { createEndpoints, type EndpointsOptions } from './endpoints/endpoints.js';
import type { EndpointResponse, Endpoint, EndpointName } from './endpoints/endpoint.js';
import { send } from './endpoints/send.js';
import { invalidRequest, UNAVAILABLE } from './oauth-error.js';

export { createFailedAttempts, type FailedAttempts } from './failed-attempts.js';
export { createAppUses } from './app-uses.js';
export { createAppLimit, type AppLimit } from './app-limit.js';
export type { RedisScripts } from './failed-attempts/redis-counts.js';
export type { NameClient } from './endpoints/app.js';
export type { TokenRevocations } from './deps.js';

export type TokenServiceOptions = EndpointsOptions;

/** What the server knows of a request for the token service. */
export interface TokenRequest {
  /** The path in its normal form. */
  readonly path: string;
  readonly clientIp: string;
  readonly requestId: string;
  /** The fields of every response of the gateway, including `X-Request-Id`. */
  readonly headers: FlatHeaders;
}

/** How an exchange ended, for the access log. */
export interface TokenOutcome {
  readonly status: number;
  readonly endpoint: EndpointName;
  /** The error's code, if the response is an error. */
  readonly reason?: string;
}

export interface TokenService {
  /** Whether an endpoint has exactly this path. */
  owns(path: string): boolean;
  /** Returns the method of the endpoint that has exactly this path; undefined where none has it. */
  methodOf(path: string): EndpointMethod | undefined;
  /** Whether a path differs from an endpoint's only in case or in a trailing slash; such a request is 404. */
  resembles(path: string): boolean;
  /** Responds to a request. Never rejects for a path that the service owns. */
  handle(req: IncomingMessage, res: ServerResponse, request: TokenRequest): Promise<TokenOutcome>;
}

/** Creates the token service with the endpoints that the settings name. */
export function createTokenService(options: TokenServiceOptions): TokenService {
  const endpoints = createEndpoints(options);
  const { log } = options;
  const folded = new Set([...endpoints.keys()].map(foldPath));

  return {
    owns: (path) => endpoints.has(path),
    methodOf: (path) => endpoints.get(path)?.method,
    resembles: (path) => folded.has(foldPath(path)),
    async handle(req, res, { path, clientIp, requestId, headers }) {
      const query = takeQuery(req, path);
      const endpoint = endpoints.get(path);
      if (endpoint === undefined) throw new Error('the token service was given a path that it does not own');
      const response = await callEndpoint(endpoint, { req, res, query, clientIp, requestId }, log);
      send(req, res, response, headers);
      const { status, reason } = response;
      return { status, endpoint: endpoint.name, ...(reason !== undefined && { reason }) };
    },
  };
}

async function callEndpoint(
  endpoint: Endpoint,
  call: Parameters<Endpoint['respond']>[0],
  log: Log,
): Promise<EndpointResponse> {
  const { method } = call.req;
  if (!allowedMethods(endpoint.method).includes(method ?? '')) return NOT_ALLOWED[endpoint.method];
  try {
    return await endpoint.respond(call);
  } catch (error) {
    log.error({ request_id: call.requestId, endpoint: endpoint.name, err: error }, 'a token request failed');
    return UNAVAILABLE;
  }
}

const NOT_ALLOWED = { GET: notAllowed('GET'), POST: notAllowed('POST') };

function notAllowed(method: EndpointMethod): EndpointResponse {
  return invalidRequest(onlyText(method), 405, ['Allow', allowedMethods(method).join(', ')]);
}

/** Removes the query from the request, because it may hold a secret that an application's logger would log. */
function takeQuery(req: IncomingMessage, path: string): string {
  const at = req.url?.indexOf('?') ?? -1;
  const query = at === -1 ? '' : (req.url?.slice(at + 1) ?? '');
  req.url = path;
  if ('originalUrl' in req) req.originalUrl = path;
  return query;
}
