/** What other programs need to know of the service: its keys (RFC 7517) and where its endpoints are (RFC 8414). */
import { JWKS_PATH } from '../../model/token-paths.js';
import type { TokenServiceSettings } from '../../model/tokens.js';
import { UNAVAILABLE } from '../oauth-error.js';
import type { Signer } from '../deps.js';
import type { EndpointResponse, Endpoint } from './endpoint.js';

const CLIENT_AUTHENTICATION = ['client_secret_basic', 'client_secret_post'];

/** A new key is published long before it signs, so the answer may be kept for a while. */
const CACHED = ['Content-Type', 'application/json', 'Cache-Control', 'public, max-age=300'];

export function createJwks(signer: Signer): Endpoint {
  return {
    name: 'jwks',
    method: 'GET',
    answer() {
      const jwks = signer.jwks();
      // None at all: they were not read yet, and nobody should remember that.
      return jwks.keys.length === 0 ? UNAVAILABLE : cachedAnswer(jwks);
    },
  };
}

export function createMetadata(settings: TokenServiceSettings): Endpoint {
  const answer = cachedAnswer(metadataOf(settings));
  return { name: 'metadata', method: 'GET', answer: () => answer };
}

function metadataOf({ issuer, endpoints }: TokenServiceSettings): object {
  const at = (path: string): string => new URL(path, issuer).href;
  const { clientCredentials, password, revoke, introspect } = endpoints;
  return {
    issuer,
    jwks_uri: at(JWKS_PATH),
    token_endpoint: clientCredentials && at(clientCredentials.path),
    token_endpoint_auth_methods_supported:
      // Users log in without a client, so none needs to authenticate to refresh their tokens.
      clientCredentials && (password ? [...CLIENT_AUTHENTICATION, 'none'] : CLIENT_AUTHENTICATION),
    grant_types_supported: [
      ...(clientCredentials ? ['client_credentials'] : []),
      ...(clientCredentials && password ? ['refresh_token'] : []),
    ],
    // Required, and empty: there is no authorization endpoint.
    response_types_supported: [],
    revocation_endpoint: at(revoke.path),
    revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
    introspection_endpoint: at(introspect.path),
    introspection_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
  };
}

function cachedAnswer(value: object): EndpointResponse {
  return { status: 200, fields: CACHED, body: JSON.stringify(value) };
}
