/** Generated keys, and tokens signed with them, for `check` and for the demo. */
import { createPublicKey, generateKeyPairSync, randomUUID, type JsonWebKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Algorithm, Issuer } from '../model/issuer.js';

export interface TestIssuer {
  /** The public keys, as an issuer publishes them (RFC 7517). */
  readonly jwks: { readonly keys: readonly JsonWebKey[] };
  /** Signs a token as the issuer would with these keys. It expires after one day. */
  sign(app: string, scopes: readonly string[], claims?: object): string;
}

const LIFETIME_S = 24 * 60 * 60;

/**
 * Creates a test issuer with new keys.
 * @param issuer its `iss`, audience, first algorithm and claim names are used
 */
export function createTestIssuer(issuer: Issuer): TestIssuer {
  const algorithm = issuer.algorithms[0] ?? 'RS256';
  const { publicKey, privateKey } = generateKeys(algorithm);
  const kid = randomUUID();
  return {
    jwks: {
      keys: [{ ...createPublicKey(publicKey).export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' }],
    },
    sign(app, scopes, claims = {}) {
      const payload = payloadOf(issuer, app, scopes, claims);
      return jwt.sign(payload, privateKey, { algorithm, keyid: kid, expiresIn: LIFETIME_S });
    },
  };
}

/** As PEM: a KeyObject from `generateKeyPair` itself can deadlock Node when it is exported as a JWK. */
interface PemPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

function generateKeys(algorithm: Algorithm): PemPair {
  switch (algorithm) {
    case 'ES256':
      return generateEcKeys('P-256');
    case 'ES384':
      return generateEcKeys('P-384');
    case 'ES512':
      return generateEcKeys('P-521');
    case 'RS256':
    case 'RS384':
    case 'RS512':
    case 'PS256':
    case 'PS384':
    case 'PS512':
      return generateKeyPairSync('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      });
  }
}

function generateEcKeys(namedCurve: string): PemPair {
  return generateKeyPairSync('ec', {
    namedCurve,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

/**
 * The payload of a token, from which the gateway reads the same app and scopes. A claim may have two meanings: scopes in
 * the app's claim are written as one text, and scopes in `aud` as additional audiences.
 */
function payloadOf(
  { iss, audience, claims: { app: appPath, scope: scopePath } }: Issuer,
  app: string,
  scopes: readonly string[],
  claims: object,
): Record<string, unknown> {
  const payload: Record<string, unknown> = { ...claims };
  if (iss !== undefined) payload['iss'] = iss;
  if (audience !== undefined) payload['aud'] = audience[0];
  const isAppSet = appPath.length === 1 && payload[appPath[0]!] !== undefined;
  if (!isAppSet) setClaim(payload, appPath, app);
  if (isSame(scopePath, appPath)) setClaim(payload, scopePath, scopes.length ? scopes.join(' ') : app);
  else if (isSame(scopePath, ['aud'])) payload['aud'] = [...(audience?.slice(0, 1) ?? []), ...scopes];
  else setClaim(payload, scopePath, scopes);
  return payload;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}

/** Sets a claim by its path: `['realm_access', 'roles']` creates the object `realm_access`. */
function setClaim(payload: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) {
    payload[name] = value;
    return;
  }
  const inner = payload[name];
  const object: Record<string, unknown> = typeof inner === 'object' && inner !== null ? { ...inner } : {};
  setClaim(object, rest, value);
  payload[name] = object;
}
