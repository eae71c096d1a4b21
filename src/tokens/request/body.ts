/** Reads a request's whole body, within limits of size and time. */
import type { Call } from '../endpoints/endpoint.js';
import { invalidRequest, OAuthError } from '../oauth-error.js';

/** The time limit for the whole body. */
const BODY_TIMEOUT_MS = 10_000;

const TOO_LARGE = invalidRequest('The body is too large', 413);
const TOO_SLOW = invalidRequest('The body did not arrive in time', 408);
const CUT_OFF = invalidRequest('The body is incomplete');
const LOST = new OAuthError(500, 'server_error', 'Another part of this application has read the body');

/**
 * Reads the body. Never rejects: resolves to the error response if the body is too large, too slow or incomplete. It
 * sends the 100 that a client may wait for (RFC 9110 10.1.1), so all other checks come before it.
 */
export function readBody({ req, res }: Call, maxBytes: number): Promise<Buffer | OAuthError> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve(TOO_LARGE);
  if (req.readableDidRead) return Promise.resolve(bytesFromMiddleware(req, maxBytes));
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (result: Buffer | OAuthError): void => {
      clearTimeout(timer);
      req.off('data', append).off('end', finish).off('close', onCutOff).off('error', onCutOff);
      // The code that sends the response discards the rest.
      req.pause();
      resolve(result);
    };
    const append = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) settle(TOO_LARGE);
      else chunks.push(chunk);
    };
    const finish = (): void => settle(Buffer.concat(chunks, size));
    const onCutOff = (): void => settle(CUT_OFF);
    const timer = setTimeout(() => settle(TOO_SLOW), BODY_TIMEOUT_MS);
    req.on('data', append).on('end', finish).on('close', onCutOff).on('error', onCutOff);
    if (req.headers.expect?.toLowerCase() === '100-continue') res.writeContinue();
  });
}

/** Returns the bytes that a middleware has read, from `express.raw()` or `req.rawBody`. */
function bytesFromMiddleware(req: Call['req'], maxBytes: number): Buffer | OAuthError {
  const { rawBody, body } = req as { rawBody?: unknown; body?: unknown };
  const bytes = Buffer.isBuffer(rawBody) ? rawBody : body;
  if (!Buffer.isBuffer(bytes)) return LOST;
  return bytes.length > maxBytes ? TOO_LARGE : bytes;
}
