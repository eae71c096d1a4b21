/**
 * Authenticate: verifies a token with a key, by express-jwt, and Ed25519 by jose. Called by `authenticate.ts`.
 *
 * express-jwt gets a synthetic request. With the real one it would skip verification for a preflight, and it could not
 * verify a WebSocket upgrade, which does not pass through Express.
 */
import type { KeyObject } from 'node:crypto';
import { expressjwt, UnauthorizedError } from 'express-jwt';
import jwt from 'jsonwebtoken';
import { AUDIENCE_CLAIM, isSameClaim } from '../model/claim.js';
import { isSecretAlgorithm, type Algorithm, type Issuer } from '../model/issuer.js';
import type { Refusal } from '../model/refusal.js';
import { INVALID_TOKEN } from './refusals.js';
import { createVerifyEd25519 } from './verify-ed25519.js';

/**
 * Checks the signature; express-jwt also the times, the audience and the issuer, which `claims.ts` checks again.
 * Undefined where all are valid.
 */
export type Verify = (token: string, key: KeyObject) => Promise<Refusal | undefined>;

type Middleware = ReturnType<typeof expressjwt>;
type MiddlewareRequest = Parameters<Middleware>[0];
type MiddlewareResponse = Parameters<Middleware>[1];

/** All that express-jwt and our two callbacks read. */
interface SyntheticRequest {
  readonly method: 'GET';
  readonly headers: object;
  readonly token: string;
  readonly key: KeyObject;
}

/** express-jwt requires a response but does not use it. */
const RESPONSE = {} as unknown as MiddlewareResponse;

/**
 * Creates the verifier of one issuer. It rejects only with an unexpected error of express-jwt or jose.
 * @param now epoch milliseconds
 */
export function createVerify(issuer: Issuer, now: () => number): Verify {
  const verify = createVerifyJwt(issuer, now);
  const verifyEd25519 = createVerifyEd25519(issuer.algorithms);
  if (!verifyEd25519) return verify;
  return (token, key) =>
    key.asymmetricKeyType === 'ed25519' ? verifyEd25519(token, key) : verify(token, key);
}

function createVerifyJwt(issuer: Issuer, now: () => number): Verify {
  const middleware = expressjwt({
    algorithms: algorithmsOf(issuer),
    getToken: (request) => (request as unknown as SyntheticRequest).token,
    secret: (request) => (request as unknown as SyntheticRequest).key,
    clockTolerance: issuer.clockSkewMs / 1000,
    // A getter, read at each verification: jsonwebtoken copies its options, and the copy has the value.
    get clockTimestamp() {
      return now() / 1000;
    },
    ...(issuer.iss !== undefined && { issuer: issuer.iss }),
    // An audience in another claim is checked by `claims.ts` alone.
    ...(issuer.audience &&
      isSameClaim(issuer.audienceClaim, AUDIENCE_CLAIM) && {
        audience: [...issuer.audience] as [string, ...string[]],
      }),
  });

  return function verify(token, key) {
    const request: SyntheticRequest = { method: 'GET', headers: {}, token, key };
    return new Promise((resolve, reject) => {
      // Only settle here: express-jwt calls next from a timer, where a throw would be uncaught.
      const next = (error?: unknown): void => {
        if (error === undefined) resolve(undefined);
        else if (error instanceof UnauthorizedError) resolve(refusalFor(error.inner));
        else reject(error instanceof Error ? error : new TypeError('express-jwt failed without an error'));
      };
      void middleware(request as unknown as MiddlewareRequest, RESPONSE, next);
    });
  };
}

/** The algorithms that fit the kind of the issuer's keys: HS* with a secret only, and never with a public key. */
function algorithmsOf({ algorithms, keys }: Issuer): jwt.Algorithm[] {
  return algorithms.filter(
    (algorithm): algorithm is Exclude<Algorithm, 'EdDSA' | 'Ed25519'> =>
      algorithm !== 'EdDSA' &&
      algorithm !== 'Ed25519' &&
      isSecretAlgorithm(algorithm) === (keys.kind === 'secret'),
  );
}

/** Maps the library's error to a refusal. Its message may quote the configuration, so it is not used. */
function refusalFor(error: { readonly message: string }): Refusal {
  if (error instanceof jwt.TokenExpiredError) return INVALID_TOKEN.expired;
  if (error instanceof jwt.NotBeforeError) return INVALID_TOKEN.notYetValid;
  if (error.message.startsWith('jwt audience invalid')) return INVALID_TOKEN.audience;
  if (error.message === 'invalid signature') return INVALID_TOKEN.signature;
  return INVALID_TOKEN.unverifiable;
}
