/** The header fields that identify the caller to an upstream. Only the gateway may set them. */

const UNUSUAL = /[^a-z0-9-]/g;
const PREFIXES = ['x-app-', 'x-token-'] as const;

/**
 * Normalizes a field's name as CGI and its successors do. They make one variable of `X-App-Id`, `X_App_Id` and
 * sometimes `X.App.Id`, so a client's other spelling must not evade a comparison of names.
 */
export function plainName(lowerCased: string): string {
  return lowerCased.replace(UNUSUAL, '-');
}

/**
 * Tells whether a field is reserved for the caller's identity.
 * @param plain a name normalized by `plainName`
 */
export function isIdentityField(plain: string): boolean {
  return plain.startsWith(PREFIXES[0]) || plain.startsWith(PREFIXES[1]);
}
