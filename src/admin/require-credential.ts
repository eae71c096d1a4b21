/** Compares the administrator's credential, and requires it for all of /api. Called by `api.ts` and by the console's login. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { ApiError } from './api-error.js';
import type { CredentialGuard } from './credential-guard.js';

/**
 * Compares what a client presents with the credential. `crowded`: the client's network has failed so often that nothing was
 * compared. Resolves later after many failures; never rejects.
 *
 * @param presented undefined counts as a wrong one
 */
export type CheckCredential = (
  presented: string | undefined,
  address: string,
) => Promise<'right' | 'wrong' | 'crowded'>;

/**
 * Creates the comparison.
 *
 * @param guard counts and delays wrong credentials
 */
export function createCheckCredential(credential: string, guard: CredentialGuard): CheckCredential {
  // Hashes are compared, so that the time reveals neither the credential's length nor a matching prefix.
  const expected = digest(credential);
  return async (presented, address) => {
    if (guard.isCrowded(address)) return 'crowded';
    // An empty file must not make an empty credential.
    if (presented !== undefined && presented !== '' && timingSafeEqual(digest(presented), expected))
      return 'right';
    await guard.failed(address);
    return 'wrong';
  };
}

const SCHEME = 'Bearer ';

/** Makes a middleware that responds 401 without the credential, as a Bearer token (RFC 6750), and 429 to too many wrong ones. */
export function requireCredential(check: CheckCredential): RequestHandler {
  return async (req, res, next) => {
    const { authorization } = req.headers;
    if (authorization !== undefined) {
      const { remoteAddress: address = 'unknown' } = req.socket;
      const presented = authorization.startsWith(SCHEME) ? authorization.slice(SCHEME.length) : undefined;
      const result = await check(presented, address);
      if (result === 'crowded') {
        res.set('Retry-After', '1');
        throw new ApiError(429, 'Too many wrong credentials; try again later');
      }
      if (result === 'right') {
        next();
        return;
      }
    }
    res.set('WWW-Authenticate', 'Bearer realm="tollgate-admin"');
    throw new ApiError(401, "The administrator's credential is needed");
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
