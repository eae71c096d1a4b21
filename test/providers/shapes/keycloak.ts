/** Keycloak: tokens and keys as a realm of version 26 gives them. */
import { NOW, type Provider } from '../provider.js';

const user = {
  exp: NOW + 300,
  auth_time: NOW - 60,
  jti: 'onrtac:5f1c2b0e-7a05-4f3a-9f40-0d6a5d8a8a01',
  sub: '3fe0d2f1-5b2f-4b5d-8f5f-2c1f2a6e0f55',
  sid: '0a6b9a0e-1c1d-4c4e-9a5b-6f6b7d1f1a11',
  acr: '1',
  email_verified: true,
  preferred_username: 'jane',
};

const access = {
  ...user,
  aud: ['api', 'account'],
  typ: 'Bearer',
  azp: 'shop',
  'allowed-origins': ['https://shop.example.com'],
  realm_access: { roles: ['offline_access', 'default-roles-main', 'uma_authorization'] },
  resource_access: {
    api: { roles: ['orders:read'] },
    account: { roles: ['manage-account', 'view-profile'] },
  },
  scope: 'openid profile email',
};

export const keycloak: Provider = {
  name: 'keycloak',
  values: { REALM: 'main' },
  documents: ({ origin, issuer, key }) => ({
    '/realms/main/.well-known/openid-configuration': {
      issuer,
      authorization_endpoint: `${origin}/realms/main/protocol/openid-connect/auth`,
      token_endpoint: `${origin}/realms/main/protocol/openid-connect/token`,
      jwks_uri: `${origin}/realms/main/protocol/openid-connect/certs`,
    },
    '/realms/main/protocol/openid-connect/certs': {
      keys: [
        // The key for encryption has the same form.
        { ...key.jwk, kid: 'encryption', use: 'enc', alg: 'RSA-OAEP', x5c: ['MIICmzCCAYMCBgTEST'] },
        {
          ...key.jwk,
          use: 'sig',
          alg: 'RS256',
          x5c: ['MIICmzCCAYMCBgTEST'],
          x5t: 'TEST',
          'x5t#S256': 'TEST',
        },
      ],
    },
  }),
  usual: access,
  app: 'shop',
  scope: 'orders:read',
  otherAudience: { aud: 'account' },
  otherKinds: {
    'an ID token': { claims: { ...user, aud: 'shop', typ: 'ID', azp: 'shop', nonce: 'n1', at_hash: 'b7d0' } },
    'an ID token for the API itself': { claims: { ...access, aud: 'api', typ: 'ID', azp: 'api' } },
  },
  withoutScope: { resource_access: { account: { roles: ['orders:read'] } } },
  alsoUsual: {
    'a role of the realm': {
      claims: { ...access, resource_access: {}, realm_access: { roles: ['orders:read'] } },
      app: 'shop',
    },
    'a scope': { claims: { ...access, resource_access: {}, scope: 'orders:read' }, app: 'shop' },
    'at+jwt, as a client can choose': { header: { typ: 'at+jwt' }, claims: access, app: 'shop' },
  },
};
