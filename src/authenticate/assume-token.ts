/** Authenticate, for `explain`: runs the checks of a token for a caller that is assumed. */
import type { Issuer } from '../model/issuer.js';
import type { Principal } from '../model/principal.js';
import { Refusal } from '../model/refusal.js';
import type { Route } from '../model/route.js';
import type { JsonObject } from './parse-jws.js';
import { INVALID_TOKEN } from './refusals.js';
import type { TokenTrace } from './token-trace.js';
import { checkClaims } from './verify-token.js';

/** A caller without a token. */
export interface AssumedToken {
  /** The issuer that would have signed it. */
  readonly issuer: Issuer;
  readonly payload: JsonObject;
}

/** What the checks of an assumed caller need. */
export interface AssumeOptions {
  readonly keptClaims: readonly string[];
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly checkRevocation: (principal: Principal) => Refusal | undefined;
  readonly trace: TokenTrace;
}

/** Runs every check of a token but those of its form, its type, its algorithm and its signature. */
export function assumeToken(
  { issuer, payload }: AssumedToken,
  { access }: Pick<Route, 'access'>,
  { keptClaims, now, checkRevocation, trace }: AssumeOptions,
): Principal | Refusal {
  trace.parsed({ header: { alg: '', kid: undefined, typ: undefined }, payload });
  if (access.kind === 'scoped' && access.issuers?.has(issuer.name) === false) return INVALID_TOKEN.issuer;
  trace.accepted(issuer);
  const checked = checkClaims(payload, issuer, keptClaims, now(), trace);
  if (checked instanceof Refusal) return checked;
  const { principal, confirmation } = checked;
  if (confirmation !== undefined) return INVALID_TOKEN.confirmation;
  trace.begin('revocation');
  return checkRevocation(principal) ?? principal;
}
