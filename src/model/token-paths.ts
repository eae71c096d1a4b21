/** Which paths the token service owns: the one definition for the gate, which serves them, and for `check`. */

/** What stands at a path that every token service has, whatever its file says. */
export type PublishedEndpoint = 'jwks' | 'metadata';

export const JWKS_PATH = '/.well-known/jwks.json';

const METADATA = '/.well-known/oauth-authorization-server';
/** OpenID Connect's older name for the same, which many programs ask for first (RFC 8414 5). */
const OPENID_METADATA = '/.well-known/openid-configuration';

/**
 * The paths that every token service has, each with what stands there.
 * @param issuer its `iss`, a URL. With a path, RFC 8414 3.1 puts it behind the well-known part, OpenID Connect in front of it.
 */
export function publishedPaths(issuer: string): ReadonlyMap<string, PublishedEndpoint> {
  const path = new URL(issuer).pathname.replace(/\/$/, '');
  const metadata = [METADATA, OPENID_METADATA, `${METADATA}${path}`, `${path}${OPENID_METADATA}`];
  return new Map<string, PublishedEndpoint>([
    ...metadata.map((each) => [each, 'metadata'] as const),
    [JWKS_PATH, 'jwks'],
  ]);
}

/**
 * A path without its case and without a slash at its end. A path that is one of the service's only when both are folded
 * is 404: it is never a route's.
 */
export function foldPath(path: string): string {
  const lower = path.toLowerCase();
  return lower.endsWith('/') ? lower.slice(0, -1) : lower;
}

/**
 * The path that the service owns and that a path is, or is too much like to be a route's; undefined where it is neither.
 * @param endpoints those that the file switches on, by any name
 */
export function ownerOf(
  path: string,
  issuer: string,
  endpoints: Readonly<Record<string, { readonly path: string } | undefined>>,
): { readonly path: string; readonly owner: string } | undefined {
  const folded = foldPath(path);
  for (const [name, endpoint] of Object.entries(endpoints)) {
    if (endpoint && foldPath(endpoint.path) === folded) {
      return { path: endpoint.path, owner: `the token endpoint ${name}` };
    }
  }
  const published = [...publishedPaths(issuer).keys()].find((own) => foldPath(own) === folded);
  return published === undefined ? undefined : { path: published, owner: 'the token service' };
}
