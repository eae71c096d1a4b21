/** The fields that the gateway adds to responses. Called by `request-handler.ts` and `end-exchange.ts`. */
import type { FlatHeaders } from '../model/refusal.js';
import type { Cors } from '../model/route.js';
import { corsHeaders } from './cors.js';
import type { RequestContext } from './request-context.js';

const NONE: FlatHeaders = [];

/** Returns the fields of every response: the request id, and `Connection: close` during a drain. */
export function baseHeaders({ edge, head }: RequestContext): string[] {
  return edge.isDraining ? ['X-Request-Id', head.id, 'Connection', 'close'] : ['X-Request-Id', head.id];
}

/** Returns the base fields, the quota and the CORS fields of a response. */
export function responseHeaders(
  context: RequestContext,
  cors: Cors | undefined,
  quota: FlatHeaders = NONE,
): FlatHeaders {
  const fields = baseHeaders(context);
  for (const text of quota) fields.push(text);
  for (const text of corsHeaders(cors, context.head.origin)) fields.push(text);
  return fields;
}
