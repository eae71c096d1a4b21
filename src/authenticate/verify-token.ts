/** Authenticate: verifies a new token of a known issuer. Called by `authenticate.ts`, and by `token-trace.ts` for `explain`. */
import { satisfies } from '../model/claim.js';
import { hasKeyIds, type Algorithm, type Issuer } from '../model/issuer.js';
import { Refusal } from '../model/refusal.js';
import { timeError, hasAcceptedAudience, readValidity } from './claims.js';
import { readConfirmation } from './confirmation.js';
import type { JwkSet } from './jwk-set.js';
import type { FoundKeys, KeySet } from './key-set.js';
import type { JsonObject, ParsedJws } from './parse-jws.js';
import { createPrincipal } from './principal.js';
import { INVALID_TOKEN, KEYS_UNAVAILABLE } from './refusals.js';
import type { VerifiedToken } from './token-cache.js';
import type { TokenTrace } from './token-trace.js';
import type { Verify } from './verify.js';

/** An issuer with its keys and its verifier. */
export interface IssuerVerifier {
  readonly issuer: Issuer;
  readonly keys: KeySet;
  readonly verify: Verify;
  readonly keptClaims: readonly string[];
}

/**
 * Verifies a new token: type, algorithm, signature, then its claims.
 * @param trace records each check that is begun
 */
export async function verifyToken(
  token: string,
  { header, payload }: ParsedJws,
  verifier: IssuerVerifier,
  now: () => number,
  trace?: TokenTrace,
): Promise<VerifiedToken | Refusal> {
  const { issuer, keys, keptClaims } = verifier;
  trace?.begin('type');
  if (!issuer.tokenTypes.has(header.typ)) return INVALID_TOKEN.type;
  trace?.begin('algorithm');
  const algorithm = issuer.algorithms.find((accepted) => accepted === header.alg);
  if (!algorithm) return INVALID_TOKEN.algorithm;
  const kid = hasKeyIds(issuer.keys) ? header.kid : undefined;
  const jwkSet = await findVerifyingSet(token, kid, algorithm, verifier, trace);
  if (jwkSet instanceof Refusal) return jwkSet;
  const checked = checkClaims(payload, issuer, keptClaims, now(), trace);
  return checked instanceof Refusal ? checked : { ...checked, keys, jwkSet };
}

/** What the claims of a token give. */
export type CheckedClaims = Omit<VerifiedToken, 'keys' | 'jwkSet'>;

/** Checks the claims of a token whose signature is verified: times, audience, conditions, key confirmation and app. */
export function checkClaims(
  payload: JsonObject,
  issuer: Issuer,
  keptClaims: readonly string[],
  nowMs: number,
  trace?: TokenTrace,
): CheckedClaims | Refusal {
  trace?.begin('times');
  const validity = readValidity(payload, issuer);
  if (validity instanceof Refusal) return validity;
  const timeRefusal = timeError(validity, nowMs);
  if (timeRefusal) return timeRefusal;
  trace?.begin('audience');
  if (!hasAcceptedAudience(payload, issuer)) return INVALID_TOKEN.audience;
  trace?.begin('required claims');
  if (!issuer.require.every((condition) => satisfies(condition, payload))) return INVALID_TOKEN.required;
  trace?.begin('key confirmation');
  const confirmation = readConfirmation(payload);
  if (confirmation === null) return INVALID_TOKEN.confirmation;
  trace?.begin('app');
  const principal = createPrincipal(payload, issuer, keptClaims);
  if (principal instanceof Refusal) return principal;
  return { principal, confirmation, ...validity };
}

/** Returns the set with a key that verifies the token's signature. */
async function findVerifyingSet(
  token: string,
  kid: string | undefined,
  algorithm: Algorithm,
  verifier: IssuerVerifier,
  trace: TokenTrace | undefined,
): Promise<JwkSet | Refusal> {
  const { keys } = verifier;
  trace?.begin('key');
  let found = await keys.find(kid, algorithm);
  if (typeof found === 'string') return NO_KEY[found];
  trace?.begin('signature');
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
