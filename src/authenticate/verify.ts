/**
 * Authenticate, the verifier: express-jwt, called as a function of a token and a key.
 *
 * It gets a made-up request, not the caller's: with that one it would let a preflight through unasked and could
 * not serve a WebSocket upgrade, which never passes through Express.
 */
import type { KeyObject } from 'node:crypto';
import { expressjwt, UnauthorizedError } from 'express-jwt';
import jwt from 'jsonwebtoken';
import type { Issuer } from '../model/issuer.js';
import type { Refusal } from '../model/refusal.js';
import { INVALID_TOKEN } from './refusals.js';

/** Says what is wrong with the signature, the times, the audience or the issuer; undefined where nothing is. */
export type Verify = (token: string, key: KeyObject) => Promise<Refusal | undefined>;

type Middleware = ReturnType<typeof expressjwt>;
type MiddlewareRequest = Parameters<Middleware>[0];
type MiddlewareResponse = Parameters<Middleware>[1];

/** All that express-jwt and our two callbacks look at. */
interface MadeUpRequest {
  readonly method: 'GET';
  readonly headers: object;
  readonly token: string;
  readonly key: KeyObject;
}

/** express-jwt takes a response and leaves it alone. */
const RESPONSE = {} as unknown as MiddlewareResponse;

export function createVerify(issuer: Issuer, now: () => number): Verify {
  const middleware = expressjwt({
    algorithms: [...issuer.algorithms],
    getToken: (request) => (request as unknown as MadeUpRequest).token,
    secret: (request) => (request as unknown as MadeUpRequest).key,
    clockTolerance: issuer.clockSkewMs / 1000,
    // Read anew at each verification: jsonwebtoken copies its options, getters included, to values.
    get clockTimestamp() {
      return now() / 1000;
    },
    ...(issuer.iss !== undefined && { issuer: issuer.iss }),
    ...(issuer.audience && { audience: [...issuer.audience] as [string, ...string[]] }),
  });

  return function verify(token, key) {
    const request: MadeUpRequest = { method: 'GET', headers: {}, token, key };
    return new Promise((resolve, reject) => {
      // Settle here and nowhere else: express-jwt calls next from a timer, where a throw would be uncaught.
      const next = (error?: unknown): void => {
        if (error === undefined) resolve(undefined);
        else if (error instanceof UnauthorizedError) resolve(refusalFor(error.inner));
        else reject(error instanceof Error ? error : new TypeError('express-jwt failed without an error'));
      };
      void middleware(request as unknown as MiddlewareRequest, RESPONSE, next);
    });
  };
}

/** Our own words for the library's finding; its message may quote the configuration, so it goes nowhere. */
function refusalFor(finding: { readonly message: string }): Refusal {
  if (finding instanceof jwt.TokenExpiredError) return INVALID_TOKEN.expired;
  if (finding instanceof jwt.NotBeforeError) return INVALID_TOKEN.notYetValid;
  if (finding.message.startsWith('jwt audience invalid')) return INVALID_TOKEN.audience;
  if (finding.message === 'invalid signature') return INVALID_TOKEN.signature;
  return INVALID_TOKEN.unverifiable;
}
