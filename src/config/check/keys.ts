/** Checks that a JWKS (RFC 7517 5), in the configuration or in a file, has a usable key. */
import { createPublicKey } from 'node:crypto';
import { parseJson } from '../../model/json.js';
import { entriesOf, isStrong, readJwk, type AcceptedKeys } from '../../model/jwk.js';
import { ParseError } from '../problem.js';

/** A message lists at most so many reasons, to stay readable. */
const MAX_REASONS = 4;

/** Explains why no key of the set is usable, key by key; undefined if at least one is. */
export function jwksError(jwks: unknown, accepted: AcceptedKeys): ParseError | undefined {
  const entries = entriesOf(jwks);
  if (!entries) return new ParseError('a JWKS is an object with a list "keys"');
  const reasons: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const reason = keyError(entry, accepted);
    if (reason === undefined) return undefined;
    reasons.push(`key ${index + 1} ${reason}`);
  }
  const more = reasons.length > MAX_REASONS ? `, and ${reasons.length - MAX_REASONS} more` : '';
  const why = reasons.length === 0 ? 'it is empty' : reasons.slice(0, MAX_REASONS).join(', ') + more;
  return new ParseError(
    `no key of the JWKS can be used with ${accepted.algorithms.join(', ')}, for which it needs a public signature key, RSA of 2048 bits or more: ${why}`,
  );
}

/** Explains what is wrong with the text of a JWKS file; undefined if it has a usable key. */
export function jwksTextError(text: string, accepted: AcceptedKeys): ParseError | undefined {
  try {
    return jwksError(parseJson(text), accepted);
  } catch {
    return new ParseError('the JWKS file is not JSON');
  }
}

/** Explains why a key cannot be used, as words that follow its name; undefined if it can. */
export function keyError(entry: unknown, accepted: AcceptedKeys): string | undefined {
  const read = readJwk(entry, accepted);
  if (typeof read === 'string') return read;
  try {
    if (isStrong(createPublicKey({ key: read.parameters, format: 'jwk' }))) return undefined;
    return read.parameters['kty'] === 'OKP'
      ? 'is too weak: a point of small order, for which anybody can sign'
      : 'is too weak: fewer than 2048 bits, or an exponent that is 1 or even';
  } catch {
    return 'has numbers that make no key';
  }
}
