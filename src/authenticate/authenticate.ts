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
import { timeError, hasAcceptedAudience, readValidity } from './claims.js';
import { type ParsedJws, parseJws } from './parse-jws.js';
import { isHeldBy, readConfirmation } from './confirmation.js';
import type { FoundKeys, KeySet } from './key-set.js';
import { createPrincipal } from './principal.js';
import { INVALID_TOKEN, KEYS_UNAVAILABLE, NO_TOKEN } from './refusals.js';
import { createTokenCache, type VerifiedToken } from './token-cache.js';
import { createVerify, type Verify } from './verify.js';

export { REVOCATIONS_UNKNOWN } from './refusals.js';

/** For a caller who is revoked. */
export const TOKEN_REVOKED = INVALID_TOKEN.revoked;

export interface AuthenticateOptions {
  readonly issuers: readonly { readonly issuer: Issuer; readonly keys: KeySet }[];
  /** How many verified tokens are remembered. */
  readonly cacheSize: number;
  readonly now: () => number;
  /**
   * Refuses a caller who is revoked. Asked at each request, however well its token is remembered; left out where there
   * is nothing to revoke by.
   */
  readonly refuse?: (principal: Principal) => Refusal | undefined;
  /** Told at each token whether it was remembered. */
  readonly onCacheLookup?: (hit: boolean) => void;
}

export type Authenticate = (
  head: Pick<RequestHead, 'authorization' | 'socket'>,
  route: Pick<Route, 'access'>,
) => Principal | Refusal | Promise<Principal | Refusal>;

/** An issuer with what its tokens are checked by. */
interface IssuerVerifier {
  readonly issuer: Issuer;
  readonly keys: KeySet;
  readonly verify: Verify;
}

/** The stage: a remembered token is answered at once, a new one when it is verified. */
export function createAuthenticate({
  issuers,
  cacheSize,
  now,
  refuse = refuseNobody,
  onCacheLookup,
}: AuthenticateOptions): Authenticate {
  /** By the expected `iss`; undefined is the key of the one issuer whose tokens carry none. */
  const verifiers = new Map<unknown, IssuerVerifier>(
    issuers.map(({ issuer, keys }) => [issuer.iss, { issuer, keys, verify: createVerify(issuer, now) }]),
  );
  const cache = createTokenCache(cacheSize);
  /** Tokens that are being verified: a burst with a new token costs one verification. */
  const verifying = new Map<string, Promise<VerifiedToken | Refusal>>();

  return function authenticate({ authorization, socket }, { access }) {
    if (access.kind === 'public') return ANONYMOUS;
    if (authorization === undefined) return NO_TOKEN;
    const known = cache.get(authorization);
    if (known) {
      onCacheLookup?.(true);
      if (access.issuers?.has(known.principal.issuer) === false) return INVALID_TOKEN.issuer;
      return timeError(known, now()) ?? judge(known, socket);
    }
    const token = readBearer(authorization);
    if (token instanceof Refusal) return token;
    onCacheLookup?.(false);
    const compact = parseJws(token);
    if (compact instanceof Refusal) return compact;
    const trust = verifiers.get(compact.payload['iss']);
    if (!trust || access.issuers?.has(trust.issuer.name) === false) return INVALID_TOKEN.issuer;
    return verifyAndCache(authorization, socket, verifyOnce(token, compact, trust));
  };

  async function verifyAndCache(
    authorization: string,
    socket: RequestHead['socket'],
    verification: Promise<VerifiedToken | Refusal>,
  ): Promise<Principal | Refusal> {
    const verified = await verification;
    if (verified instanceof Refusal) return verified;
    cache.set(authorization, verified);
    return judge(verified, socket);
  }

  function verifyOnce(
    token: string,
    compact: ParsedJws,
    trust: IssuerVerifier,
  ): Promise<VerifiedToken | Refusal> {
    let verification = verifying.get(token);
    if (!verification) {
      verification = verifyToken(token, compact, trust).finally(() => verifying.delete(token));
      verifying.set(token, verification);
    }
    return verification;
  }

  /** What must hold of each request, however well its token is remembered. */
  function judge(
    { principal, confirmation }: VerifiedToken,
    socket: RequestHead['socket'],
  ): Principal | Refusal {
    if (confirmation !== undefined && !isHeldBy(confirmation, socket)) return INVALID_TOKEN.confirmation;
    return refuse(principal) ?? principal;
  }

  async function verifyToken(
    token: string,
    { header, payload }: ParsedJws,
    trust: IssuerVerifier,
  ): Promise<VerifiedToken | Refusal> {
    const { issuer, keys } = trust;
    if (!issuer.tokenTypes.has(header.typ)) return INVALID_TOKEN.type;
    const algorithm = issuer.algorithms.find((accepted) => accepted === header.alg);
    if (!algorithm) return INVALID_TOKEN.algorithm;
    let found = await keys.find(header.kid, algorithm);
    if (found === 'unavailable') return KEYS_UNAVAILABLE;
    if (found === 'unknown') return INVALID_TOKEN.unknownKey;
    let flaw = await flawOfSignature(token, found, trust);
    // Without a kid nothing but a failed verification tells of a key that the gate has not read yet.
    if (flaw === INVALID_TOKEN.signature && header.kid === undefined && (await keys.renew(found.keyring))) {
      found = await keys.find(undefined, algorithm);
      if (found === 'unavailable') return KEYS_UNAVAILABLE;
      if (found === 'unknown') return INVALID_TOKEN.unknownKey;
      flaw = await flawOfSignature(token, found, trust);
    }
    if (flaw) return flaw;
    const validity = readValidity(payload, issuer);
    if (validity instanceof Refusal) return validity;
    const untimely = timeError(validity, now());
    if (untimely) return untimely;
    if (!hasAcceptedAudience(payload, issuer)) return INVALID_TOKEN.audience;
    const confirmation = readConfirmation(payload);
    if (confirmation === null) return INVALID_TOKEN.confirmation;
    const principal = createPrincipal(payload, issuer);
    if (principal instanceof Refusal) return principal;
    return { principal, confirmation, keys, jwkSet: found.keyring, ...validity };
  }
}

/** Tries each key that the token can mean; the first that has signed it decides. */
async function flawOfSignature(
  token: string,
  { keys }: FoundKeys,
  { verify }: IssuerVerifier,
): Promise<Refusal | undefined> {
  let flaw: Refusal | undefined;
  for (const key of keys) {
    flaw = await verify(token, key);
    if (flaw !== INVALID_TOKEN.signature) return flaw;
  }
  return flaw;
}

function refuseNobody(): undefined {
  return undefined;
}
