/** Authenticate, an issuer's keys: the entries of a JWKS document that may verify tokens (RFC 7517 5). */
import type { Algorithm } from '../model/issuer.js';
import { entriesOf, readJwk, type UsableJwk } from '../model/jwk.js';
import { KeySourceError } from './key-source.js';

/**
 * What can be used is used; the rest is left out, as RFC 7517 5 asks.
 * @throws KeySourceError where the document is no JWKS
 */
export function selectUsable(document: unknown, accepted: readonly Algorithm[]): readonly UsableJwk[] {
  const entries = entriesOf(document);
  if (!entries) throw new KeySourceError('is not a JWKS');
  return entries.map((entry) => readJwk(entry, accepted)).filter((read) => typeof read !== 'string');
}
