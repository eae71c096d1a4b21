/**
 * Authenticate, an issuer's keys: which entries of a JWKS document may verify tokens (RFC 7517 4 and 5).
 *
 * jwks-rsa behind it does not ask what a key is for, and one null entry makes it throw all of them away.
 */
import type { Algorithm } from '../model/issuer.js';
import { KeySourceError } from './key-source.js';

/** An entry of a JWKS that is meant for signatures which the issuer's tokens may have. */
export interface UsableJwk {
  readonly kid: string | undefined;
  /** At least one. */
  readonly algorithms: readonly Algorithm[];
  /** The public key and nothing else: no certificate, no URL. */
  readonly parameters: Readonly<Record<string, string>>;
}

type Entry = Readonly<Record<string, unknown>>;

/** Parameters that no public key has: RSA's and EC's private ones, and a symmetric key's only one (RFC 7518 6). */
const SECRET_PARAMETERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

const RSA_ALGORITHMS: readonly Algorithm[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];

/** A curve belongs to one algorithm (RFC 7518 3.4). */
const CURVE_ALGORITHMS: ReadonlyMap<unknown, readonly Algorithm[]> = new Map([
  ['P-256', ['ES256']],
  ['P-384', ['ES384']],
  ['P-521', ['ES512']],
]);

export function selectUsable(document: unknown, accepted: readonly Algorithm[]): readonly UsableJwk[] {
  if (!isObject(document) || !Array.isArray(document['keys'])) throw new KeySourceError('is not a JWKS');
  return document['keys'].flatMap((entry: unknown) =>
    isObject(entry) ? (readEntry(entry, accepted) ?? []) : [],
  );
}

function readEntry(entry: Entry, accepted: readonly Algorithm[]): UsableJwk | undefined {
  const { kid, alg } = entry;
  if (kid !== undefined && typeof kid !== 'string') return undefined;
  if (!isForSignatures(entry) || SECRET_PARAMETERS.some((name) => Object.hasOwn(entry, name)))
    return undefined;
  const parameters = publicParameters(entry);
  if (!parameters) return undefined;
  const algorithms = algorithmsOf(entry).filter(
    (algorithm) => (alg === undefined || alg === algorithm) && accepted.includes(algorithm),
  );
  return algorithms.length === 0 ? undefined : { kid, algorithms, parameters };
}

function isForSignatures({ use, key_ops: operations }: Entry): boolean {
  if (use !== undefined && use !== 'sig') return false;
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
}

function algorithmsOf({ kty, crv }: Entry): readonly Algorithm[] {
  return kty === 'RSA' ? RSA_ALGORITHMS : (CURVE_ALGORITHMS.get(crv) ?? []);
}

function publicParameters({ kty, n, e, crv, x, y }: Entry): Readonly<Record<string, string>> | undefined {
  if (kty === 'RSA') return isText(n) && isText(e) ? { kty, n, e } : undefined;
  if (kty === 'EC') return isText(crv) && isText(x) && isText(y) ? { kty, crv, x, y } : undefined;
  return undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null;
}
