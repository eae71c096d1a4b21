/** What a revocation may be of, as requests and open exchanges ask. */
import type { Principal } from '../model/principal.js';
import type { RevocationKey } from '../model/revocation.js';

/** A caller, or a token that somebody asks about. */
export type Revocable = Pick<
  Principal,
  'issuer' | 'app' | 'tokenId' | 'family' | 'issuedAtMs' | 'generation'
>;

/** Told what has been revoked or restored since it was told last; nothing, where anything may have been. */
export type OnChange = (changed?: readonly RevocationKey[]) => void;
