/**
 * Finds a request body that an earlier middleware of the same application has already read. Called by `request-handler.ts`.
 *
 * The body is forwarded unchanged. This needs the bytes, kept by `express.raw()` or as `req.rawBody` by the `verify` option
 * of the other parsers. A body that is known only as an object cannot be forwarded.
 */
import type { IncomingMessage } from 'node:http';
import { Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';

const REASON =
  'a middleware before the gateway has parsed the request body and kept no bytes to forward: ' +
  'mount the gateway before express.json() and similar parsers, or keep the bytes as req.rawBody in its verify option';
const LOST = new Refusal('internal_error', [], REASON);
/** The same refusal with the reason in its body, for the developer. */
const LOST_EXPLAINED = new Refusal('internal_error', [], REASON, true);

/**
 * Returns the bytes of a body that was already read.
 *
 * @param explains whether a refusal's body contains the reason
 * @returns the bytes, undefined where the body is still to be read, or a refusal where it was read and not kept
 */
export function parsedBody(
  req: IncomingMessage,
  head: RequestHead,
  explains: boolean,
): Buffer | undefined | Refusal {
  if (head.body === 'none' || !req.readableDidRead) return undefined;
  const { rawBody, body } = req as { rawBody?: unknown; body?: unknown };
  const encoded = req.headers['content-encoding'] !== undefined;
  if (Buffer.isBuffer(rawBody) && !encoded) return rawBody;
  if (Buffer.isBuffer(body) && !encoded) return body;
  return explains ? LOST_EXPLAINED : LOST;
}
