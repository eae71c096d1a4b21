/** Whether a JWKS (RFC 7517 5) that stands in the configuration, or in a file, has a key that the gate can use. */
import { createPublicKey } from 'node:crypto';
import { parseJson } from '../../model/json.js';
import { entriesOf, isStrong, readJwk, type AcceptedKeys } from '../../model/jwk.js';
import { ParseError } from '../problem.js';

/** More reasons than these would hide what is wrong. */
const MOST_REASONS = 4;

/** What is wrong with the set, key by key; undefined where one key at least is one that the gate would use. */
export function jwksError(jwks: unknown, accepted: AcceptedKeys): ParseError | undefined {
  const entries = entriesOf(jwks);
  if (!entries) return new ParseError('a JWKS is an object with a list "keys"');
  const reasons: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const reason = reasonAgainst(entry, accepted);
    if (reason === undefined) return undefined;
    reasons.push(`key ${index + 1} ${reason}`);
  }
  const more = reasons.length > MOST_REASONS ? `, and ${reasons.length - MOST_REASONS} more` : '';
  const why = reasons.length === 0 ? 'it is empty' : reasons.slice(0, MOST_REASONS).join(', ') + more;
  return new ParseError(
    `no key of the JWKS can be used with ${accepted.algorithms.join(', ')}, for which it needs a public signature key, RSA of 2048 bits or more: ${why}`,
  );
}

/** @returns what is wrong with a JWKS file's text */
export function jwksTextError(text: string, accepted: AcceptedKeys): ParseError | undefined {
  try {
    return jwksError(parseJson(text), accepted);
  } catch {
    return new ParseError('the JWKS file is not JSON');
  }
}

function reasonAgainst(entry: unknown, accepted: AcceptedKeys): string | undefined {
  const read = readJwk(entry, accepted);
  if (typeof read === 'string') return read;
  try {
    const isGood = isStrong(createPublicKey({ key: read.parameters, format: 'jwk' }));
    return isGood ? undefined : 'is too weak: fewer than 2048 bits, or an exponent that is 1 or even';
  } catch {
    return 'has numbers that make no key';
  }
}
