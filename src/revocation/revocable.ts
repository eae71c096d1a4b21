/** Types for whom a revocation can affect, shared by the set and the stream watcher. */
import type { Principal } from '../model/principal.js';
import type { RevocationKey } from '../model/revocation.js';

/** A caller, or a token that is introspected. */
export type Revocable = Pick<
  Principal,
  'issuer' | 'app' | 'tokenId' | 'family' | 'issuedAtMs' | 'generation'
>;

/** Called with what was revoked or restored since the last call; undefined where anything may have changed. */
export type OnChange = (changed?: readonly RevocationKey[]) => void;
