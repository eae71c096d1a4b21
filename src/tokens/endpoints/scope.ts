/** Compares the scope that a token request asks for with the scopes that may be granted (RFC 6749 3.3). */
import { covers, isScopeToken } from '../../model/scope.js';
import { INVALID_SCOPE, type OAuthError } from '../oauth-error.js';

/** Returns the requested scopes if `granted` covers all of them, and `granted` if no scope is requested. */
export function narrowScope(
  requested: string | undefined,
  granted: readonly string[],
): readonly string[] | OAuthError {
  if (requested === undefined) return granted;
  const scopes = [...new Set(requested.split(' '))];
  const isGranted = (scope: string): boolean => granted.some((one) => covers(one, scope));
  return scopes.every((scope) => isScopeToken(scope) && isGranted(scope)) ? scopes : INVALID_SCOPE;
}

/** The `scope` of a response; undefined without scopes, because the grammar allows no empty text. */
export function scopeText(scopes: readonly string[]): string | undefined {
  return scopes.length === 0 ? undefined : scopes.join(' ');
}
