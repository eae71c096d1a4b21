/** The schema of claims: the name of one, or a list that is a path into objects. */
import { z } from 'zod';
import type { ClaimPath } from '../../model/claim.js';
import { ParseError } from '../problem.js';
import { given, list, phrase } from './values.js';

const CLAIM_FORM = "a claim's name";

/** Parses the name of a claim. */
export function parseClaim(text: string): string | ParseError {
  if (text.trim() === '') return new ParseError('must not be empty');
  return text === '__proto__' ? new ParseError('must be a name that readers of JSON agree on') : text;
}

/** A claim. A name is one claim, whatever dots it has. */
export const claim = z.union(
  [
    phrase(parseClaim, CLAIM_FORM).transform((name): ClaimPath => [name]),
    list(phrase(parseClaim, CLAIM_FORM), 'a path of names').transform((path): ClaimPath => path),
  ],
  { error: given("must be a claim's name, or a list that is a path into an object") },
);

const names = list(claim, 'a list of claims');

/** The claims that can have the app's id: one, or the first that a token has. */
export const appClaims = z.union(
  [
    claim.transform((path): readonly ClaimPath[] => [path]),
    z
      .strictObject({ first: names.describe('Claims of which the first that a token has is the one.') })
      .transform(({ first }): readonly ClaimPath[] => first),
  ],
  { error: given("must be a claim's name, a list that is a path into an object, or {first: [...]}") },
);

/** The claims that have the scopes: one, or all that a token has. */
export const scopeClaims = z.union(
  [
    claim.transform((path): readonly ClaimPath[] => [path]),
    z
      .strictObject({ union: names.describe('Claims whose scopes a token has together.') })
      .transform(({ union }): readonly ClaimPath[] => union),
  ],
  { error: given("must be a claim's name, a list that is a path into an object, or {union: [...]}") },
);

/** Formats a claim as the file has it: `sub`, or `[realm_access, roles]`. */
export function formatClaim(path: ClaimPath): string {
  return path.length === 1 ? path[0]! : `[${path.join(', ')}]`;
}
