/** Scopes: segments joined by `:`. A last segment `*` covers everything under the segments before it. */

/** RFC 6749 3.3: visible ASCII without `"` and `\`. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Tells whether a text is one scope token (RFC 6749 3.3). */
export function isScopeToken(text: string): boolean {
  return SCOPE_TOKEN.test(text);
}

/** Tells whether a granted scope covers the required one. */
export function covers(granted: string, required: string): boolean {
  if (granted === required || granted === '*') return true;
  // Without its `*`, `notarization:*` is a prefix that ends in `:` and so cannot cover `notarizations:read`.
  return granted.endsWith(':*') && required.startsWith(granted.slice(0, -1));
}

/** Intersects scopes with grants: of a scope and a grant of which one covers the other, returns the narrower. */
export function narrow(scopes: readonly string[], grants: readonly string[]): readonly string[] {
  const narrowed = new Set<string>();
  for (const scope of scopes) {
    for (const grant of grants) {
      if (covers(grant, scope)) narrowed.add(scope);
      else if (covers(scope, grant)) narrowed.add(grant);
    }
  }
  return [...narrowed];
}
