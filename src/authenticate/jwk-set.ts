/** Authenticate, issuer keys: parses usable JWKs with jwks-rsa and finds those that a token can mean. */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import jwksRsa from 'jwks-rsa';
import type { Algorithm, PublicKeyAlgorithm } from '../model/issuer.js';
import { isStrong, type UsableJwk } from '../model/jwk.js';

/** An immutable set of keys: another set is another object. */
export interface JwkSet {
  /** Equal for two sets with the same keys. */
  readonly fingerprint: string;
  readonly size: number;
  hasKid(kid: string): boolean;
  /** The keys that a token can mean, at most 4, in the issuer's order: several while it publishes more than one. */
  find(kid: string | undefined, algorithm: Algorithm): readonly KeyObject[];
  /** The same keys as public JWKS entries, from which the same set can be created again. */
  jwks(): readonly JsonWebKey[];
}

interface Key {
  readonly kid: string | undefined;
  readonly algorithms: readonly PublicKeyAlgorithm[];
  readonly publicKey: KeyObject;
}

/** Limits the verifications that a token without `kid` costs. */
const MAX_CANDIDATES = 4;

/** Parses the keys into a set. Those that cannot be parsed or are weak are left out. */
export async function createJwkSet(jwks: readonly UsableJwk[]): Promise<JwkSet> {
  const keys = await parseKeys(withoutDuplicates(jwks));
  const byKid = new Map<string | undefined, Key[]>();
  for (const key of keys) {
    const same = byKid.get(key.kid);
    if (same) same.push(key);
    else byKid.set(key.kid, [key]);
  }
  return {
    fingerprint: JSON.stringify(
      keys.map(({ kid, algorithms, publicKey }) => [kid, algorithms, pem(publicKey)]),
    ),
    size: keys.length,
    hasKid: (kid) => byKid.has(kid),
    find(kid, algorithm) {
      const matches: KeyObject[] = [];
      for (const key of kid === undefined ? keys : (byKid.get(kid) ?? [])) {
        if (matches.length === MAX_CANDIDATES) break;
        if (key.algorithms.some((each) => each === algorithm)) matches.push(key.publicKey);
      }
      return matches;
    },
    jwks: () => keys.map(jwkOf),
  };
}

/** A key with several algorithms had no `alg`, so it fits all that its issuer may use (RFC 7517 4.4). */
function jwkOf({ kid, algorithms, publicKey }: Key): JsonWebKey {
  return {
    ...publicKey.export({ format: 'jwk' }),
    use: 'sig',
    ...(kid !== undefined && { kid }),
    ...(algorithms.length === 1 && { alg: algorithms[0] }),
  };
}

/** Drops exact duplicates of an entry. */
function withoutDuplicates(jwks: readonly UsableJwk[]): readonly UsableJwk[] {
  return [...new Map(jwks.map((jwk) => [JSON.stringify(jwk), jwk])).values()];
}

/**
 * jwks-rsa leaves out what it cannot parse and returns only the kid of the rest, so each key is passed with its index
 * as the kid. It is passed without `alg`: an RSA key is then not bound to RS or PS.
 */
async function parseKeys(jwks: readonly UsableJwk[]): Promise<readonly Key[]> {
  const numbered = jwks.map(({ parameters }, index) => ({ ...parameters, kid: String(index) }));
  const client = jwksRsa({
    cache: false,
    rateLimit: false,
    fetcher: () => Promise.resolve({ keys: numbered }),
  });
  // Nothing is fetched: the only possible error is that no key is left, which the caller handles.
  const parsed = await client.getSigningKeys().catch(() => []);
  return parsed.flatMap((signingKey) => {
    const { kid, algorithms } = jwks[Number(signingKey.kid)]!;
    const publicKey = createPublicKey(signingKey.getPublicKey());
    return isStrong(publicKey) ? [{ kid, algorithms, publicKey }] : [];
  });
}

function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}
