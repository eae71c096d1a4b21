/** The fields by which an upstream is told who is calling: the gate alone may say them. */

const UNUSUAL = /[^a-z0-9-]/g;
const PREFIXES = ['x-app-', 'x-token-'] as const;

/**
 * A field's name as CGI and its descendants would read it: they make one variable of `X-App-Id`, `X_App_Id` and
 * sometimes `X.App.Id`, so a stranger's spelling must not slip past a comparison of names.
 */
export function plainName(lowerCased: string): string {
  return lowerCased.replace(UNUSUAL, '-');
}

/** @param plain a name as `plainName` makes it */
export function isIdentityField(plain: string): boolean {
  return plain.startsWith(PREFIXES[0]) || plain.startsWith(PREFIXES[1]);
}
