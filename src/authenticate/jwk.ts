/** Authenticate, issuer keys: selects the entries of a JWKS document that may verify tokens (RFC 7517 5). */
import { entriesOf, readJwk, type AcceptedKeys, type UsableJwk } from '../model/jwk.js';
import { KeySourceError } from './key-source-error.js';

/**
 * Returns the usable entries; the others are ignored (RFC 7517 5).
 * @throws KeySourceError where the document is no JWKS
 */
export function selectUsable(document: unknown, accepted: AcceptedKeys): readonly UsableJwk[] {
  const entries = entriesOf(document);
  if (!entries) throw new KeySourceError('is not a JWKS');
  return entries.map((entry) => readJwk(entry, accepted)).filter((read) => typeof read !== 'string');
}
