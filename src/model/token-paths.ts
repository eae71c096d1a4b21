/** Decides which paths the token service owns, for the gateway, which serves them, and for `check`. */

/** The resource at a path that every token service has, whatever its file contains. */
export type PublishedEndpoint = 'jwks' | 'metadata';

export const JWKS_PATH = '/.well-known/jwks.json';

const METADATA = '/.well-known/oauth-authorization-server';
/** OpenID Connect's older name for the same resource, which many programs request first (RFC 8414 5). */
const OPENID_METADATA = '/.well-known/openid-configuration';

/**
 * Returns the paths that every token service has, each with its resource.
 * @param issuer its `iss`, a URL. RFC 8414 3.1 puts its path after the well-known part, OpenID Connect before it.
 * @throws TypeError if `issuer` is not a URL
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
 * Folds a path to lower case without a trailing slash. A path that equals one of the service's only after folding is
 * 404: no route may match it.
 */
export function foldPath(path: string): string {
  const lower = path.toLowerCase();
  return lower.endsWith('/') ? lower.slice(0, -1) : lower;
}

/**
 * Returns every path of the service.
 * @param endpoints the enabled ones, by name
 */
export function pathsOf(
  issuer: string,
  endpoints: Readonly<Record<string, { readonly path: string } | undefined>>,
): ReadonlySet<string> {
  const own = Object.values(endpoints).flatMap((endpoint) => endpoint?.path ?? []);
  return new Set([...own, ...publishedPaths(issuer).keys()]);
}

/**
 * Returns the path of the service that equals a path after folding, and who owns it; undefined if there is none.
 * @param endpoints the enabled ones, by name
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
