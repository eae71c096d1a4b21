/** Keys for the tokens of tests, of the demo and of `check`, and the signing with them. */
import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign as signBytes,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import type { Algorithm } from '../model/issuer.js';

/** A key pair as PEM: a KeyObject from `generateKeyPair` itself can deadlock Node when it is exported as a JWK. */
export interface PemPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** A key that signs tokens. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly privateKey: KeyObject;
  /** The public key as an entry of a JWKS (RFC 7517 4). */
  readonly jwk: JsonWebKey & Readonly<Record<string, unknown>>;
}

const PEM = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const;

/** The curve of each elliptic algorithm (RFC 7518 3.4). */
const CURVES: Partial<Record<Algorithm, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** Generates an RSA key pair, which takes about 200 ms for 2048 bits. */
export function generateRsaPem(modulusLength = 2048): PemPair {
  const { publicKeyEncoding, privateKeyEncoding } = PEM;
  return generateKeyPairSync('rsa', { modulusLength, publicKeyEncoding, privateKeyEncoding });
}

/** Generates a key pair on a curve, named as in a JWK: `P-256`. */
export function generateEcPem(namedCurve: string): PemPair {
  const { publicKeyEncoding, privateKeyEncoding } = PEM;
  return generateKeyPairSync('ec', { namedCurve, publicKeyEncoding, privateKeyEncoding });
}

/** Generates a key pair for EdDSA (RFC 8032 5.1). */
export function generateEd25519Pem(): PemPair {
  const { publicKeyEncoding, privateKeyEncoding } = PEM;
  return generateKeyPairSync('ed25519', { publicKeyEncoding, privateKeyEncoding });
}

/** A key pair of the kind that an algorithm needs. */
function generatePem(alg: Algorithm): PemPair {
  if (isEdwards(alg)) return generateEd25519Pem();
  const curve = CURVES[alg];
  return curve === undefined ? generateRsaPem() : generateEcPem(curve);
}

/** The two names of Ed25519, whose signatures have no separate hash. */
function isEdwards(alg: Algorithm): boolean {
  return alg === 'EdDSA' || alg === 'Ed25519';
}

/** Makes a signing key of a key pair. The pair must be of the kind that the algorithm needs. */
export function createSigningKey(
  alg: Algorithm,
  { publicKey, privateKey }: PemPair = generatePem(alg),
  kid: string = randomUUID(),
): SigningKey {
  const parameters = createPublicKey(publicKey).export({ format: 'jwk' });
  return {
    kid,
    alg,
    privateKey: createPrivateKey(privateKey),
    jwk: { ...parameters, kid, alg, use: 'sig' },
  };
}

/** Signs any two texts as header and payload (RFC 7515 7.1), so that a token can be malformed on purpose. */
export function signTexts(
  header: string,
  payload: string,
  { alg, privateKey }: Pick<SigningKey, 'alg' | 'privateKey'>,
): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  const signature = signBytes(isEdwards(alg) ? null : `sha${alg.slice(2)}`, Buffer.from(input), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
    ...(alg.startsWith('PS') && {
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    }),
  });
  return `${input}.${signature.toString('base64url')}`;
}

/** Encodes a text as base64url (RFC 4648 5) without padding. */
export function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
