/** Checks the values of administrative requests: names, scopes, overlaps. */
import { durationMs } from '../../model/duration.js';
import { nameProblem } from '../../model/name.js';
import { isScopeToken } from '../../model/scope.js';
import { AdministrationError } from './errors.js';

const MAX_OVERLAP_MS = 30 * 24 * 60 * 60_000;

/** @throws AdministrationError unless the text can be a name */
export function checkName(what: string, text: string): void {
  const problem = nameProblem(text);
  if (problem !== undefined) throw new AdministrationError(`the ${what} ${problem}`);
}

/** @throws AdministrationError if one of the texts is no scope */
export function checkScopes(scopes: readonly string[]): void {
  const bad = scopes.find((scope) => !isScopeToken(scope));
  if (bad !== undefined) throw new AdministrationError(`"${bad}" is no scope`);
}

/**
 * Checks the scopes of an app. An app without a scope can access nothing; a user without one can still log in.
 *
 * @throws AdministrationError if one is no scope, or there is none
 */
export function checkAppScopes(scopes: readonly string[]): void {
  checkScopes(scopes);
  if (scopes.length === 0) throw new AdministrationError('at least one scope is needed');
}

/**
 * Converts the overlap of a rotation to milliseconds.
 *
 * @throws AdministrationError unless it is a duration of at most 30 days
 */
export function overlapMs(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined || ms > MAX_OVERLAP_MS)
    throw new AdministrationError('the overlap must be a duration of at most 30d, such as 30m, 1h or 1d');
  return ms;
}
