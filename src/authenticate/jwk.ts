/** Authenticate, an issuer's keys: the entries of a JWKS document that may verify tokens (RFC 7517 5). */
import { entriesOf, readJwk, type AcceptedKeys, type UsableJwk } from '../model/jwk.js';
import { KeySourceError } from './key-source-error.js';

/**
 * What can be used is used; the rest is left out, as RFC 7517 5 asks.
 * @throws KeySourceError where the document is no JWKS
 */
export function selectUsable(document: unknown, accepted: AcceptedKeys): readonly UsableJwk[] {
  const entries = entriesOf(document);
  if (!entries) throw new KeySourceError('is not a JWKS');
  return entries.map((entry) => readJwk(entry, accepted)).filter((read) => typeof read !== 'string');
}
