/**
 * The step `authenticate` of the pipeline: turns the Authorization field into a Principal or a Refusal.
 *
 * A new token is checked in this order; the first failure is the refusal:
 *   1. its form (`bearer.ts`, `parse-jws.ts`; `token-places.ts` where `token_from` names other places)
 *   2. its issuer, by `iss`, and whether the route accepts that issuer
 *   3. its type and algorithm, as its issuer allows them
 *   4. its signature, with the key that `kid` names (`key-set.ts`, `verify.ts`; express-jwt also does most of 5)
 *   5. its times and its audience (`claims.ts`)
 *   6. the conditions that the issuer requires of claims (`satisfies`)
 *   7. its key confirmation, if it has one (`confirmation.ts`)
 *   8. its app, when the Principal is made (`principal.ts`)
 *
 * The result is cached. Every request, also one with a cached token, is checked for the issuer, the time, the key
 * confirmation and the revocation. With a cached token this needs no promise.
 */
import type { Issuer } from '../model/issuer.js';
import type { Admission } from '../model/decision.js';
import { NO_MEASURES, type Measures } from '../model/measures.js';
import { ANONYMOUS, type Principal } from '../model/principal.js';
import { Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Route } from '../model/route.js';
import type { TokenSource } from '../model/token-source.js';
import { readBearer } from './bearer.js';
import { timeError } from './claims.js';
import { isHeldBy } from './confirmation.js';
import type { KeySet } from './key-set.js';
import { type ParsedJws, parseJws } from './parse-jws.js';
import { INVALID_TOKEN, NO_TOKEN } from './refusals.js';
import { createTokenCache, type TokenCache, type VerifiedToken } from './token-cache.js';
import type { TokenTrace } from './token-trace.js';
import { createVerify } from './verify.js';
import { verifyToken, type IssuerVerifier } from './verify-token.js';

export { REVOCATIONS_UNKNOWN } from './refusals.js';
export { assumeToken } from './assume-token.js';
export { claimedScopes } from './principal.js';
export { invalidTokenOf } from './refusals.js';
export { createTrace, failedCheckOf, TOKEN_CHECKS, type TokenCheck, type TokenTrace } from './token-trace.js';

/** The refusal of a caller that is revoked. */
export const TOKEN_REVOKED = INVALID_TOKEN.revoked;

export interface AuthenticateOptions {
  readonly issuers: readonly { readonly issuer: Issuer; readonly keys: KeySet }[];
  /** How many verified tokens are cached. */
  readonly cacheSize: number;
  /** The top-level claims that each Principal keeps; omitted: none. */
  readonly keptClaims?: readonly string[];
  /** Epoch milliseconds. */
  readonly now: () => number;
  /**
   * Refuses a caller that is revoked. Called at each request, also for a cached token; omitted where nothing can be
   * revoked.
   */
  readonly checkRevocation?: (principal: Principal) => Refusal | undefined;
  /** Records the checks of a new token, for `explain`; omitted for a gateway's requests. */
  readonly trace?: TokenTrace;
  /** Counts the searches in the cache; by default nothing does. */
  readonly measures?: Pick<Measures, 'tokenCache'>;
}

type AuthenticatedHead = Pick<RequestHead, 'authorization' | 'socket'>;

/** A route, or a place of tokens on a route (`token-places.ts`). */
interface AuthenticatedRoute extends Pick<Route, 'access'> {
  /** Where the token was, if that is known. */
  readonly source?: TokenSource;
}

export type Authenticate = (
  head: AuthenticatedHead,
  route: AuthenticatedRoute,
) => Principal | Refusal | Promise<Principal | Refusal>;

/** The step as the pipeline calls it: with the whole head, in which a token may have other places. */
export type AuthenticateRequest = (
  head: RequestHead,
  route: Pick<Route, 'access'>,
) => ReturnType<Authenticate>;

/** Removes the token from what the upstream gets, where it was not in Authorization. */
export type RemoveToken = (admission: Admission, head: RequestHead) => Admission;

