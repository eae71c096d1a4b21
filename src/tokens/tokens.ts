/**
 * The token service: how callers get a pass, ask about it and give it back. To the gate it is one more issuer with a
 * JWKS; requests for its paths never come on the way through the gate.
 *
 *   request ── by path ──▶ endpoints/ ── request/ reads it strictly
 *                              │
 *                              ├── failed-attempts.ts, before any secret is looked at
 *                              ├── registry/ finds the app, the user, the refresh token
 *                              └── claims.ts ── the signer ──▶ token
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../model/log.js';
import type { FlatHeaders } from '../model/refusal.js';
import { foldPath } from '../model/token-paths.js';
import { createEndpoints, type EndpointsOptions } from './endpoints/endpoints.js';
import type { EndpointResponse, Endpoint, EndpointName } from './endpoints/endpoint.js';
import { send } from './endpoints/send.js';
import { invalidRequest, UNAVAILABLE } from './oauth-error.js';

export { createFailedAttempts, type FailedAttempts } from './failed-attempts.js';
export { createAppLimit, type AppLimit } from './app-limit.js';
export type { RedisScripts } from './failed-attempts/redis-counts.js';
export type { Revocations } from './deps.js';

export type TokenServiceOptions = EndpointsOptions;

/** What the edge knows of a request for the token service. */
export interface TokenRequest {
  /** The path in its normal form. */
  readonly path: string;
  readonly clientIp: string;
  readonly requestId: string;
  /** Fields that every answer of the gate has, `X-Request-Id` among them. */
  readonly headers: FlatHeaders;
}

/** How a visit ended, for the log and the metrics. */
export interface Outcome {
  readonly status: number;
  readonly endpoint: EndpointName;
  /** The error's code, where it is one. */
  readonly reason?: string;
}

export interface TokenService {
  owns(path: string): boolean;
  /** Whether a path differs from one of the service's only in case or in a trailing slash: then it is nobody's. */
  resembles(path: string): boolean;
  /** Answers a request. For a path that the service owns it never rejects. */
  handle(req: IncomingMessage, res: ServerResponse, visit: TokenRequest): Promise<Outcome>;
}

export function createTokenService(options: TokenServiceOptions): TokenService {
  const endpoints = createEndpoints(options);
  const { log } = options;
  const folded = new Set([...endpoints.keys()].map(foldPath));

  return {
    owns: (path) => endpoints.has(path),
    resembles: (path) => folded.has(foldPath(path)),
    async handle(req, res, { path, clientIp, requestId, headers }) {
      const query = takeQuery(req, path);
      const endpoint = endpoints.get(path);
      if (endpoint === undefined) throw new Error('the token service was given a path that it does not own');
      const answer = await answerAt(endpoint, { req, res, query, clientIp, requestId }, log);
      send(req, res, answer, headers);
      const { status, reason } = answer;
      return { status, endpoint: endpoint.name, ...(reason !== undefined && { reason }) };
    },
  };
}

async function answerAt(
  endpoint: Endpoint,
  call: Parameters<Endpoint['answer']>[0],
  log: Log,
): Promise<EndpointResponse> {
  const { method } = call.req;
  const isAllowed = method === endpoint.method || (method === 'HEAD' && endpoint.method === 'GET');
  if (!isAllowed) return endpoint.method === 'GET' ? NOT_GET : NOT_POST;
  try {
    return await endpoint.answer(call);
  } catch (error) {
    log.error({ request_id: call.requestId, endpoint: endpoint.name, err: error }, 'a token request failed');
    return UNAVAILABLE;
  }
}

const NOT_GET = invalidRequest('Only GET and HEAD are answered here', 405, ['Allow', 'GET, HEAD']);
const NOT_POST = invalidRequest('Only POST is answered here', 405, ['Allow', 'POST']);

/** A secret may be in the query: from here on nobody finds it in the request, a logger of the application least. */
function takeQuery(req: IncomingMessage, path: string): string {
  const at = req.url?.indexOf('?') ?? -1;
  const query = at === -1 ? '' : (req.url?.slice(at + 1) ?? '');
  req.url = path;
  if ('originalUrl' in req) req.originalUrl = path;
  return query;
}
