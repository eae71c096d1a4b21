/**
 * Decides which entries of a JWKS document may verify tokens (RFC 7517 4 and 5), for the gateway and for `check`.
 *
 * jwks-rsa does not check what a key is for, and discards all keys if one entry is null.
 */
import type { KeyObject } from 'node:crypto';
import { hasSmallOrder } from './ed25519.js';
import type { Issuer, PublicKeyAlgorithm } from './issuer.js';
import { acceptsSvid } from './token-type.js';

/** A JWKS entry for signatures that the issuer's tokens may have. */
export interface UsableJwk {
  readonly kid: string | undefined;
  /** At least one. */
  readonly algorithms: readonly PublicKeyAlgorithm[];
  /** The public key only: no certificate, no URL. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** The settings of an issuer that decide which keys may verify its tokens. */
export type AcceptedKeys = Pick<Issuer, 'algorithms' | 'tokenTypes'>;

type Entry = Readonly<Record<string, unknown>>;

/** Parameters that no public key has: the private ones of RSA, EC and OKP, and `k` of a symmetric key (RFC 7518 6). */
const SECRET_PARAMETERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

const RSA_ALGORITHMS: readonly PublicKeyAlgorithm[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];

/** By key type and curve. Each EC curve belongs to one algorithm (RFC 7518 3.4); that of Ed25519 has two names. */
const CURVE_ALGORITHMS: ReadonlyMap<string, readonly PublicKeyAlgorithm[]> = new Map([
  ['EC P-256', ['ES256']],
  ['EC P-384', ['ES384']],
  ['EC P-521', ['ES512']],
  ['OKP Ed25519', ['EdDSA', 'Ed25519']],
] as const);

/** RFC 7518 3.3. */
const MIN_RSA_BITS = 2048;

/** Returns the entries of a JWKS document; undefined if the document is not a JWKS. */
export function entriesOf(document: unknown): readonly unknown[] | undefined {
  return isObject(document) && Array.isArray(document['keys']) ? document['keys'] : undefined;
}

/**
 * Reads the members of a JWKS entry and returns what it can verify. Does not check that its numbers form a key.
 * @returns the usable part of the entry, or the reason why it is not usable
 */
export function readJwk(raw: unknown, accepted: AcceptedKeys): UsableJwk | string {
  if (!isObject(raw)) return 'is no object';
  const entry = withoutNulls(raw);
  const { kid, alg, use, key_ops: operations } = entry;
  if (kid !== undefined && typeof kid !== 'string') return 'has a "kid" that is no text';
  const isSvid = use === 'jwt-svid' && acceptsSvid(accepted.tokenTypes);
  if (use !== undefined && use !== 'sig' && !isSvid) return 'has a "use" other than "sig"';
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    return 'has "key_ops" without "verify"';
  }
  const secret = SECRET_PARAMETERS.find((name) => Object.hasOwn(entry, name));
  if (secret !== undefined) return `is not public: it has the member "${secret}"`;
  const parameters = publicParameters(entry);
  if (!parameters) return 'is no RSA, EC or Ed25519 public key';
  const algorithms = algorithmsOf(entry).filter(
    (algorithm) => (alg === undefined || alg === algorithm) && accepted.algorithms.includes(algorithm),
  );
  return algorithms.length === 0 ? 'is for none of the algorithms' : { kid, algorithms, parameters };
}

/**
 * Tells whether a key is strong enough (RFC 7518 3.3). Checks the parsed key, since leading zeros make a short modulus
 * look long. With e = 1 a signature equals its text. With an Ed25519 key of small order anybody can sign.
 */
export function isStrong(key: KeyObject): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  if (asymmetricKeyType === 'ed25519') return !hasSmallOrder(key.export({ format: 'jwk' }).x ?? '');
  if (asymmetricKeyType !== 'rsa') return true;
  const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails ?? {};
  return modulusLength >= MIN_RSA_BITS && publicExponent > 1n && publicExponent % 2n === 1n;
}

/** Some serializers write null for members without a value. */
function withoutNulls(entry: Entry): Entry {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null));
}

/** The type of a key decides its algorithms. No type has HS*: a public key is never used as a secret. */
function algorithmsOf({ kty, crv }: Entry): readonly PublicKeyAlgorithm[] {
  return kty === 'RSA' ? RSA_ALGORITHMS : (CURVE_ALGORITHMS.get(`${String(kty)} ${String(crv)}`) ?? []);
}

function publicParameters({ kty, n, e, crv, x, y }: Entry): Readonly<Record<string, string>> | undefined {
  if (kty === 'RSA') return isText(n) && isText(e) ? { kty, n, e } : undefined;
  if (kty === 'EC') return isText(crv) && isText(x) && isText(y) ? { kty, crv, x, y } : undefined;
  if (kty === 'OKP') return crv === 'Ed25519' && isText(x) ? { kty, crv, x } : undefined;
  return undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null;
}
