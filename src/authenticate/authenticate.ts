/**
 * The stage authenticate: who is calling? The Authorization field to a Principal, or a Refusal.
 *
 * At the first sight of a token: fence before (`compact`), the issuer by `iss`, its key by `kid`, express-jwt
 * (`verify`), fence behind (`claims`), the Principal. From then on a look into the cache, without a promise. Whether it
 * has been revoked is asked at every request, apart from the cache.
 */
import type { Issuer } from '../model/issuer.js';
import { ANONYMOUS, type Principal } from '../model/principal.js';
import { Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Route } from '../model/route.js';
import { readBearer } from './bearer.js';
import { flawOfTime, isForUs, readValidity } from './claims.js';
import { type CompactToken, readCompact } from './compact.js';
import type { KeySet } from './key-set.js';
import { createPrincipal } from './principal.js';
import { INVALID_TOKEN, KEYS_UNAVAILABLE, NO_TOKEN } from './refusals.js';
import { createTokenCache, type VerifiedToken } from './token-cache.js';
import { createVerify, type Verify } from './verify.js';

/** For a caller who was revoked after this stage, while its request was waiting for another one. */
export const TOKEN_REVOKED = INVALID_TOKEN.revoked;

export interface AuthenticateOptions {
  readonly issuers: readonly { readonly issuer: Issuer; readonly keys: KeySet }[];
  /** How many verified tokens are remembered. */
  readonly cacheSize: number;
  readonly now: () => number;
  /** Asked at each request, however well its token is remembered; left out where there is nothing to revoke by. */
  readonly isRevoked?: (principal: Principal) => boolean;
  /** Told at each token whether it was remembered. */
  readonly onCacheLookup?: (hit: boolean) => void;
}

export type Authenticate = (
  head: Pick<RequestHead, 'authorization'>,
  route: Pick<Route, 'access'>,
) => Principal | Refusal | Promise<Principal | Refusal>;

/** An issuer with what its tokens are checked by. */
interface Trust {
  readonly issuer: Issuer;
  readonly keys: KeySet;
  readonly verify: Verify;
}

export function createAuthenticate({
  issuers,
  cacheSize,
  now,
  isRevoked = neverRevoked,
  onCacheLookup,
}: AuthenticateOptions): Authenticate {
  /** By the expected `iss`; undefined is the key of the one issuer whose tokens carry none. */
  const trusts = new Map<unknown, Trust>(
    issuers.map(({ issuer, keys }) => [issuer.iss, { issuer, keys, verify: createVerify(issuer, now) }]),
  );
  const cache = createTokenCache(cacheSize);
  /** Tokens that are being verified: a burst with a new token costs one verification. */
  const verifying = new Map<string, Promise<VerifiedToken | Refusal>>();

  return function authenticate({ authorization }, { access }) {
    if (access.kind === 'public') return ANONYMOUS;
    if (authorization === undefined) return NO_TOKEN;
    const known = cache.get(authorization);
    if (known) {
      onCacheLookup?.(true);
      if (access.issuers?.has(known.principal.issuer) === false) return INVALID_TOKEN.issuer;
      return flawOfTime(known, now()) ?? unlessRevoked(known.principal);
    }
    const token = readBearer(authorization);
    if (token instanceof Refusal) return token;
    onCacheLookup?.(false);
    const compact = readCompact(token);
    if (compact instanceof Refusal) return compact;
    const trust = trusts.get(compact.payload['iss']);
    if (!trust || access.issuers?.has(trust.issuer.name) === false) return INVALID_TOKEN.issuer;
    return firstSight(authorization, verifyOnce(token, compact, trust));
  };

  async function firstSight(
    authorization: string,
    verification: Promise<VerifiedToken | Refusal>,
  ): Promise<Principal | Refusal> {
    const verified = await verification;
    if (verified instanceof Refusal) return verified;
    cache.set(authorization, verified);
    return unlessRevoked(verified.principal);
  }

  function verifyOnce(token: string, compact: CompactToken, trust: Trust): Promise<VerifiedToken | Refusal> {
    let verification = verifying.get(token);
    if (!verification) {
      verification = verifyToken(token, compact, trust).finally(() => verifying.delete(token));
      verifying.set(token, verification);
    }
    return verification;
  }

  function unlessRevoked(principal: Principal): Principal | Refusal {
    return isRevoked(principal) ? INVALID_TOKEN.revoked : principal;
  }

  async function verifyToken(
    token: string,
    { header, payload }: CompactToken,
    { issuer, keys, verify }: Trust,
  ): Promise<VerifiedToken | Refusal> {
    const algorithm = issuer.algorithms.find((accepted) => accepted === header.alg);
    if (!algorithm) return INVALID_TOKEN.algorithm;
    const found = await keys.find(header.kid, algorithm);
    if (found === 'unavailable') return KEYS_UNAVAILABLE;
    if (found === 'unknown') return INVALID_TOKEN.unknownKey;
    const flaw = await verify(token, found.key);
    if (flaw) return flaw;
    const validity = readValidity(payload, issuer);
    if (validity instanceof Refusal) return validity;
    const untimely = flawOfTime(validity, now());
    if (untimely) return untimely;
    if (!isForUs(payload, issuer)) return INVALID_TOKEN.audience;
    const principal = createPrincipal(payload, issuer);
    if (principal instanceof Refusal) return principal;
    return { principal, keys, keyring: found.keyring, ...validity };
  }
}

function neverRevoked(): boolean {
  return false;
}
