/** The start of a query or of parameters: plain, encoded, encoded twice, or full-width. A secret may follow it. */
const PATH_END = /[?#;]|%(?:25)*(?:3f|23|3b)|%ef%bc%(?:9f|83|9b)/i;

/**
 * Returns the path of a request's target without its query and parameters, which may hold a secret. The authority of an
 * absolute form (RFC 9112 3.2.2) is removed too. Undefined if there is no path: an unread request, `*`, an authority.
 */
export function pathOf(target: string | undefined): string | undefined {
  if (target === undefined) return undefined;
  const end = target.search(PATH_END);
  const path = end === -1 ? target : target.slice(0, end);
  if (path.startsWith('/')) return path;
  return /^[a-z][a-z0-9+.-]*:\/\/[^/]*(\/.*)$/i.exec(path)?.[1];
}

/**
 * What begins like a signed token: JSON in base64url (RFC 7515 3.1), and the parts after it. A long run always matches, so
 * that an untrusted path costs one pass.
 */
const TOKEN_IN_PATH = /eyJ[\w-]{8,}(?:(?:\.|%2[eE])[\w-]*)*/g;

/** Returns the path for a log: as `pathOf`, without signed tokens. */
export function loggedPath(target: string | undefined): string | undefined {
  const path = pathOf(target);
  return path === undefined ? undefined : hideTokens(path);
}

/** Replaces each signed token in a path by `[token]`: a client may have put it in the wrong place. */
export function hideTokens(path: string): string {
  return path.replace(TOKEN_IN_PATH, '[token]');
}
