/** Decides which paths the token service owns, for the gateway, which serves them, and for `check` and `explain`. */
import type { TokenEndpoints } from './tokens.js';

/** The resource at a path that every token service has, whatever its file contains. */
export type PublishedEndpoint = 'jwks' | 'metadata';

/** The method of an endpoint. With GET it also has HEAD. */
export type EndpointMethod = 'GET' | 'POST';

/** The method of each endpoint, by its name in the settings. */
export const ENDPOINT_METHODS = {
  jwks: 'GET',
  metadata: 'GET',
  revoke: 'POST',
  introspect: 'POST',
  keySecret: 'POST',
  clientCredentials: 'POST',
  password: 'POST',
  named: 'POST',
  whoami: 'GET',
} as const satisfies Record<PublishedEndpoint | keyof TokenEndpoints, EndpointMethod>;

const ALLOWED = { GET: ['GET', 'HEAD'], POST: ['POST'] } as const;

/** Returns the methods that an endpoint with this method has, as in `Allow`. */
export function allowedMethods(method: EndpointMethod): readonly string[] {
  return ALLOWED[method];
}

/** Says which methods an endpoint has, for the body of its 405. */
export function onlyText(method: EndpointMethod): string {
  return method === 'GET' ? 'Only GET and HEAD are allowed here' : 'Only POST is allowed here';
}

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
 * Returns every path of the service, with its method.
 * @param endpoints the enabled ones
 */
export function methodsByPath(
  issuer: string,
  endpoints: TokenEndpoints,
): ReadonlyMap<string, EndpointMethod> {
  const methods = new Map<string, EndpointMethod>();
  for (const [path, name] of publishedPaths(issuer)) methods.set(path, ENDPOINT_METHODS[name]);
  for (const name of Object.keys(endpoints) as (keyof TokenEndpoints)[]) {
    const endpoint = endpoints[name];
    if (endpoint) methods.set(endpoint.path, ENDPOINT_METHODS[name]);
  }
  return methods;
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
