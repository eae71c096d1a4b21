/** Reads a request's whole body, if it is small and comes in time. */
import type { Call } from '../endpoints/endpoint.js';
import { invalidRequest, OAuthError } from '../oauth-error.js';

/** How long a caller may take to send all of it. */
const BODY_TIMEOUT_MS = 10_000;

const TOO_LARGE = invalidRequest('The body is too large', 413);
const TOO_SLOW = invalidRequest('The body did not arrive in time', 408);
const CUT_OFF = invalidRequest('The body did not arrive whole');
const LOST = new OAuthError(500, 'server_error', 'Another part of this application has taken the body');

/** Answers a caller who waits to be asked for the body (RFC 9110 10.1.1), so it must be the last check before it. */
export function readBody({ req, res }: Call, maxBytes: number): Promise<Buffer | OAuthError> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve(TOO_LARGE);
  if (req.readableDidRead) return Promise.resolve(keptBytes(req, maxBytes));
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (result: Buffer | OAuthError): void => {
      clearTimeout(timer);
      req.off('data', take).off('end', finish).off('close', cut).off('error', cut);
      // The rest, if there is one, is for whoever sends the answer to read away.
      req.pause();
      resolve(result);
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) settle(TOO_LARGE);
      else chunks.push(chunk);
    };
    const finish = (): void => settle(Buffer.concat(chunks, size));
    const cut = (): void => settle(CUT_OFF);
    const timer = setTimeout(() => settle(TOO_SLOW), BODY_TIMEOUT_MS);
    req.on('data', take).on('end', finish).on('close', cut).on('error', cut);
    if (req.headers.expect?.toLowerCase() === '100-continue') res.writeContinue();
  });
}

/** What a middleware in front has read, where it kept the bytes: as `express.raw()` does, or as `req.rawBody`. */
function keptBytes(req: Call['req'], maxBytes: number): Buffer | OAuthError {
  const { rawBody, body } = req as { rawBody?: unknown; body?: unknown };
  const bytes = Buffer.isBuffer(rawBody) ? rawBody : body;
  if (!Buffer.isBuffer(bytes)) return LOST;
  return bytes.length > maxBytes ? TOO_LARGE : bytes;
}
