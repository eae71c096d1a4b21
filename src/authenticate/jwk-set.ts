/** Authenticate, an issuer's keys: the ones that may be used, parsed by jwks-rsa, and which of them a token means. */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import jwksRsa from 'jwks-rsa';
import type { Algorithm } from '../model/issuer.js';
import { isStrong, type UsableJwk } from '../model/jwk.js';

/** A set of keys that does not change: another set is another object. */
export interface JwkSet {
  /** Equal for two rings with the same keys. */
  readonly fingerprint: string;
  readonly size: number;
  hasKid(kid: string): boolean;
  /** The keys that a token can mean, at most 4 and in the issuer's order: while two are published there may be several. */
  find(kid: string | undefined, algorithm: Algorithm): readonly KeyObject[];
  /** The same keys as entries of a JWKS, of which the same ring can be made again; nothing private is in them. */
  jwks(): readonly JsonWebKey[];
}

interface Key {
  readonly kid: string | undefined;
  readonly algorithms: readonly Algorithm[];
  readonly publicKey: KeyObject;
}

/** A token without `kid` costs as many verifications at most. */
const MOST_CANDIDATES = 4;

/** Parses the keys; those that make no key, or a weak one, are left out. */
export async function createJwkSet(jwks: readonly UsableJwk[]): Promise<JwkSet> {
  const keys = await parseKeys(withoutTwins(jwks));
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
      const fitting: KeyObject[] = [];
      for (const key of kid === undefined ? keys : (byKid.get(kid) ?? [])) {
        if (fitting.length === MOST_CANDIDATES) break;
        if (key.algorithms.includes(algorithm)) fitting.push(key.publicKey);
      }
      return fitting;
    },
    jwks: () => keys.map(jwkOf),
  };
}

/** Without `alg` a key is fit for all that its issuer may use (RFC 7517 4.4); with several it had none. */
function jwkOf({ kid, algorithms, publicKey }: Key): JsonWebKey {
  return {
    ...publicKey.export({ format: 'jwk' }),
    use: 'sig',
    ...(kid !== undefined && { kid }),
    ...(algorithms.length === 1 && { alg: algorithms[0] }),
  };
}

/** An entry that stands there twice, word for word, is one key. */
function withoutTwins(jwks: readonly UsableJwk[]): readonly UsableJwk[] {
  return [...new Map(jwks.map((jwk) => [JSON.stringify(jwk), jwk])).values()];
}

/**
 * jwks-rsa leaves out what it cannot parse and tells of the rest only their kid, so each goes there under its
 * index, and without `alg`: RSA keys then come back as plain ones, fit for RS and PS.
 */
async function parseKeys(jwks: readonly UsableJwk[]): Promise<readonly Key[]> {
  const numbered = jwks.map(({ parameters }, index) => ({ ...parameters, kid: String(index) }));
  const client = jwksRsa({
    cache: false,
    rateLimit: false,
    fetcher: () => Promise.resolve({ keys: numbered }),
  });
  // Nothing is fetched here: all that it can complain of is that no key is left, which is for us to judge.
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
