/** What undici is asked for, for one attempt at one target. */
import type { Exchange } from './exchange.js';
import { RequestBody, type openBody } from './request-body.js';
import type { TargetPool, UpstreamRequest } from './target-pool.js';

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
    // undici closes the connection after a HEAD unless told not to.
    reset: head.method === 'HEAD' && body === null ? false : null,
    servername,
  };
}
