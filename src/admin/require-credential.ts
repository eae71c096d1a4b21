/** Requires the administrator's credential for all of /api. Called by `api.ts`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { ApiError } from './api-error.js';
import type { CredentialGuard } from './credential-guard.js';

/**
 * Makes a middleware that responds 401 without the credential, as a Bearer token (RFC 6750), and 429 to too many wrong ones.
 *
 * @param guard counts and delays wrong credentials
 */
export function requireCredential(credential: string, guard: CredentialGuard): RequestHandler {
  // Hashes are compared, so that the time reveals neither the credential's length nor a matching prefix.
  const expected = digest(`Bearer ${credential}`);
  return async (req, res, next) => {
    const { authorization } = req.headers;
    const { remoteAddress: address = 'unknown' } = req.socket;
    if (authorization !== undefined) {
      if (guard.isCrowded(address)) {
        res.set('Retry-After', '1');
        throw new ApiError(429, 'Too many wrong credentials; try again later');
      }
      if (timingSafeEqual(digest(authorization), expected)) {
        next();
        return;
      }
      await guard.failed(address);
    }
    res.set('WWW-Authenticate', 'Bearer realm="tollgate-admin"');
    throw new ApiError(401, "The administrator's credential is needed");
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
