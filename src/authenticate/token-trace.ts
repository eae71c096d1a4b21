/** Authenticate, for `explain`: records which checks of a token are run, and where it was. */
import type { Issuer } from '../model/issuer.js';
import type { Refusal } from '../model/refusal.js';
import type { TokenSource } from '../model/token-source.js';
import type { ParsedJws } from './parse-jws.js';
import {
  INVALID_TOKEN,
  KEYS_UNAVAILABLE,
  MALFORMED_CREDENTIALS,
  NO_TOKEN,
  REVOCATIONS_UNKNOWN,
  TWO_TOKENS,
} from './refusals.js';

/** The checks of a token, in the order in which they are run. */
export const TOKEN_CHECKS = [
  'form',
  'issuer',
  'type',
  'algorithm',
  'key',
  'signature',
  'times',
  'audience',
  'required claims',
  'key confirmation',
  'app',
  'revocation',
] as const;
export type TokenCheck = (typeof TOKEN_CHECKS)[number];

/** Records what `authenticate` finds out about one token. */
export interface TokenTrace {
  /** Where it was; undefined until it is found. */
  readonly place: TokenSource | undefined;
  /** The token's header and payload, from when its form is checked. */
  readonly jws: ParsedJws | undefined;
  /** From when it is accepted. */
  readonly issuer: Issuer | undefined;
  /** The checks that were begun. The last one failed if the token is refused, unless `failedCheckOf` names another. */
  readonly begun: readonly TokenCheck[];
  found(place: TokenSource): void;
  parsed(jws: ParsedJws): void;
  accepted(issuer: Issuer): void;
  begin(check: TokenCheck): void;
}

/** Creates an empty trace, for one token. */
export function createTrace(): TokenTrace {
  return new Trace();
}

class Trace implements TokenTrace {
  place: TokenSource | undefined;
  jws: ParsedJws | undefined;
  issuer: Issuer | undefined;
  readonly begun: TokenCheck[] = ['form'];

  found(place: TokenSource): void {
    this.place = place;
  }

  parsed(jws: ParsedJws): void {
    this.jws = jws;
    this.begin('issuer');
  }

  accepted(issuer: Issuer): void {
    this.issuer = issuer;
  }

  begin(check: TokenCheck): void {
    this.begun.push(check);
  }
}

const FAILED: Readonly<Record<keyof typeof INVALID_TOKEN, TokenCheck>> = {
  tooLarge: 'form',
  malformed: 'form',
  duplicateKeys: 'form',
  critical: 'form',
  foreignCookie: 'form',
  issuer: 'issuer',
  type: 'type',
  algorithm: 'algorithm',
  unknownKey: 'key',
  signature: 'signature',
  unverifiable: 'signature',
  times: 'times',
  expired: 'times',
  notYetValid: 'times',
  neverExpires: 'times',
  audience: 'audience',
  required: 'required claims',
  confirmation: 'key confirmation',
  app: 'app',
  revoked: 'revocation',
};

const failed = new Map<Refusal, TokenCheck>([
  [NO_TOKEN, 'form'],
  [MALFORMED_CREDENTIALS, 'form'],
  [TWO_TOKENS, 'form'],
  [KEYS_UNAVAILABLE, 'key'],
  [REVOCATIONS_UNKNOWN, 'revocation'],
  ...Object.entries(INVALID_TOKEN).map(
    ([name, refusal]) => [refusal, FAILED[name as keyof typeof INVALID_TOKEN]] as const,
  ),
]);

/**
 * Returns the check that gave a refusal of `authenticate`. It may be a later one than the last that was begun, since the
 * verifier checks times and audience together with the signature.
 */
export function failedCheckOf(refusal: Refusal): TokenCheck | undefined {
  return failed.get(refusal);
}
