/** Auth0: its documentation on access token profiles and on ID token structure. */
import type { Provider } from '../provider.js';

const user = {
  sub: 'auth0|5f7c8ec7c33c6c004bbafe82',
  aud: ['https://api.example.com', 'https://acme.eu.auth0.com/userinfo'],
  scope: 'openid profile orders:read',
};

export const auth0: Provider = {
  name: 'auth0',
  values: { TENANT: 'acme.eu' },
  documents: ({ origin, issuer, key }) => ({
    '/.well-known/openid-configuration': {
      issuer,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/oauth/token`,
      jwks_uri: `${origin}/.well-known/jwks.json`,
      id_token_signing_alg_values_supported: ['HS256', 'RS256', 'PS256'],
    },
    '/.well-known/jwks.json': {
      keys: [{ ...key.jwk, use: 'sig', x5t: key.kid, x5c: ['MIIDBTCCAe2gAwIBAgIJTEST'], alg: 'RS256' }],
    },
  }),
  usual: { ...user, azp: 'my_client_id' },
  app: 'my_client_id',
  scope: 'orders:read',
  otherAudience: { aud: ['https://other.example.com', 'https://acme.eu.auth0.com/userinfo'] },
  otherKinds: {
    'an ID token': {
      claims: {
        sub: user.sub,
        aud: 'my_client_id',
        name: 'Jane Doe',
        nickname: 'jane',
        email: 'jane@example.com',
        email_verified: true,
        sid: 'o8V4JRmd',
        nonce: 'n-0S6_WzA2Mj',
      },
    },
  },
  withoutScope: { scope: 'openid profile' },
  alsoUsual: {
    'the RFC 9068 profile': {
      header: { typ: 'at+jwt' },
      claims: { ...user, client_id: 'my_client_id', jti: '73WakrfVbNJBaAmhQtEeDv' },
      app: 'my_client_id',
    },
    'client credentials': {
      claims: {
        sub: 'job@clients',
        aud: 'https://api.example.com',
        azp: 'job',
        gty: 'client-credentials',
        scope: 'orders:read',
      },
      app: 'job',
    },
  },
};
