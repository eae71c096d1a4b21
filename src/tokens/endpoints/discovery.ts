/** Publishes the service's keys (RFC 7517) and metadata, which names its endpoints (RFC 8414). */
import { ENDPOINT_METHODS, JWKS_PATH } from '../../model/token-paths.js';
import type { TokenServiceSettings } from '../../model/tokens.js';
import { UNAVAILABLE } from '../oauth-error.js';
import type { TokenSigner } from '../deps.js';
import type { EndpointResponse, Endpoint } from './endpoint.js';

const CLIENT_AUTHENTICATION = ['client_secret_basic', 'client_secret_post'];

/** A new key is published long before it signs, so the response may be cached. */
const CACHEABLE = ['Content-Type', 'application/json', 'Cache-Control', 'public, max-age=300'];

/** Creates the JWKS endpoint. It responds 503 until the keys have been read. */
export function createJwks(signer: TokenSigner): Endpoint {
  return {
    name: 'jwks',
    method: ENDPOINT_METHODS.jwks,
    respond() {
      const jwks = signer.jwks();
      // The keys have not been read yet. An empty set must not be cached.
      return jwks.keys.length === 0 ? UNAVAILABLE : cacheableResponse(jwks);
    },
  };
}

/** Creates the metadata endpoint, whose response is made once. */
export function createMetadata(settings: TokenServiceSettings): Endpoint {
  const response = cacheableResponse(metadataOf(settings));
  return { name: 'metadata', method: ENDPOINT_METHODS.metadata, respond: () => response };
}

function metadataOf({ issuer, endpoints }: TokenServiceSettings): object {
  const at = (path: string): string => new URL(path, issuer).href;
  const { clientCredentials, password, revoke, introspect } = endpoints;
  return {
    issuer,
    jwks_uri: at(JWKS_PATH),
    token_endpoint: clientCredentials && at(clientCredentials.path),
    token_endpoint_auth_methods_supported:
      // Users log in without a client, so a refresh of their tokens needs no client authentication.
      clientCredentials && (password ? [...CLIENT_AUTHENTICATION, 'none'] : CLIENT_AUTHENTICATION),
    grant_types_supported: [
      ...(clientCredentials ? ['client_credentials'] : []),
      ...(clientCredentials && password ? ['refresh_token'] : []),
    ],
    // RFC 8414 requires it. It is empty because there is no authorization endpoint.
    response_types_supported: [],
    revocation_endpoint: at(revoke.path),
    revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
    introspection_endpoint: at(introspect.path),
    introspection_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
  };
}

function cacheableResponse(value: object): EndpointResponse {
  return { status: 200, fields: CACHEABLE, body: JSON.stringify(value) };
}