/**
 * Creates the step `authenticate`.
 *
 * A cached token has a synchronous result, a new one a promise. It rejects only with an error of the verifier.
 */
export function createAuthenticate(options: AuthenticateOptions): Authenticate {
  const authenticator = new Authenticator(options);
  return (head, route) => authenticator.authenticate(head, route);
}

class Authenticator {
  /** By the expected `iss`; undefined is the key of the one issuer whose tokens have none. */
  readonly #verifiers: ReadonlyMap<unknown, IssuerVerifier>;
  readonly #cache: TokenCache;
  readonly #now: () => number;
  readonly #checkRevocation: (principal: Principal) => Refusal | undefined;
  /** Verifications in progress, by token: a burst with one new token costs one verification. */
  readonly #verifying = new Map<string, Promise<VerifiedToken | Refusal>>();
  readonly #trace: TokenTrace | undefined;
  readonly #measures: Pick<Measures, 'tokenCache'>;

  constructor({
    issuers,
    cacheSize,
    keptClaims = [],
    now,
    checkRevocation = refuseNone,
    trace,
    measures = NO_MEASURES,
  }: AuthenticateOptions) {
    this.#measures = measures;
    this.#verifiers = new Map(
      issuers.map(({ issuer, keys }) => [
        issuer.iss,
        { issuer, keys, verify: createVerify(issuer, now), keptClaims },
      ]),
    );
    this.#cache = createTokenCache(cacheSize);
    this.#now = now;
    this.#checkRevocation = checkRevocation;
    this.#trace = trace;
  }

  authenticate(
    { authorization, socket }: AuthenticatedHead,
    { access }: Pick<Route, 'access'>,
  ): Principal | Refusal | Promise<Principal | Refusal> {
    if (access.kind === 'public') return ANONYMOUS;
    if (authorization === undefined) return NO_TOKEN;
    const cached = this.#cache.get(authorization);
    this.#measures.tokenCache(cached !== undefined);
    if (cached) {
      if (access.issuers?.has(cached.principal.issuer) === false) return INVALID_TOKEN.issuer;
      return timeError(cached, this.#now()) ?? this.#checkRequest(cached, socket);
    }
    const token = readBearer(authorization);
    if (token instanceof Refusal) return token;
    const jws = parseJws(token);
    if (jws instanceof Refusal) return jws;
    this.#trace?.parsed(jws);
    const verifier = this.#verifiers.get(jws.payload['iss']);
    if (!verifier || access.issuers?.has(verifier.issuer.name) === false) return INVALID_TOKEN.issuer;
    this.#trace?.accepted(verifier.issuer);
    return this.#verifyAndCache(authorization, socket, this.#verifyOnce(token, jws, verifier));
  }

  async #verifyAndCache(
    authorization: string,
    socket: RequestHead['socket'],
    verification: Promise<VerifiedToken | Refusal>,
  ): Promise<Principal | Refusal> {
    const verified = await verification;
    if (verified instanceof Refusal) return verified;
    this.#cache.set(authorization, verified);
    return this.#checkRequest(verified, socket);
  }

  #verifyOnce(token: string, jws: ParsedJws, verifier: IssuerVerifier): Promise<VerifiedToken | Refusal> {
    let verification = this.#verifying.get(token);
    if (!verification) {
      verification = verifyToken(token, jws, verifier, this.#now, this.#trace).finally(() =>
        this.#verifying.delete(token),
      );
      this.#verifying.set(token, verification);
    }
    return verification;
  }

  /** The checks that every request needs, also with a cached token. */
  #checkRequest(
    { principal, confirmation }: VerifiedToken,
    socket: RequestHead['socket'],
  ): Principal | Refusal {
    if (confirmation !== undefined && !isHeldBy(confirmation, socket)) return INVALID_TOKEN.confirmation;
    return this.#checkRevocation(principal) ?? principal;
  }
}

function refuseNone(): undefined {
  return undefined;
}
