/** Builds undici's request, for `proxy-exchange.ts`. */
import type { Exchange } from './exchange.js';
import { RequestBody, type openBody } from './request-body.js';
import { forwardedPrefix } from './route-changes.js';
import type { TargetPool, UpstreamRequest } from './target-pool.js';

/** Returns the request of one attempt at one target. */
export function upstreamRequest(
  exchange: Pick<Exchange, 'req' | 'head' | 'admission' | 'trace'>,
  { buildHeaders, servername }: TargetPool,
  body: ReturnType<typeof openBody>,
  isHandshake: boolean,
): UpstreamRequest {
  const { head, admission, trace } = exchange;
  const prefix = admission.route.rewrite === undefined ? undefined : forwardedPrefix(exchange);
  const length = body instanceof RequestBody && head.body === 'sized' ? head.contentLength : undefined;
  return {
    path: admission.path + admission.query,
    method: head.method,
    headers: buildHeaders(head, admission.principal, length, prefix, trace),
    body,
    upgrade: isHandshake ? 'websocket' : null,
    // By default undici closes the connection after a HEAD.
    reset: head.method === 'HEAD' && body === null ? false : null,
    servername,
  };
}
