/** Builds undici's request, for `proxy-exchange.ts`. */
import type { Exchange } from './exchange.js';
import { RequestBody, type openBody } from './request-body.js';
import type { TargetPool, UpstreamRequest } from './target-pool.js';

/** Returns the request of one attempt at one target. */
export function upstreamRequest(
  { head, admission }: Exchange,
  { buildHeaders, servername }: TargetPool,
  body: ReturnType<typeof openBody>,
  isHandshake: boolean,
): UpstreamRequest {
  const length = body instanceof RequestBody && head.body === 'sized' ? head.contentLength : undefined;
  return {
    path: admission.path + admission.query,
    method: head.method,
    headers: buildHeaders(head, admission.principal, length),
    body,
    upgrade: isHandshake ? 'websocket' : null,
    // By default undici closes the connection after a HEAD.
    reset: head.method === 'HEAD' && body === null ? false : null,
    servername,
  };
}
