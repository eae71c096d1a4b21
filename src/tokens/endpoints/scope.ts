/** The scope that a token request asks for, against what may be given (RFC 6749 3.3). */
import { covers, isScopeToken } from '../../model/scope.js';
import { INVALID_SCOPE, type OAuthError } from '../oauth-error.js';

/** All that is granted where nothing is asked for; otherwise what is asked for, if all of it is covered. */
export function narrowScope(
  asked: string | undefined,
  granted: readonly string[],
): readonly string[] | OAuthError {
  if (asked === undefined) return granted;
  const scopes = [...new Set(asked.split(' '))];
  const isGranted = (scope: string): boolean => granted.some((one) => covers(one, scope));
  return scopes.every((scope) => isScopeToken(scope) && isGranted(scope)) ? scopes : INVALID_SCOPE;
}

/** The `scope` of an answer; undefined, and so left out, where there is none: the grammar knows no empty one. */
export function scopeText(scopes: readonly string[]): string | undefined {
  return scopes.length === 0 ? undefined : scopes.join(' ');
}
