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
import { satisfies } from '../model/claim.js';
import { hasKeyIds, type Algorithm, type Issuer } from '../model/issuer.js';
import type { Admission } from '../model/decision.js';
import { ANONYMOUS, type Principal } from '../model/principal.js';
import { Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Route } from '../model/route.js';
import { readBearer } from './bearer.js';
import { timeError, hasAcceptedAudience, readValidity } from './claims.js';
import { type ParsedJws, parseJws } from './parse-jws.js';
import { isHeldBy, readConfirmation } from './confirmation.js';
import type { JwkSet } from './jwk-set.js';
import type { FoundKeys, KeySet } from './key-set.js';
import { createPrincipal } from './principal.js';
import { INVALID_TOKEN, KEYS_UNAVAILABLE, NO_TOKEN } from './refusals.js';
import { createTokenCache, type TokenCache, type VerifiedToken } from './token-cache.js';
import { createVerify, type Verify } from './verify.js';

export { REVOCATIONS_UNKNOWN } from './refusals.js';

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
}

type AuthenticatedHead = Pick<RequestHead, 'authorization' | 'socket'>;

export type Authenticate = (
  head: AuthenticatedHead,
  route: Pick<Route, 'access'>,
) => Principal | Refusal | Promise<Principal | Refusal>;

/** The step as the pipeline calls it: with the whole head, in which a token may have other places. */
export type AuthenticateRequest = (
  head: RequestHead,
  route: Pick<Route, 'access'>,
) => ReturnType<Authenticate>;

/** Removes the token from what the upstream gets, where it was not in Authorization. */
export type RemoveToken = (admission: Admission, head: RequestHead) => Admission;

/** An issuer with its keys and its verifier. */
interface IssuerVerifier {
  readonly issuer: Issuer;
  readonly keys: KeySet;
  readonly verify: Verify;
  readonly keptClaims: readonly string[];
}

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

  constructor({
    issuers,
    cacheSize,
    keptClaims = [],
    now,
    checkRevocation = refuseNone,
  }: AuthenticateOptions) {
    this.#verifiers = new Map(
      issuers.map(({ issuer, keys }) => [
        issuer.iss,
        { issuer, keys, verify: createVerify(issuer, now), keptClaims },
      ]),
    );
    this.#cache = createTokenCache(cacheSize);
    this.#now = now;
    this.#checkRevocation = checkRevocation;
  }

  authenticate(
    { authorization, socket }: AuthenticatedHead,
    { access }: Pick<Route, 'access'>,
  ): Principal | Refusal | Promise<Principal | Refusal> {
    if (access.kind === 'public') return ANONYMOUS;
    if (authorization === undefined) return NO_TOKEN;
    const cached = this.#cache.get(authorization);
    if (cached) {
      if (access.issuers?.has(cached.principal.issuer) === false) return INVALID_TOKEN.issuer;
      return timeError(cached, this.#now()) ?? this.#checkRequest(cached, socket);
    }
    const token = readBearer(authorization);
    if (token instanceof Refusal) return token;
    const jws = parseJws(token);
    if (jws instanceof Refusal) return jws;
    const verifier = this.#verifiers.get(jws.payload['iss']);
    if (!verifier || access.issuers?.has(verifier.issuer.name) === false) return INVALID_TOKEN.issuer;
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
      verification = verifyToken(token, jws, verifier, this.#now).finally(() =>
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

/** Verifies a new token: type, algorithm, signature, then its claims. */
async function verifyToken(
  token: string,
  { header, payload }: ParsedJws,
  verifier: IssuerVerifier,
  now: () => number,
): Promise<VerifiedToken | Refusal> {
  const { issuer, keys, keptClaims } = verifier;
  if (!issuer.tokenTypes.has(header.typ)) return INVALID_TOKEN.type;
  const algorithm = issuer.algorithms.find((accepted) => accepted === header.alg);
  if (!algorithm) return INVALID_TOKEN.algorithm;
  const kid = hasKeyIds(issuer.keys) ? header.kid : undefined;
  const jwkSet = await findVerifyingSet(token, kid, algorithm, verifier);
  if (jwkSet instanceof Refusal) return jwkSet;
  const validity = readValidity(payload, issuer);
  if (validity instanceof Refusal) return validity;
  const timeRefusal = timeError(validity, now());
  if (timeRefusal) return timeRefusal;
  if (!hasAcceptedAudience(payload, issuer)) return INVALID_TOKEN.audience;
  if (!issuer.require.every((condition) => satisfies(condition, payload))) return INVALID_TOKEN.required;
  const confirmation = readConfirmation(payload);
  if (confirmation === null) return INVALID_TOKEN.confirmation;
  const principal = createPrincipal(payload, issuer, keptClaims);
  if (principal instanceof Refusal) return principal;
  return { principal, confirmation, keys, jwkSet, ...validity };
}

/** Returns the set with a key that verifies the token's signature. */
async function findVerifyingSet(
  token: string,
  kid: string | undefined,
  algorithm: Algorithm,
  verifier: IssuerVerifier,
): Promise<JwkSet | Refusal> {
  const { keys } = verifier;
  let found = await keys.find(kid, algorithm);
  if (typeof found === 'string') return NO_KEY[found];
  let failure = await verifySignature(token, found, verifier);
  // Without a kid, only a failed verification shows that the issuer has a key that was not read yet.
  if (failure === INVALID_TOKEN.signature && kid === undefined && (await keys.renew(found.jwkSet))) {
    found = await keys.find(undefined, algorithm);
    if (typeof found === 'string') return NO_KEY[found];
    failure = await verifySignature(token, found, verifier);
  }
  return failure ?? found.jwkSet;
}

const NO_KEY = { unavailable: KEYS_UNAVAILABLE, unknown: INVALID_TOKEN.unknownKey } as const;

/** Tries each key that the token can mean; the first one that matches the signature decides. */
async function verifySignature(
  token: string,
  { keys }: FoundKeys,
  { verify }: IssuerVerifier,
): Promise<Refusal | undefined> {
  let failure: Refusal | undefined;
  for (const key of keys) {
    failure = await verify(token, key);
    if (failure !== INVALID_TOKEN.signature) return failure;
  }
  return failure;
}

function refuseNone(): undefined {
  return undefined;
}
