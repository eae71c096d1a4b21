/** The schema of an issuer's algorithms, and of a public key or a secret in place of a JWKS. */
import { PUBLIC_KEY_ALGORITHMS, SECRET_ALGORITHMS, type Algorithm } from '../../model/issuer.js';
import { ParseError } from '../problem.js';
import { closest } from '../suggest.js';
import { list, phrase } from './values.js';

const ALGORITHMS: readonly Algorithm[] = [...PUBLIC_KEY_ALGORITHMS, ...SECRET_ALGORITHMS];
const ALGORITHM_FORM = `one of ${ALGORITHMS.join(', ')}`;

function parseAlgorithm(text: string): Algorithm | ParseError {
  const found = ALGORITHMS.find((each) => each === text);
  if (found !== undefined) return found;
  if (text.toLowerCase() === 'none')
    return new ParseError('the algorithm "none" is refused: anybody can make such a token');
  if (/^(Ed448|ES256K)$/i.test(text)) return new ParseError(`the algorithm "${text}" is not supported`);
  const suggestion = closest(text, ALGORITHMS);
  return new ParseError(
    `"${text}" is no algorithm${suggestion ? `; did you mean "${suggestion}"?` : `; use ${ALGORITHM_FORM}`}`,
  );
}

/** The accepted algorithms. */
export const algorithms = list(phrase(parseAlgorithm, ALGORITHM_FORM), 'a list of algorithms')
  .prefault(['RS256'])
  .describe(
    `The accepted signature algorithms, each ${ALGORITHM_FORM}. HS256, HS384 and HS512 only with "secret", and then no others. EdDSA and Ed25519 are two names of one algorithm, each accepted only where it is listed.`,
  );

/** A public key of the file: PEM text, or the path of a PEM file. */
export type RawPublicKey = { readonly pem: string } | { readonly file: string };

function parsePublicKey(text: string): RawPublicKey | ParseError {
  if (text.trim() === '') return new ParseError('must not be empty');
  if (text.includes('-----BEGIN')) return { pem: text };
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text))
    return new ParseError('must be a file path or PEM text, not a URL');
  return { file: text };
}

/** A single public key. */
export const publicKey = phrase(parsePublicKey, 'a file path or PEM text').describe(
  'Its one public key in place of a JWKS, for tokens with any kid or none: a PEM file or PEM text, "BEGIN PUBLIC KEY" or "BEGIN CERTIFICATE".',
);

/** RFC 7518 3.2 requires a key as long as the hash: 32 bytes for HS256. */
const MIN_SECRET_BYTES = 32;
/** Excludes texts such as `xxxx…`; a random text of 32 characters has more different ones. */
const MIN_DIFFERENT = 8;

/** Errors do not repeat the secret. */
function parseSecret(text: string): string | ParseError {
  const isStrong = Buffer.byteLength(text, 'utf8') >= MIN_SECRET_BYTES && new Set(text).size >= MIN_DIFFERENT;
  return isStrong
    ? text
    : new ParseError('must be a random text of at least 32 bytes; make one with: openssl rand -base64 32');
}

/** A shared secret. */
export const secret = phrase(parseSecret, 'a text').describe(
  'The secret that it shares with the gateway, for HS256, HS384 and HS512: a random text of at least 32 bytes, ' +
    'from a variable such as ${JWT_SECRET}. Never beside jwks or public_key.',
);
